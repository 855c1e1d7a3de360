// Contact sheets: many pictures on one, in a grid with words.
//
//   title                          (smaller where it would not fit)
//            column label   column label
//   row      +---------+    +---------+
//   label    | picture |    | picture |
//            +---------+    +---------+
//            caption        caption
//
// Pictures keep their proportions and are centred in cells of one size.

#pragma once

#include <string>
#include <vector>

#include "runtime/io/image.h"

namespace lorarun {

struct SheetCell {
  Image image;          // without pixels: the cell stays empty
  std::string caption;  // below the picture; long ones are wrapped, then cut with "..."
};

struct SheetOptions {
  std::string title;
  std::vector<std::string> column_labels, row_labels;  // may be empty
  int max_cell_px = 512;  // pictures with longer sides are made smaller
  int margin_px = 24;     // around the sheet
  int gap_px = 12;        // between cells
  int caption_lines = 2;  // at most
  int text_scale = 0;     // whole multiples of the 6 x 10 glyphs; 0: by the cells' width
  Colour background = {32, 33, 36};
  Colour text = {218, 220, 224};
};

// Lays the cells out row by row.  Requires: columns at least 1.
// Throws Error when there are no cells.
Image contact_sheet(const std::vector<SheetCell>& cells, int columns,
                    const SheetOptions& options = {});

// Draws one line of printable ASCII (others as '?') with its upper left corner at (x, y); what
// leaves the image is cut off.
void draw_text(Image& image, int x, int y, const std::string& text, Colour colour, int scale = 1);

// Pixels that draw_text would cover.
int text_width_px(const std::string& text, int scale = 1);
int text_height_px(int scale = 1);

}  // namespace lorarun
