#include "runtime/train/noise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "kernels/keyed_random.h"
#include "kernels/noise_mix.h"
#include "runtime/base/error.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::train {
namespace {

float sigmoid(float x) {
  return 1.0F / (1.0F + std::exp(-x));
}

double shifted(double s, double shift) {
  return shift * s / (1.0 + (shift - 1.0) * s);
}

// mu of FLUX's resolution-dependent shift: a line through (256, 0.5) and (4096, 1.15), not clamped.
double flux_mu(int64_t image_tokens) {
  return 0.5 + (1.15 - 0.5) * static_cast<double>(image_tokens - 256) / (4096 - 256);
}

float one_normal(const SampleKeys& keys, uint32_t row) {
  std::array<float, 1> value{};
  keyed_normal(keys.seed, "timestep", keys.step, keys.first_sample + row, value);
  return value[0];
}

float one_uniform(const SampleKeys& keys, uint32_t row) {
  std::array<float, 1> value{};
  keyed_uniform(keys.seed, "timestep", keys.step, keys.first_sample + row, value);
  return value[0];
}

double sigma_of(const TimestepLaw& law, const SampleKeys& keys, uint32_t row,
                int64_t image_tokens) {
  if (law.kind == "uniform") { return one_uniform(keys, row); }
  const float n = one_normal(keys, row);
  if (law.kind == "sigmoid") { return sigmoid(static_cast<float>(law.scale) * n); }
  if (law.kind == "logit_normal") { return sigmoid(static_cast<float>(law.mean + law.std * n)); }
  const double s = sigmoid(static_cast<float>(law.scale) * n);
  if (law.kind == "shifted") { return shifted(s, law.shift); }
  if (law.kind == "flux_shift") { return shifted(s, std::exp(flux_mu(image_tokens))); }
  throw Error("no timestep law named '" + law.kind + "'")
      .fix(law.kind, timestep_laws(), "timestep laws");
}

std::span<const float> row_of(const Tensor& batch, int64_t row) {
  const int64_t n = batch.numel() / batch.size(0);
  return {batch.const_data_ptr<float>() + row * n, static_cast<size_t>(n)};
}

std::span<float> row_to_write(const Tensor& batch, int64_t row) {
  const int64_t n = batch.numel() / batch.size(0);
  return {batch.mutable_data_ptr<float>() + row * n, static_cast<size_t>(n)};
}

}  // namespace

const std::vector<std::string>& timestep_laws() {
  static const std::vector<std::string> names = {"sigmoid", "logit_normal", "uniform", "shifted",
                                                 "flux_shift"};
  return names;
}

Tensor draw_sigma(const TimestepLaw& law, const SampleKeys& keys, int64_t rows,
                  int64_t image_tokens) {
  const Tensor sigma = at::empty({rows}, at::kFloat);
  for (int64_t row = 0; row < rows; ++row) {
    const double drawn = sigma_of(law, keys, static_cast<uint32_t>(row), image_tokens);
    sigma.mutable_data_ptr<float>()[row] =
        static_cast<float>(law.min + (law.max - law.min) * drawn);
  }
  return sigma;
}

Tensor draw_noise(const SampleKeys& keys, at::IntArrayRef shape) {
  const Tensor noise = at::empty(shape, at::kFloat);
  for (int64_t row = 0; row < shape[0]; ++row) {
    keyed_normal(keys.seed, "noise", keys.step, keys.first_sample + static_cast<uint32_t>(row),
                 row_to_write(noise, row));
  }
  return noise;
}

Tensor measuring_noise(uint64_t seed, uint32_t index, uint32_t first_sample,
                       at::IntArrayRef shape) {
  std::vector<Tensor> rows;
  for (int64_t row = 0; row < shape[0]; ++row) {
    rows.push_back(keyed_normal(seed, "loss", index, first_sample + static_cast<uint32_t>(row),
                                shape.slice(1)));
  }
  return at::stack(rows);
}

Noised add_noise(const Tensor& latents, const Tensor& noise, const Tensor& sigma) {
  if (!latents.is_cpu()) {
    const Tensor s = sigma.to(latents.device()).view({-1, 1, 1, 1});
    const Tensor there = noise.to(latents.device());
    return {(1 - s) * latents + s * there, there - latents};
  }
  const Tensor from = latents.contiguous();
  const Noised result{at::empty_like(from), at::empty_like(from)};
  for (int64_t row = 0; row < from.size(0); ++row) {
    noise_mix(row_of(from, row), row_of(noise, row), sigma.const_data_ptr<float>()[row],
              row_to_write(result.noisy, row), row_to_write(result.target, row));
  }
  return result;
}

}  // namespace lorarun::train
