#include "runtime/io/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "runtime/base/error.h"
#include "runtime/base/worker_pool.h"
#include "runtime/io/resample_rows.h"

namespace lorarun {
namespace {

struct FilterKind {
  const char* name;
  double support;  // half the width, at scale 1
  double (*weight)(double x);
};

double sinc(double x) {
  if (x == 0.0) { return 1.0; }
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double box_weight(double x) {
  return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

double bilinear_weight(double x) {
  return std::max(0.0, 1.0 - std::abs(x));
}

double hamming_weight(double x) {
  x = std::abs(x);
  if (x == 0.0) { return 1.0; }
  if (x >= 1.0) { return 0.0; }
  x *= std::numbers::pi;
  return std::sin(x) / x * (0.54 + 0.46 * std::cos(x));
}

// Keys' cubic with a = -0.5.
double bicubic_weight(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) { return ((a + 2.0) * x - (a + 3.0)) * x * x + 1; }
  return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
}

double lanczos_weight(double x) {
  return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

// In the order of the enum.
constexpr FilterKind kFilters[] = {{"box", 0.5, box_weight},
                                   {"bilinear", 1.0, bilinear_weight},
                                   {"hamming", 1.0, hamming_weight},
                                   {"bicubic", 2.0, bicubic_weight},
                                   {"lanczos", 3.0, lanczos_weight}};

// The weights of one axis: output i is the sum over source [first[i], first[i] + count[i]).
// Edges of the box are floats, as in Pillow, because weights depend on their rounding.
Taps taps_of(const FilterKind& filter, int source, float from, float to, int target) {
  const double scale = static_cast<double>(to - from) / target;
  const double stretch = std::max(scale, 1.0);
  const double support = filter.support * stretch;
  Taps taps;
  taps.width = static_cast<int>(std::ceil(support)) * 2 + 2;
  taps.first.resize(target);
  taps.count.resize(target);
  taps.weights.resize(int64_t{target} * taps.width);
  std::vector<double> exact(taps.width);
  for (int i = 0; i < target; ++i) {
    const double centre = from + (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int count = std::min(source, static_cast<int>(centre + support + 0.5)) - first;
    double sum = 0.0;
    for (int k = 0; k < count; ++k) {
      exact[k] = filter.weight((k + first - centre + 0.5) * (1.0 / stretch));
      sum += exact[k];
    }
    for (int k = 0; k < count; ++k) {
      const double weight = (sum != 0.0 ? exact[k] / sum : exact[k]) * (1 << kWeightBits);
      taps.weights[int64_t{i} * taps.width + k] =
          static_cast<int32_t>(weight + (weight < 0 ? -0.5 : 0.5));
    }
    taps.first[i] = first;
    taps.count[i] = count;
  }
  return taps;
}

// Rows that a thread takes at a time: enough work to be worth a thread.
int rows_at_once(int64_t operations_per_row) {
  constexpr int64_t kOperations = 1 << 18;
  return static_cast<int>(
      std::clamp<int64_t>(kOperations / std::max<int64_t>(1, operations_per_row), 1, 256));
}

template <typename Row>
void for_rows(int rows, int64_t operations_per_row, const Row& row) {
  const int stripe = rows_at_once(operations_per_row);
  parallel_for((rows + stripe - 1) / stripe, [&](int64_t s) {
    const int end = std::min<int>(rows, static_cast<int>(s + 1) * stripe);
    for (int y = static_cast<int>(s) * stripe; y < end; ++y) { row(y); }
  });
}

// Rows [first_row, first_row + rows) of the source, made `width` pixels wide.
Image horizontal_pass(const Image& image, const Taps& taps, int width, int first_row, int rows) {
  Image out = make_image(width, rows);
  for_rows(rows, int64_t{width} * taps.width * 3, [&](int y) {
    resample_row(taps, image.at(0, first_row + y), image.width, out.at(0, y), width);
  });
  return out;
}

Image vertical_pass(const Image& image, const Taps& taps, int height, int first_row) {
  Image out = make_image(image.width, height);
  const int64_t row_bytes = int64_t{image.width} * 3;
  for_rows(height, row_bytes * taps.width, [&](int y) {
    const uint8_t* from = image.at(0, taps.first[y] - first_row);
    resample_column(taps, y, from, row_bytes, out.at(0, y));
  });
  return out;
}

void check(const Image& image, int width, int height, const Box& box) {
  LR_CHECK(image.width > 0 && image.height > 0, "there is no picture to resize");
  if (width < 1 || height < 1) {
    throw Error("cannot resize to " + std::to_string(width) + " x " + std::to_string(height) +
                " px")
        .fix("both sides need at least one pixel");
  }
  const bool inside = box.left >= 0 && box.top >= 0 && box.right <= image.width &&
                      box.bottom <= image.height && box.left < box.right && box.top < box.bottom;
  if (!inside) { throw Error("the part to be resized is empty or leaves the picture"); }
}

// Pillow 13 begins with the rows when they lose more than twice as many pixels as the columns; the
// order shows in the rounding between the passes.
bool rows_come_first(const Image& image, int width, int height) {
  return image.height - height > 2 * std::max(0, image.width - width);
}

}  // namespace

Filter filter_from_name(const std::string& name) {
  std::vector<std::string> names;
  for (const FilterKind& kind : kFilters) {
    if (name == kind.name) { return static_cast<Filter>(&kind - kFilters); }
    names.push_back(kind.name);
  }
  throw Error("no resampling filter named '" + name + "'").fix(name, names, "filters");
}

Image resample(const Image& image, int width, int height, Filter filter) {
  return resample(image, width, height, filter, {0, 0, double(image.width), double(image.height)});
}

Image resample(const Image& image, int width, int height, Filter filter, const Box& box) {
  check(image, width, height, box);
  const FilterKind& kind = kFilters[static_cast<int>(filter)];
  const float left = static_cast<float>(box.left), right = static_cast<float>(box.right);
  const float top = static_cast<float>(box.top), bottom = static_cast<float>(box.bottom);
  const bool across = width != image.width || left != 0 || right != static_cast<float>(width);
  const bool down = height != image.height || top != 0 || bottom != static_cast<float>(height);
  if (!across && !down) { return image; }
  const Taps rows = taps_of(kind, image.height, top, bottom, height);
  if (!across) { return vertical_pass(image, rows, height, 0); }
  const Taps columns = taps_of(kind, image.width, left, right, width);
  if (!down) { return horizontal_pass(image, columns, width, 0, height); }
  if (rows_come_first(image, width, height)) {
    return horizontal_pass(vertical_pass(image, rows, height, 0), columns, width, 0, height);
  }
  const int first = rows.first.front(), last = rows.first.back() + rows.count.back();
  return vertical_pass(horizontal_pass(image, columns, width, first, last - first), rows, height,
                       first);
}

Image crop(const Image& image, int x, int y, int width, int height) {
  const bool inside = x >= 0 && y >= 0 && width > 0 && height > 0 && x <= image.width - width &&
                      y <= image.height - height;
  if (!inside) {
    throw Error("cannot cut " + std::to_string(width) + " x " + std::to_string(height) +
                " px at (" + std::to_string(x) + ", " + std::to_string(y) + ") out of " +
                std::to_string(image.width) + " x " + std::to_string(image.height));
  }
  Image part = make_image(width, height);
  for (int row = 0; row < height; ++row) {
    std::memcpy(part.at(0, row), image.at(x, y + row), static_cast<size_t>(width) * 3);
  }
  return part;
}

Image flip_horizontal(const Image& image) {
  Image flipped = make_image(image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      std::copy_n(image.at(x, y), 3, flipped.at(image.width - 1 - x, y));
    }
  }
  return flipped;
}

}  // namespace lorarun
