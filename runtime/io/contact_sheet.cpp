#include "runtime/io/contact_sheet.h"

#include <algorithm>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/io/font.h"
#include "runtime/io/resample.h"

namespace lorarun {
namespace {

constexpr int kNarrowPx = 256;    // narrower cells get small letters
constexpr int kTitleScaleUp = 1;  // the title's glyphs are this much larger

// Colours of the picture's cells stand a little off the background, so that an empty one shows.
Colour empty_cell_colour(Colour background) {
  const auto nearer = [](int level) {
    return static_cast<uint8_t>(level < 128 ? level + 12 : level - 12);
  };
  return {nearer(background.r), nearer(background.g), nearer(background.b)};
}

std::string cut(const std::string& text, size_t letters) {
  if (text.size() <= letters) { return text; }
  return letters <= 3 ? text.substr(0, letters) : text.substr(0, letters - 3) + "...";
}

// Breaks a text at its spaces into lines of so many letters; the last one is cut.
std::vector<std::string> wrapped(const std::string& text, size_t letters, size_t lines) {
  std::vector<std::string> all;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool fits = !all.empty() && all.back().size() + 1 + word.size() <= letters;
    if (fits) {
      all.back() += " " + word;
    } else if (all.size() < lines) {
      all.push_back(word);
    } else {
      all.back() += " " + word;  // past the last line: cut below
    }
  }
  for (std::string& line : all) { line = cut(line, letters); }
  return all;
}

Image fitted(const Image& image, int max_px) {
  const int longest = std::max(image.width, image.height);
  if (longest <= max_px) { return image; }
  const auto side = [&](int px) {
    return std::max(1, static_cast<int>(int64_t{px} * max_px / longest));
  };
  return resample(image, side(image.width), side(image.height), Filter::lanczos);
}

void paste(Image& sheet, const Image& image, int x, int y) {
  for (int row = 0; row < image.height; ++row) {
    std::copy_n(image.at(0, row), image.width * 3, sheet.at(x, y + row));
  }
}

void fill(Image& sheet, int x, int y, int width, int height, Colour colour) {
  paste(sheet, make_image(width, height, colour), x, y);
}

// Where everything stands, in pixels.
class Sheet {
 public:
  Sheet(const std::vector<SheetCell>& cells, int columns, const SheetOptions& options)
      : options_(options),
        columns_(columns),
        rows_((static_cast<int>(cells.size()) + columns - 1) / columns) {
    bool has_captions = false;
    for (const SheetCell& cell : cells) {
      pictures_.push_back(cell.image.width > 0 ? fitted(cell.image, options.max_cell_px) : Image{});
      cell_width_ = std::max(cell_width_, pictures_.back().width);
      cell_height_ = std::max(cell_height_, pictures_.back().height);
      has_captions |= !cell.caption.empty();
    }
    if (options_.text_scale == 0) { options_.text_scale = cell_width_ < kNarrowPx ? 1 : 2; }
    line_ = text_height_px(options_.text_scale) + options_.text_scale * 2;
    caption_height_ = has_captions ? options.caption_lines * line_ + options.gap_px / 2 : 0;
    top_ = options.margin_px;
    left_ = options.margin_px + label_width();
    if (!options.title.empty()) { top_ += text_height_px(title_scale()) + options.gap_px; }
    if (!options.column_labels.empty()) { top_ += line_ + options.gap_px / 2; }
  }

  Image draw(const std::vector<SheetCell>& cells) const {
    const int width = width_px();
    const int height = cell_y(rows_) - options_.gap_px + options_.margin_px;
    Image sheet = make_image(width, height, options_.background);
    draw_text(sheet, options_.margin_px, options_.margin_px, options_.title, options_.text,
              title_scale());
    draw_labels(sheet);
    for (size_t i = 0; i < cells.size(); ++i) {
      draw_cell(sheet, static_cast<int>(i), cells[i].caption);
    }
    return sheet;
  }

 private:
  int width_px() const { return cell_x(columns_) - options_.gap_px + options_.margin_px; }

  // The largest letters that the title fits with.
  int title_scale() const {
    int scale = options_.text_scale + kTitleScaleUp;
    const int room = width_px() - 2 * options_.margin_px;
    while (scale > 1 && text_width_px(options_.title, scale) > room) { --scale; }
    return scale;
  }
  int cell_x(int column) const { return left_ + column * (cell_width_ + options_.gap_px); }
  int cell_y(int row) const {
    return top_ + row * (cell_height_ + caption_height_ + options_.gap_px);
  }
  size_t letters_per_cell() const {
    return static_cast<size_t>(cell_width_ / (kAdvance * options_.text_scale));
  }

  int label_width() const {
    int widest = 0;
    for (const std::string& label : options_.row_labels) {
      widest = std::max(widest, text_width_px(label, options_.text_scale));
    }
    return widest > 0 ? widest + options_.gap_px : 0;
  }

  void draw_labels(Image& sheet) const {
    for (int c = 0; c < std::min<int>(columns_, static_cast<int>(options_.column_labels.size()));
         ++c) {
      const std::string label = cut(options_.column_labels[c], letters_per_cell());
      draw_text(sheet, cell_x(c), top_ - line_ - options_.gap_px / 4, label, options_.text,
                options_.text_scale);
    }
    for (int r = 0; r < std::min<int>(rows_, static_cast<int>(options_.row_labels.size())); ++r) {
      const int middle = cell_y(r) + (cell_height_ - text_height_px(options_.text_scale)) / 2;
      draw_text(sheet, options_.margin_px, middle, options_.row_labels[r], options_.text,
                options_.text_scale);
    }
  }

  void draw_cell(Image& sheet, int number, const std::string& caption) const {
    const int x = cell_x(number % columns_), y = cell_y(number / columns_);
    const Image& picture = pictures_[number];
    if (picture.width == 0) {
      fill(sheet, x, y, cell_width_, cell_height_, empty_cell_colour(options_.background));
    } else {
      paste(sheet, picture, x + (cell_width_ - picture.width) / 2,
            y + (cell_height_ - picture.height) / 2);
    }
    int line_y = y + cell_height_ + options_.gap_px / 2;
    for (const std::string& line :
         wrapped(caption, letters_per_cell(), static_cast<size_t>(options_.caption_lines))) {
      draw_text(sheet, x, line_y, line, options_.text, options_.text_scale);
      line_y += line_;
    }
  }

  SheetOptions options_;
  int columns_, rows_;
  std::vector<Image> pictures_;
  int cell_width_ = 64, cell_height_ = 64;  // at least: room for words
  int line_ = 0, caption_height_ = 0, top_ = 0, left_ = 0;
};

}  // namespace

Image contact_sheet(const std::vector<SheetCell>& cells, int columns, const SheetOptions& options) {
  LR_CHECK(columns >= 1, "a contact sheet needs a column");
  if (cells.empty()) {
    throw Error("a contact sheet needs pictures").fix("render or choose at least one");
  }
  return Sheet(cells, columns, options).draw(cells);
}

void draw_text(Image& image, int x, int y, const std::string& text, Colour colour, int scale) {
  for (const char character : text) {
    const Glyph& glyph = glyph_of(character);
    for (int py = 0; py < kGlyphHeight * scale; ++py) {
      for (int px = 0; px < kGlyphWidth * scale; ++px) {
        const bool dot = glyph[py / scale] >> (kGlyphWidth - 1 - px / scale) & 1;
        const int to_x = x + px, to_y = y + py;
        if (!dot || to_x < 0 || to_y < 0 || to_x >= image.width || to_y >= image.height) {
          continue;
        }
        uint8_t* rgb = image.at(to_x, to_y);
        rgb[0] = colour.r, rgb[1] = colour.g, rgb[2] = colour.b;
      }
    }
    x += kAdvance * scale;
  }
}

int text_width_px(const std::string& text, int scale) {
  return static_cast<int>(text.size()) * kAdvance * scale;
}

int text_height_px(int scale) {
  return kLineHeight * scale;
}

}  // namespace lorarun
