#include "runtime/io/contact_sheet.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/io/places.h"

namespace lorarun {
namespace {

bool is_colour(const uint8_t* rgb, Colour colour) {
  return rgb[0] == colour.r && rgb[1] == colour.g && rgb[2] == colour.b;
}

int count_of(const Image& image, Colour colour) {
  int count = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) { count += is_colour(image.at(x, y), colour); }
  }
  return count;
}

TEST(ContactSheet, LaysPicturesOutInAGrid) {
  const Colour red = {255, 0, 0}, blue = {0, 0, 255};
  const SheetOptions options = {.margin_px = 10, .gap_px = 6};
  const Image sheet =
      contact_sheet({{make_image(100, 80, red), ""}, {make_image(100, 80, blue), ""}}, 2, options);
  EXPECT_EQ(sheet.width, 10 + 100 + 6 + 100 + 10);
  EXPECT_EQ(sheet.height, 10 + 80 + 10);
  EXPECT_TRUE(is_colour(sheet.at(10, 10), red));
  EXPECT_TRUE(is_colour(sheet.at(116, 89), blue));
  EXPECT_EQ(count_of(sheet, red), 8000);
  EXPECT_TRUE(is_colour(sheet.at(112, 40), options.background));
}

TEST(ContactSheet, MakesLargePicturesSmallerAndKeepsTheirProportions) {
  const Colour red = {255, 0, 0};
  const Image sheet =
      contact_sheet({{make_image(1000, 500, red), ""}}, 1, {.max_cell_px = 200, .margin_px = 0});
  EXPECT_EQ(sheet.width, 200);
  EXPECT_EQ(sheet.height, 100);
}

TEST(ContactSheet, WritesTitleLabelsAndCaptions) {
  const std::vector<SheetCell> cells(
      4, {make_image(200, 150, {9, 9, 9}), "a photo of a person in a garden"});
  const SheetOptions bare = {.text = {250, 250, 10}};
  SheetOptions full = bare;
  full.title = "step 250";
  full.column_labels = {"seed 1", "seed 2"};
  full.row_labels = {"strength 0.5", "strength 1.0"};
  const Image plain = contact_sheet(cells, 2, bare), labelled = contact_sheet(cells, 2, full);
  EXPECT_GT(labelled.width, plain.width);
  EXPECT_GT(labelled.height, plain.height);
  EXPECT_GT(count_of(plain, bare.text), 1000);
  EXPECT_GT(count_of(labelled, bare.text), count_of(plain, bare.text) + 500);
  EXPECT_EQ(count_of(labelled, {9, 9, 9}), 4 * 200 * 150);
}

TEST(ContactSheet, ShowsAMissingPictureAsAnEmptyCell) {
  const Image sheet =
      contact_sheet({{make_image(64, 64, {255, 0, 0}), ""}, {}}, 2, {.background = {30, 30, 30}});
  EXPECT_EQ(count_of(sheet, {42, 42, 42}), 64 * 64);
}

TEST(ContactSheet, RefusesNoPictures) {
  EXPECT_THAT(error_of([] { contact_sheet({}, 1); }), testing::HasSubstr("needs pictures"));
}

TEST(DrawText, DrawsEveryPrintableLetterDifferently) {
  std::set<std::vector<uint8_t>> seen;
  for (char letter = ' '; letter <= '~'; ++letter) {
    Image image = make_image(6, 10, {0, 0, 0});
    draw_text(image, 0, 0, std::string(1, letter), {255, 255, 255});
    EXPECT_TRUE(seen.insert(image.rgb).second) << letter;
  }
}

TEST(DrawText, CutsWhatLeavesTheImage) {
  Image image = make_image(8, 8, {0, 0, 0});
  draw_text(image, -3, -2, "WWW", {255, 255, 255}, 3);
  EXPECT_GT(count_of(image, {255, 255, 255}), 0);
  EXPECT_EQ(text_width_px("abc", 2), 36);
  EXPECT_EQ(text_height_px(2), 20);
}

}  // namespace
}  // namespace lorarun
