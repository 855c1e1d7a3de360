// The VAE of FLUX.1 and Stable Diffusion: pictures <-> latents.
//
//   encode   pixels [B, 3, H, W] --conv, residual blocks, halving--> posterior [B, C, H/8, W/8]
//   decode   latents --conv, residual blocks, doubling--> pixels
//
// Any block_out_channels and layers_per_block of config.json; one attention in
// the middle.  Plain differentiable operations, so the same code can be trained.
// Reference: diffusers AutoencoderKL.

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "runtime/nn/weights.h"

namespace lorarun::models {

class AutoencoderKL {
 public:
  // Reads config.json and the weights of a `vae` folder.
  AutoencoderKL(const std::filesystem::path& folder, nn::Placement placement);
  ~AutoencoderKL();
  AutoencoderKL(AutoencoderKL&&) noexcept;

  struct Moments {
    Tensor mean, logvar;  // [B, C, h, w]; logvar within [-30, 20]
  };

  // pixels in [-1, 1], sides multiples of downscale().
  Moments encode(const Tensor& pixels) const;

  // z: latents without shift and scale.  Gives pixels, not clamped.
  Tensor decode(const Tensor& z) const;

  double scaling_factor() const;
  double shift_factor() const;
  int64_t latent_channels() const;
  int64_t downscale() const;  // pixels per latent: 8 for four blocks
  std::string fingerprint() const;
  std::map<std::string, Tensor> weights() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lorarun::models
