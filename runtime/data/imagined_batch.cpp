#include "runtime/data/imagined_batch.h"

#include <algorithm>

namespace lorarun::data {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Zeros of any size in the memory of one.
Tensor zeros_on_cpu(at::IntArrayRef sizes, at::ScalarType dtype) {
  return at::zeros({1}, dtype).expand(sizes);
}

// The rows of `batch` captions, out of those of one.
std::map<std::string, Tensor> on_cpu(const std::map<std::string, Tensor>& row, int64_t batch) {
  std::map<std::string, Tensor> zeros;
  for (const auto& [name, like] : row) {
    std::vector<int64_t> sizes = like.sizes().vec();
    sizes.front() = batch;
    zeros[name] = zeros_on_cpu(sizes, like.scalar_type());
  }
  return zeros;
}

// What the cache would give: the rows of every encoder that is not live.
models::TextEmbedding cached_text(models::Model& model, const BatchShape& shape) {
  const at::NoGradGuard none;
  models::TextEmbedding text;
  for (const std::string& encoder : model.text_encoders()) {
    if (contains(shape.live, encoder)) { continue; }
    const models::TextEmbedding row = model.encode_text({""}, {encoder});
    text.text.merge(on_cpu(row.text, shape.batch));
    text.pooled.merge(on_cpu(row.pooled, shape.batch));
    text.tokens.merge(on_cpu(row.tokens, shape.batch));
    model.release(encoder);
  }
  return text;
}

Tensor content(const models::Model& model, const BatchShape& shape) {
  if (shape.pixels) {
    return zeros_on_cpu({shape.batch, 3, shape.height_px, shape.width_px}, at::kFloat);
  }
  const int64_t px = model.pixels_per_latent();
  return zeros_on_cpu(
      {shape.batch, model.latent_channels(), shape.height_px / px, shape.width_px / px},
      at::kFloat);
}

}  // namespace

Batch imagined_batch(models::Model& model, const BatchShape& shape) {
  static const Item nothing;
  MicroBatch micro;
  micro.latents = content(model, shape);
  if (!shape.pixels) { micro.text = cached_text(model, shape); }
  micro.live = shape.live;
  micro.captions.resize(static_cast<size_t>(shape.batch));
  micro.items.resize(static_cast<size_t>(shape.batch), &nothing);
  micro.weight = at::ones({shape.batch}, at::kFloat);
  Batch batch{.step = 1};
  for (int64_t i = 0; i < shape.accumulate; ++i) {
    batch.micro.push_back(micro);
    batch.micro.back().first_sample = static_cast<uint32_t>(i * shape.batch);
  }
  return batch;
}

}  // namespace lorarun::data
