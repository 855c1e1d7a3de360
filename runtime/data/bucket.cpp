#include "runtime/data/bucket.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace lorarun::data {
namespace {

int64_t down_to(int64_t value, int64_t step) {
  return value - value % step;
}

int64_t rounded_down_to(double value, int64_t step) {
  return down_to(static_cast<int64_t>(value + 0.5), step);
}

int64_t rounded(double value) {
  return static_cast<int64_t>(value + 0.5);
}

// Small resolutions get small buckets: half the side is always allowed.
int64_t smallest_side(const BucketOptions& options) {
  return std::min(options.min_px,
                  std::max(options.step_px, down_to(options.resolution_px / 2, options.step_px)));
}

}  // namespace

Bucketer::Bucketer(BucketOptions options) : options_(options) {
  const int64_t area = options_.resolution_px * options_.resolution_px;
  const int64_t step = options_.step_px, smallest = smallest_side(options_);
  std::set<Size> sizes;
  const int64_t square = std::max(step, down_to(options_.resolution_px, step));
  sizes.insert({square, square});
  for (int64_t width = smallest; width <= options_.max_px; width += step) {
    const int64_t height = std::min(options_.max_px, down_to(area / width, step));
    if (height < smallest) { continue; }
    sizes.insert({width, height});
    sizes.insert({height, width});
  }
  sizes_.assign(sizes.begin(), sizes.end());
}

Fit Bucketer::fit(int64_t width, int64_t height) const {
  return options_.no_upscale ? fit_without_upscaling(width, height) : fit_listed(width, height);
}

Fit Bucketer::fit_listed(int64_t width, int64_t height) const {
  const Size size{width, height};
  if (std::binary_search(sizes_.begin(), sizes_.end(), size)) { return {size, size}; }
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  const auto error = [aspect](const Size& one) {
    return std::abs(static_cast<double>(one.width) / static_cast<double>(one.height) - aspect);
  };
  const Size bucket =
      *std::min_element(sizes_.begin(), sizes_.end(),
                        [&](const Size& a, const Size& b) { return error(a) < error(b); });
  const bool wider =
      aspect > static_cast<double>(bucket.width) / static_cast<double>(bucket.height);
  const double scale = wider ? static_cast<double>(bucket.height) / static_cast<double>(height)
                             : static_cast<double>(bucket.width) / static_cast<double>(width);
  return {
      {rounded(static_cast<double>(width) * scale), rounded(static_cast<double>(height) * scale)},
      bucket};
}

// Of the two sizes whose width or whose height is a multiple of the step, the one of the better
// shape.
Fit Bucketer::fit_without_upscaling(int64_t width, int64_t height) const {
  const int64_t step = options_.step_px;
  const double area =
      static_cast<double>(options_.resolution_px) * static_cast<double>(options_.resolution_px);
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  Size scaled{width, height};
  if (static_cast<double>(width) * static_cast<double>(height) > area) {
    const double w = std::sqrt(area * aspect), h = area / w;
    const int64_t by_width = rounded_down_to(w, step);
    const int64_t by_height = rounded_down_to(h, step);
    const auto shape_error = [aspect](int64_t a, int64_t b) {
      return b == 0 ? 1e9 : std::abs(static_cast<double>(a) / static_cast<double>(b) - aspect);
    };
    const double width_error =
        shape_error(by_width, rounded_down_to(static_cast<double>(by_width) / aspect, step));
    const double height_error =
        shape_error(rounded_down_to(static_cast<double>(by_height) * aspect, step), by_height);
    scaled = width_error < height_error
                 ? Size{by_width, rounded(static_cast<double>(by_width) / aspect)}
                 : Size{rounded(static_cast<double>(by_height) * aspect), by_height};
  }
  return {scaled, {down_to(scaled.width, step), down_to(scaled.height, step)}};
}

}  // namespace lorarun::data
