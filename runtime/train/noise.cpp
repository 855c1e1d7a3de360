#include "runtime/train/noise.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/keyed_random.h"
#include "runtime/base/error.h"
#include "runtime/tensor/device_ops.h"
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

Tensor draw_noise(const SampleKeys& keys, at::IntArrayRef shape, at::Device device) {
  return keyed_normal_rows(keys.seed, "noise", keys.step, keys.first_sample, shape, device);
}

Tensor measuring_noise(uint64_t seed, uint32_t index, uint32_t first_sample, at::IntArrayRef shape,
                       at::Device device) {
  return keyed_normal_rows(seed, "loss", index, first_sample, shape, device);
}

Noised add_noise(const Tensor& latents, const Tensor& noise, const Tensor& sigma) {
  const auto [noisy, target] =
      noise_mix(latents, noise.to(latents.device()), sigma.to(latents.device()));
  return {noisy, target};
}

}  // namespace lorarun::train
