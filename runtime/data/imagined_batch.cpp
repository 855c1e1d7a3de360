#include "runtime/data/imagined_batch.h"

#include <algorithm>

namespace lorarun::data {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::map<std::string, Tensor> on_cpu(const std::map<std::string, Tensor>& rows) {
  std::map<std::string, Tensor> zeros;
  for (const auto& [name, like] : rows) {
    zeros[name] = at::zeros(like.sizes(), like.options().device(at::kCPU));
  }
  return zeros;
}

// What the cache would give: the rows of every encoder that is not live.
models::TextEmbedding cached_text(models::Model& model, const BatchShape& shape) {
  const at::NoGradGuard none;
  const std::vector<std::string> captions(static_cast<size_t>(shape.batch));
  models::TextEmbedding text;
  for (const std::string& encoder : model.text_encoders()) {
    if (contains(shape.live, encoder)) { continue; }
    const models::TextEmbedding rows = model.encode_text(captions, {encoder});
    text.text.merge(on_cpu(rows.text));
    text.pooled.merge(on_cpu(rows.pooled));
    text.tokens.merge(on_cpu(rows.tokens));
    model.release(encoder);
  }
  return text;
}

Tensor content(const models::Model& model, const BatchShape& shape) {
  if (shape.pixels) { return at::zeros({shape.batch, 3, shape.height_px, shape.width_px}); }
  const int64_t px = model.pixels_per_latent();
  return at::zeros(
      {shape.batch, model.latent_channels(), shape.height_px / px, shape.width_px / px});
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
