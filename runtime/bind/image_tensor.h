// Pictures as tensors: [3, H, W] float32 in [0, 1], and back.

#pragma once

#include "runtime/io/image.h"
#include "runtime/tensor/torch.h"

namespace lorarun::bind {

Tensor tensor_of_image(const Image& image);

// Values outside of [0, 1] are clamped.  Throws Error for another shape.
Image image_of_tensor(const Tensor& tensor);

}  // namespace lorarun::bind
