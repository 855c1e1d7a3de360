#include "runtime/data/hold_out.h"

#include <gtest/gtest.h>

#include <set>

#include "runtime/base/error.h"
#include "runtime/io/image.h"

namespace lorarun::data {
namespace {

namespace fs = std::filesystem;

class HoldOutTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / "lorarun_hold_out_test";
    fs::remove_all(folder_);
    for (const char* set : {"subject", "people"}) {
      fs::create_directories(folder_ / set);
      for (int i = 0; i < 8; ++i) {
        save_png(folder_ / set / (std::to_string(i) + ".png"), make_image(128, 128 + 16 * i));
      }
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  Dataset opened() const {
    return open_dataset(
        {{.folder = folder_ / "subject", .resolutions_px = {128, 256}, .repeats = 2, .flip = true},
         {.folder = folder_ / "people", .resolutions_px = {128}, .prior = true}},
        16);
  }

  static std::set<std::string> names(const Dataset& dataset) {
    std::set<std::string> names;
    for (const Item& item : dataset.items) {
      names.insert(item.path.parent_path().filename() / item.path.filename());
    }
    return names;
  }

  fs::path folder_;
};

TEST_F(HoldOutTest, TakesWholePicturesOutOfTraining) {
  Dataset dataset = opened();
  const Dataset held = hold_out(dataset, 3, 7);
  EXPECT_EQ(names(held).size(), 3U);
  EXPECT_EQ(names(dataset).size(), 13U);
  for (const std::string& name : names(held)) { EXPECT_FALSE(names(dataset).contains(name)); }
  EXPECT_EQ(dataset.report.pictures, 13);
}

TEST_F(HoldOutTest, MeasuresEachSizeOfAPictureOnceAsItIs) {
  Dataset dataset = opened();
  const Dataset held = hold_out(dataset, 3, 7);
  EXPECT_EQ(held.items.size(), 6U);
  for (const Item& item : held.items) { EXPECT_FALSE(item.flipped); }
}

TEST_F(HoldOutTest, LeavesPriorPicturesInTraining) {
  Dataset dataset = opened();
  const Dataset held = hold_out(dataset, 7, 7);
  for (const Item& item : held.items) { EXPECT_EQ(item.set, 0); }
}

TEST_F(HoldOutTest, ChoosesBySeed) {
  Dataset first = opened(), same = opened(), other = opened();
  const std::set<std::string> chosen = names(hold_out(first, 3, 7));
  EXPECT_EQ(names(hold_out(same, 3, 7)), chosen);
  EXPECT_NE(names(hold_out(other, 3, 8)), chosen);
}

TEST_F(HoldOutTest, RefusesToLeaveNothing) {
  Dataset dataset = opened();
  EXPECT_THROW(hold_out(dataset, 8, 7), Error);
  EXPECT_EQ(names(dataset).size(), 16U);
}

}  // namespace
}  // namespace lorarun::data
