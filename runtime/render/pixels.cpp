#include "runtime/render/pixels.h"

#include <cstring>

#include "runtime/tensor/tensor.h"

namespace lorarun::render {

Image to_image(const Tensor& pixels) {
  expect_shape(pixels, "C H W", {{"C", 3}}, "pixels");
  const Tensor levels = pixels.detach()
                            .to(at::kCPU, at::kFloat)
                            .div(2.0)
                            .add(0.5)
                            .clamp(0.0, 1.0)
                            .mul(255.0)
                            .round()
                            .to(at::kByte)
                            .permute({1, 2, 0})  // [H, W, 3]
                            .contiguous();
  Image image = make_image(static_cast<int>(pixels.size(2)), static_cast<int>(pixels.size(1)));
  std::memcpy(image.rgb.data(), levels.const_data_ptr<uint8_t>(), image.rgb.size());
  return image;
}

}  // namespace lorarun::render
