// From the decoder's numbers to a picture.

#pragma once

#include "runtime/io/image.h"
#include "runtime/tensor/torch.h"

namespace lorarun::render {

// pixels [3, H, W] in [-1, 1], of any type and device; what lies outside is clamped, and each
// value is rounded to the nearest of 256 levels (half to even, as Pillow's users see it in
// diffusers' VaeImageProcessor).  Throws Error for another shape.
Image to_image(const Tensor& pixels);

}  // namespace lorarun::render
