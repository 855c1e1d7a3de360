// From latents to pictures: whole where the device has room, else in tiles.
//
//   +---64---+            tiles of 64 x 64 places of the latent, a quarter of a tile over each
//   |    +---|----+       other; where they meet, one fades into the next
//   +----|---+    |
//        +--------+
//
// FLUX.1's VAE holds 3.5 GiB for a picture of 1024 x 1024 px, which is more than a tight card has
// left beside the denoiser.  Tiles need a quarter of that.  They do not see each other's
// normalisation, so tones may drift a little from tile to tile; the fading hides it. As diffusers'
// AutoencoderKL.enable_tiling(), whose tiles have this size for a sample_size of 512.

#pragma once

#include "runtime/models/registry.h"

namespace lorarun::render {

// latents [B, C, h, w] -> pixels [B, 3, H, W]; in tiles when the whole runs out of memory.
Tensor decode(models::Model& model, const Tensor& latents);

// In tiles, however much memory there is.  A latent that one tile covers is decoded as a whole.
Tensor decode_in_tiles(models::Model& model, const Tensor& latents);

}  // namespace lorarun::render
