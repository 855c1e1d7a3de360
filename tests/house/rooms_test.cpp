// The floors of the house, as includes: CMakeLists.txt says which rooms a room
// uses, and no file may include another.

#include <gtest/gtest.h>

#include "tests/house/tree.h"

namespace lorarun::house {
namespace {

std::string at(const Include& include) {
  return include.file + ":" + std::to_string(include.line) + " includes " + include.target;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    if (text.starts_with(prefix)) { return true; }
  }
  return false;
}

TEST(Rooms, AreReadFromTheBuildFile) {
  const auto all = rooms();
  EXPECT_EQ(reach(all, "base"), (std::set<std::string>{"base"}));
  EXPECT_EQ(reach(all, "text"), (std::set<std::string>{"base", "io", "text"}));
  EXPECT_EQ(reach(all, "host").size(), all.size());
  EXPECT_FALSE(all.at("io").torch);
  EXPECT_TRUE(all.at("nn").torch);
}

TEST(Rooms, EveryFolderOfTheRuntimeIsARoom) {
  const auto all = rooms();
  for (const auto& entry : fs::directory_iterator(kRoot / "runtime")) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(name == "cmake" || all.count(name)) << "runtime/" << name << " builds nothing";
  }
}

TEST(Rooms, NoFileIncludesARoomAboveIt) {
  const auto all = rooms();
  int seen = 0;
  for (const std::string& file : room_sources()) {
    const std::set<std::string> below = reach(all, room_of(file));
    for (const Include& include : includes_of(file)) {
      const std::string room = room_of(include.target);
      if (room.empty()) { continue; }
      EXPECT_TRUE(below.count(room)) << at(include) << ", which is not below it";
      ++seen;
    }
  }
  EXPECT_GT(seen, 300);
}

TEST(Rooms, OnlyScriptAndTheRoomsOnItKnowLua) {
  const std::vector<std::string> lua = {"lua.h", "lua.hpp", "lauxlib.h", "lualib.h", "luajit"};
  const auto all = rooms();
  for (const std::string& file : room_sources()) {
    const std::string room = room_of(file);
    if (reach(all, room).count("script")) { continue; }
    for (const Include& include : includes_of(file)) {
      EXPECT_FALSE(starts_with_any(include.target, lua)) << at(include);
    }
  }
}

TEST(Rooms, RoomsWithoutTorchDoNotIncludeIt) {
  const auto all = rooms();
  for (const std::string& file : room_sources()) {
    if (all.at(room_of(file)).torch) { continue; }
    for (const Include& include : includes_of(file)) {
      EXPECT_FALSE(starts_with_any(include.target, {"ATen/", "c10/", "torch/"})) << at(include);
    }
  }
}

TEST(Rooms, IncludesOfTheProjectStartAtTheRoot) {
  for (const std::string& file : room_sources()) {
    for (const Include& include : includes_of(file)) {
      if (!include.target.ends_with(".h") && !include.target.ends_with(".cuh")) { continue; }
      EXPECT_FALSE(include.target.starts_with(".")) << at(include);
      if (room_of(include.target).empty()) { continue; }
      EXPECT_TRUE(fs::exists(kRoot / include.target)) << at(include) << ", which does not exist";
    }
  }
}

}  // namespace
}  // namespace lorarun::house
