#include "runtime/data/dataset.h"

#include <gtest/gtest.h>

#include <functional>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/data/caption.h"
#include "runtime/io/image.h"

namespace lorarun::data {
namespace {

class DatasetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / "lorarun_dataset_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void picture(const std::string& name, int width, int height) {
    save_png(folder_ / name, make_image(width, height));
  }

  ImageSet set() const {
    return {.folder = folder_, .trigger = "zwx_", .class_word = "fox", .resolutions_px = {128}};
  }

  static std::string message_of(const std::function<void()>& body) {
    try {
      body();
    } catch (const Error& error) { return error.what(); }
    return "no error";
  }

  fs::path folder_;
};

TEST_F(DatasetTest, ListsPicturesInNaturalOrder) {
  for (const char* name : {"a10.png", "a2.png", "a1.png"}) { picture(name, 128, 128); }
  const Dataset dataset = open_dataset({set()}, 16);
  ASSERT_EQ(dataset.items.size(), 3U);
  EXPECT_EQ(dataset.items[0].path.filename(), "a1.png");
  EXPECT_EQ(dataset.items[2].path.filename(), "a10.png");
}

TEST_F(DatasetTest, ReportsCountsBucketsAndMissingCaptions) {
  picture("a.png", 128, 128);
  picture("b.png", 256, 128);
  write_atomically(folder_ / "a.txt", "a fox in the snow\n");
  const Dataset dataset = open_dataset({set()}, 16);
  EXPECT_EQ(dataset.report.pictures, 2);
  EXPECT_EQ(dataset.report.captions, 1);
  EXPECT_EQ(dataset.report.missing_captions, 1);
  EXPECT_NE(dataset.report.text().find("2 pictures, 1 with captions, 1 without"), std::string::npos)
      << dataset.report.text();
}

TEST_F(DatasetTest, ABrokenPictureIsNamedAndTheRestIsUsed) {
  picture("good.png", 128, 128);
  write_atomically(folder_ / "broken.png", "this is no picture");
  picture("cut.png", 200, 200);
  const std::string whole = read_text(folder_ / "cut.png");
  write_atomically(folder_ / "cut.png", whole.substr(0, whole.size() / 2));
  const Dataset dataset = open_dataset({set()}, 16);
  EXPECT_EQ(dataset.items.size(), 1U);
  ASSERT_EQ(dataset.report.broken.size(), 2U);
  EXPECT_TRUE(dataset.report.broken[0].starts_with("broken.png: "));
  EXPECT_TRUE(dataset.report.broken[1].starts_with("cut.png: "));
}

TEST_F(DatasetTest, AMissingOrEmptyFolderSaysHowToFixIt) {
  EXPECT_NE(message_of([&] { open_dataset({set()}, 16); }).find("holds no pictures"),
            std::string::npos);
  ImageSet elsewhere = set();
  elsewhere.folder = folder_ / "nowhere";
  EXPECT_NE(message_of([&] { open_dataset({elsewhere}, 16); }).find("--set data.dir=PATH"),
            std::string::npos);
}

TEST_F(DatasetTest, UnrollsResolutionsRepeatsAndMirrorImages) {
  picture("a.png", 256, 256);
  ImageSet many = set();
  many.resolutions_px = {128, 192};
  many.repeats = 3;
  many.flip = true;
  EXPECT_EQ(open_dataset({many}, 16).items.size(), 12U);
}

TEST_F(DatasetTest, TheHashChangesWithACaptionAndWithAPicture) {
  picture("a.png", 128, 128);
  const std::string before = open_dataset({set()}, 16).hash;
  EXPECT_EQ(before, open_dataset({set()}, 16).hash);
  write_atomically(folder_ / "a.txt", "a fox");
  const std::string captioned = open_dataset({set()}, 16).hash;
  EXPECT_NE(before, captioned);
  picture("a.png", 130, 128);
  EXPECT_NE(captioned, open_dataset({set()}, 16).hash);
}

TEST_F(DatasetTest, ACaptionThatIsNotUtf8IsNamed) {
  picture("a.png", 128, 128);
  picture("b.png", 128, 128);
  write_atomically(folder_ / "a.txt", "caf\xE9");
  const Dataset dataset = open_dataset({set()}, 16);
  ASSERT_EQ(dataset.report.broken.size(), 1U);
  EXPECT_NE(dataset.report.broken[0].find("UTF-8"), std::string::npos) << dataset.report.broken[0];
}

TEST(Caption, GetsTheTriggerInFrontUnlessItNamesIt) {
  const ImageSet set{.trigger = "zwx_", .class_word = "fox"};
  EXPECT_EQ(compose_caption("a fox in the snow", set), "zwx_, a fox in the snow");
  EXPECT_EQ(compose_caption("zwx_ in the snow", set), "zwx_ in the snow");
  EXPECT_EQ(compose_caption("photo of {trigger} {class}", set), "photo of zwx_ fox");
  EXPECT_EQ(compose_caption(std::nullopt, set), "zwx_ fox");
}

TEST(Caption, RegularisationPicturesNeverGetTheTrigger) {
  const ImageSet set{.trigger = "zwx_", .class_word = "fox", .prior = true};
  EXPECT_EQ(compose_caption("a fox", set), "a fox");
  EXPECT_EQ(compose_caption(std::nullopt, set), "fox");
  EXPECT_EQ(compose_caption("{trigger} a fox", set), "a fox");
}

}  // namespace
}  // namespace lorarun::data
