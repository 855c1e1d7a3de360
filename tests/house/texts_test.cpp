// What every text of the tree keeps: headers that explain themselves, links
// that lead somewhere, and no path of the machine it was written on.

#include <gtest/gtest.h>

#include <regex>

#include "tests/house/tree.h"

namespace lorarun::house {
namespace {

TEST(Texts, EveryHeaderBeginsWithAnEssay) {
  for (const std::string& file : room_sources()) {
    if (!file.ends_with(".h") && !file.ends_with(".cuh")) { continue; }
    const std::string text = read_text(kRoot / file);
    EXPECT_TRUE(text.starts_with("// ")) << file << " does not say what it is for";
    const size_t guard = text.find("#pragma once");
    ASSERT_NE(guard, std::string::npos) << file;
    EXPECT_GE(guard, 20u) << file << ": the comment before #pragma once says too little";
  }
}

TEST(Texts, EveryLuaModuleBeginsWithAnEssay) {
  for (const std::string& file : files_below("lua", {".lua"})) {
    EXPECT_TRUE(read_text(kRoot / file).starts_with("---")) << file << " does not say what it is";
  }
}

std::string without_code_blocks(const std::string& text) {
  std::string kept;
  bool code = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) { code = !code; }
    if (!code) { kept += line + "\n"; }
  }
  return kept;
}

TEST(Texts, RelativeLinksOfTheDocumentsExist) {
  const auto files = tracked_files();
  if (files.empty()) { GTEST_SKIP() << "not a git clone"; }
  const std::regex link(R"(\]\(([^)\s]+)\))");
  for (const std::string& file : files) {
    if (!file.ends_with(".md")) { continue; }
    const std::string text = without_code_blocks(read_text(kRoot / file));
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
      std::string target = (*at)[1];
      if (target.find("://") != std::string::npos || target.starts_with("mailto:")) { continue; }
      target = target.substr(0, target.find('#'));
      if (target.empty()) { continue; }
      EXPECT_TRUE(fs::exists((kRoot / file).parent_path() / target)) << file << " links " << target;
    }
  }
}

TEST(Texts, NoFileNamesAPathOfThisMachine) {
  const auto files = tracked_files();
  if (files.empty()) { GTEST_SKIP() << "not a git clone"; }
  // "/home/user" is everybody's; the others are somebody's
  const std::regex machine("(/(root|work)/|/tmp/lr|/home/(?!user/))");
  for (const std::string& file : files) {
    const std::string text = read_text(kRoot / file);
    if (file == "tests/house/texts_test.cpp" || text.find('\0') != std::string::npos) { continue; }
    std::smatch found;
    EXPECT_FALSE(std::regex_search(text, found, machine)) << file << " names " << found.str();
  }
}

// The lines between "packages() {" and END: a name and its reason.
std::vector<std::string> packages_of_the_front_door() {
  std::vector<std::string> packages;
  std::istringstream lines(read_text(kRoot / "lorarun"));
  std::string line;
  while (std::getline(lines, line) && !line.starts_with("packages()")) {}
  std::getline(lines, line);  // the command that prints the list
  while (std::getline(lines, line) && line != "END") {
    packages.push_back(line.substr(0, line.find(' ')));
  }
  return packages;
}

TEST(Texts, EveryPackageOfTheFrontDoorHasANotice) {
  const std::string notices = read_text(kRoot / "THIRD_PARTY_NOTICES.md");
  const auto packages = packages_of_the_front_door();
  EXPECT_GT(packages.size(), 20u);
  for (const std::string& package : packages) {
    EXPECT_NE(notices.find("`" + package + "`"), std::string::npos) << package;
  }
}

}  // namespace
}  // namespace lorarun::house
