#include "runtime/render/decode.h"

#include <algorithm>

#include "runtime/base/log.h"
#include "runtime/tensor/device_memory.h"

namespace lorarun::render {
namespace {

constexpr int64_t kTile = 64;             // places of the latent
constexpr int64_t kStep = kTile * 3 / 4;  // from one tile to the next

// Where tiles begin along a side; the last one ends where the side ends.
std::vector<int64_t> starts_of(int64_t side) {
  std::vector<int64_t> starts = {0};
  while (starts.back() + kTile < side) {
    starts.push_back(std::min(starts.back() + kStep, side - kTile));
  }
  return starts;
}

// How much a tile says at each of its `length` places: rising over `before` places that it shares
// with the tile before it, falling over `after`.
Tensor fading(int64_t length, int64_t before, int64_t after) {
  Tensor share = at::ones({length});
  const auto ramp = [](int64_t n) { return at::arange(1, n + 1, at::kFloat) / (n + 1.0); };
  if (before > 0) { share.narrow(0, 0, before).mul_(ramp(before)); }
  if (after > 0) { share.narrow(0, length - after, after).mul_(ramp(after).flip(0)); }
  return share;
}

// One side of a tile: its place, and what it shares with its neighbours.
struct Span {
  int64_t start, length, before, after;

  Tensor share(int64_t scale) const {
    return fading(length * scale, before * scale, after * scale);
  }
};

std::vector<Span> spans_of(int64_t side) {
  const std::vector<int64_t> starts = starts_of(side);
  std::vector<Span> spans;
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t length = std::min(kTile, side);
    const int64_t before = i > 0 ? starts[i - 1] + length - starts[i] : 0;
    const int64_t after = i + 1 < starts.size() ? starts[i] + length - starts[i + 1] : 0;
    spans.push_back({starts[i], length, before, after});
  }
  return spans;
}

bool is_one_tile(const Tensor& latents) {
  return latents.size(2) <= kTile && latents.size(3) <= kTile;
}

}  // namespace

Tensor decode_in_tiles(models::Model& model, const Tensor& latents) {
  if (is_one_tile(latents)) { return model.decode_image(latents); }
  const int64_t scale = model.pixels_per_latent();
  Tensor sum = at::zeros({latents.size(0), 3, latents.size(2) * scale, latents.size(3) * scale});
  Tensor shares = at::zeros({sum.size(2), sum.size(3)});
  for (const Span& row : spans_of(latents.size(2))) {
    for (const Span& column : spans_of(latents.size(3))) {
      const auto part = [&](const Tensor& of, int64_t by) {
        return of.narrow(-2, row.start * by, row.length * by)
            .narrow(-1, column.start * by, column.length * by);
      };
      const Tensor share = at::outer(row.share(scale), column.share(scale));
      const Tensor pixels = model.decode_image(part(latents, 1)).to(at::kCPU, at::kFloat);
      part(sum, scale).add_(pixels * share);
      part(shares, scale).add_(share);
    }
  }
  return sum.div_(shares);
}

Tensor decode(models::Model& model, const Tensor& latents) {
  try {
    return model.decode_image(latents);
  } catch (const c10::Error& error) {
    if (!is_out_of_memory(error) || is_one_tile(latents)) { throw; }
  }
  log_warn("the device has no room to decode the picture as a whole: it is decoded in tiles");
  return decode_in_tiles(model, latents);
}

}  // namespace lorarun::render
