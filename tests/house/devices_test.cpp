// What trains, trains on a card: every example and every kind of what a step is made of has its
// line in tests/pretend.

#include <gtest/gtest.h>

#include "tests/house/tree.h"

namespace lorarun::house {
namespace {

std::string text_of_the_suite() {
  std::string all;
  for (const std::string& file : files_below("tests/pretend", {".cpp", ".h"})) {
    all += read_text(kRoot / file);
  }
  return all;
}

// Recipes that a repository alone cannot train.
const std::set<std::string> kNeedMore = {
    "examples/real_photos/recipe.lua",  // photographs, which its script fetches
};

TEST(Devices, EveryExampleTrainsOnThePretendedGpu) {
  const std::string suite = text_of_the_suite();
  int seen = 0;
  for (const std::string& file : files_below("examples", {".lua"})) {
    if (!file.ends_with("/recipe.lua") || kNeedMore.contains(file)) { continue; }
    EXPECT_NE(suite.find(file), std::string::npos) << file;
    ++seen;
  }
  EXPECT_GE(seen, 5);
}

// The kinds of a registry's folder: its .cpp files without a header.
std::set<std::string> kinds_of(const std::string& folder) {
  std::set<std::string> kinds;
  for (const std::string& file : files_below(folder, {".cpp"})) {
    const fs::path path = kRoot / file;
    if (!fs::exists(fs::path(path).replace_extension(".h"))) { kinds.insert(path.stem().string()); }
  }
  return kinds;
}

TEST(Devices, EveryKindOfAStepTrainsOnThePretendedGpu) {
  const std::string suite = text_of_the_suite();
  const std::set<std::string> in_every_recipe = {"lora", "adamw", "denoise", "euler"};
  for (const char* folder : {"runtime/train/objectives", "runtime/networks", "runtime/optim",
                             "runtime/render/samplers"}) {
    for (const std::string& kind : kinds_of(folder)) {
      if (in_every_recipe.contains(kind)) { continue; }
      const bool is_named = suite.find(kind + " {") != std::string::npos ||
                            suite.find("'" + kind + "'") != std::string::npos;
      EXPECT_TRUE(is_named) << folder << "/" << kind << ".cpp";
    }
  }
}

}  // namespace
}  // namespace lorarun::house
