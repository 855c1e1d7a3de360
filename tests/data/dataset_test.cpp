#include "runtime/data/dataset.h"

#include <gtest/gtest.h>

#include <functional>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/data/caption.h"
#include "runtime/data/encode.h"
#include "runtime/data/prepare.h"
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

TEST_F(DatasetTest, NamesThatDifferInLeadingZerosHaveAFixedOrder) {
  for (const char* name : {"a1.png", "a01.png", "a001.png"}) { picture(name, 128, 128); }
  const Dataset dataset = open_dataset({set()}, 16);
  EXPECT_EQ(dataset.items[0].path.filename(), "a001.png");
  EXPECT_EQ(dataset.items[1].path.filename(), "a01.png");
  EXPECT_EQ(dataset.items[2].path.filename(), "a1.png");
}

TEST_F(DatasetTest, ASecondStartRemembersContentsAndSeesAChange) {
  picture("a.png", 128, 128);
  const fs::path index = folder_ / "index.json";
  const std::string before = open_dataset({set()}, 16, index).items[0].content;
  EXPECT_EQ(before.size(), 64U);
  EXPECT_EQ(open_dataset({set()}, 16, index).items[0].content, before);
  picture("a.png", 132, 128);
  EXPECT_NE(open_dataset({set()}, 16, index).items[0].content, before);
}

TEST_F(DatasetTest, AnotherBackgroundIsAnotherLatent) {
  picture("a.png", 128, 128);
  ImageSet black = set();
  black.background = {0, 0, 0};
  const Dataset on_white = open_dataset({set()}, 16), on_black = open_dataset({black}, 16);
  const Cache cache(folder_, models::open_model(
                                 fs::path(LORARUN_SOURCE_DIR) / "tests/golden/micro_flux", "", {}));
  EXPECT_NE(cache.latent_key(on_white.items[0]), cache.latent_key(on_black.items[0]));
  EXPECT_NE(on_white.hash, on_black.hash);
  black.background = {0, 300, 0};
  EXPECT_NE(message_of([&] { open_dataset({black}, 16); }).find("not 300"), std::string::npos);
}

TEST_F(DatasetTest, PreparedPicturesAreArraysOfTheirBucket) {
  picture("a.png", 300, 200);
  picture("cut.png", 200, 200);
  const std::string whole = read_text(folder_ / "cut.png");
  write_atomically(folder_ / "cut.png", whole.substr(0, whole.size() / 2));
  ImageSet many = set();
  many.repeats = 2;
  const Dataset dataset = open_dataset({many}, 16, {}, Scan::headers);
  const Prepared prepared = prepare_pictures(dataset, folder_ / "out");
  EXPECT_EQ(prepared.written, 1);
  ASSERT_EQ(prepared.broken.size(), 1U);
  EXPECT_TRUE(prepared.broken[0].starts_with("cut.png: "));
  const std::string file = read_text(folder_ / "out" / "a.png_128x128.npy");
  EXPECT_EQ(file.size(), 128U + 128U * 128U * 3U);
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
