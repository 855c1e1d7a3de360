// Kernels have a caller or go: the table of launchers, the one place that reads it, and what the
// rooms above call.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/house/tree.h"

namespace lorarun::house {
namespace {

const std::string kDispatch = "runtime/tensor/device_ops.cpp";

// The launchers of a table's text, in order: "const char* (*adamw)(…".
std::vector<std::string> launchers_of(const std::string& table) {
  const std::regex field(R"(const char\* \(\*(\w+)\)\()");
  std::vector<std::string> names;
  for (std::sregex_iterator at(table.begin(), table.end(), field), end; at != end; ++at) {
    names.push_back((*at)[1]);
  }
  return names;
}

std::string without_comments(const std::string& text) {
  static const std::regex comment(R"(//[^\n]*)");
  return std::regex_replace(text, comment, "");
}

bool mentions(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

// The program's code above the dispatch.
std::string text_of_callers() {
  std::string all;
  for (const std::string& file : files_below("runtime", {".cpp"})) {
    if (!file.starts_with("runtime/tensor/")) { all += without_comments(read_text(kRoot / file)); }
  }
  return all;
}

// The launchers that `dispatch` does not start, or whose op nothing in `callers` calls.
std::vector<std::string> uncalled(const std::vector<std::string>& launchers,
                                  const std::string& dispatch, const std::string& callers) {
  std::vector<std::string> names;
  for (const std::string& name : launchers) {
    const bool started = mentions(dispatch, "ops(->|\\.)" + name + "\\(");
    const bool called = mentions(callers, "\\b" + name + "(_rows)?\\(");
    if (!started || !called) { names.push_back(name); }
  }
  return names;
}

TEST(Kernels, EveryLauncherIsStartedByTheDispatchAndItsOpCalledAboveIt) {
  const std::vector<std::string> launchers = launchers_of(read_text(kRoot / "kernels/cuda_ops.h"));
  EXPECT_THAT(launchers, testing::Contains("adamw"));
  EXPECT_THAT(
      uncalled(launchers, without_comments(read_text(kRoot / kDispatch)), text_of_callers()),
      testing::IsEmpty());
}

TEST(Kernels, OneWithoutACallerWouldBeFound) {
  const std::vector<std::string> launchers =
      launchers_of("const char* (*ema)(int n);\nconst char* (*softmax)(int n);");
  EXPECT_THAT(uncalled(launchers, "ops->ema(1)", "ema(x)"), testing::ElementsAre("softmax"));
  EXPECT_THAT(uncalled(launchers, "ops->ema(1), ops.softmax(2)", "ema(x)"),
              testing::ElementsAre("softmax"));
}

TEST(Kernels, EveryFileOfThemStartsALauncherOfTheTableAndIsTestedOverTheSimulatedGrid) {
  const std::vector<std::string> launchers = launchers_of(read_text(kRoot / "kernels/cuda_ops.h"));
  const std::string test = read_text(kRoot / "tests/kernels/simulated_test.cpp");
  std::string kernels;
  for (const std::string& file : files_below("kernels", {".cu"})) {
    const std::string text = read_text(kRoot / file);
    EXPECT_TRUE(std::any_of(
        launchers.begin(), launchers.end(),
        [&](const std::string& name) { return mentions(text, "const char\\* " + name + "\\("); }))
        << file << " has no launcher of the table";
    kernels += text;
  }
  for (const std::string& name : launchers) {
    EXPECT_TRUE(mentions(kernels, "const char\\* " + name + "\\(")) << name << " has no kernel";
    EXPECT_TRUE(mentions(test, "ops\\(\\)\\." + name + "\\(")) << name << " is not tested";
  }
}

TEST(Kernels, OnlyTheDispatchKnowsTheirTable) {
  for (const std::string& file : files_below("runtime", kCode)) {
    for (const Include& include : includes_of(file)) {
      const bool table = include.target.starts_with("kernels/cuda_ops") ||
                         include.target.starts_with("kernels/cuda_launch");
      EXPECT_FALSE(table && file != kDispatch) << file << " includes " << include.target;
    }
  }
}

TEST(Kernels, EveryOneIsComparedWithItsTwinOnACard) {
  const std::string test = read_text(kRoot / "tests/tensor/on_device_test.cpp");
  for (const std::string& name : launchers_of(read_text(kRoot / "kernels/cuda_ops.h"))) {
    EXPECT_TRUE(mentions(test, "\\b" + name + "(_rows)?\\(")) << name;
  }
}

}  // namespace
}  // namespace lorarun::house
