// Aspect-ratio buckets.
//
// Pictures of one batch must have one size.  A Bucketer chooses sizes with about
// the same area and gives every picture the nearest shape:
//
//   picture --fit()--> scaled size + bucket; what sticks out of the bucket is
//                      cropped off evenly on both sides
//
// Invariant: sides are multiples of `step_px`.  The algorithm and its numbers are
// kohya's (sd-scripts, model_util.make_bucket_resolutions and BucketManager).

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lorarun::data {

struct BucketOptions {
  int64_t resolution_px = 1024;  // the area is its square
  int64_t min_px = 256, max_px = 2048, step_px = 64;
  bool no_upscale = false;  // a picture smaller than the area keeps its size
};

struct Size {
  int64_t width = 0, height = 0;
  bool operator==(const Size&) const = default;
  auto operator<=>(const Size&) const = default;
};

struct Fit {
  Size scaled;  // the picture is resized to this
  Size bucket;  // and its centre cut out to this
};

class Bucketer {
 public:
  explicit Bucketer(BucketOptions options);

  // The sizes to choose from, sorted; empty of meaning with no_upscale.
  const std::vector<Size>& sizes() const { return sizes_; }

  // Gives scaled size and bucket for a picture of width x height pixels.
  Fit fit(int64_t width, int64_t height) const;

 private:
  Fit fit_listed(int64_t width, int64_t height) const;
  Fit fit_without_upscaling(int64_t width, int64_t height) const;

  BucketOptions options_;
  std::vector<Size> sizes_;
};

}  // namespace lorarun::data
