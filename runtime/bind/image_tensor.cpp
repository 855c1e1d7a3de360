#include "runtime/bind/image_tensor.h"

#include <cstring>

#include "runtime/tensor/tensor.h"

namespace lorarun::bind {

Tensor tensor_of_image(const Image& image) {
  Tensor bytes = at::empty({image.height, image.width, 3}, at::kByte);
  std::memcpy(bytes.data_ptr<uint8_t>(), image.rgb.data(), image.rgb.size());
  return bytes.permute({2, 0, 1}).to(at::kFloat).div(255.0).contiguous();
}

Image image_of_tensor(const Tensor& tensor) {
  expect_shape(tensor, "C H W", {{"C", 3}}, "a picture");
  const Tensor bytes = tensor.detach()
                           .to(at::kCPU, at::kFloat)
                           .clamp(0.0, 1.0)
                           .mul(255.0)
                           .round()
                           .to(at::kByte)
                           .permute({1, 2, 0})
                           .contiguous();
  Image image = make_image(static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)));
  std::memcpy(image.rgb.data(), bytes.data_ptr<uint8_t>(), image.rgb.size());
  return image;
}

}  // namespace lorarun::bind
