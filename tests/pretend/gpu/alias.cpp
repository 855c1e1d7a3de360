#include "tests/pretend/gpu/alias.h"

#include <ATen/EmptyTensor.h>

namespace pretend {

at::Tensor empty_on_device(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype,
                           c10::DeviceIndex index) {
  const c10::DeviceIndex before = current_device();
  set_current_device(index);
  at::Tensor made = at::detail::empty_strided_generic(
      sizes, strides, &memory(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), dtype);
  set_current_device(before);
  return made;
}

at::Tensor on_host(const at::Tensor& tensor) {
  if (!is_on_device(tensor)) { return tensor; }
  const at::TensorOptions options(tensor.scalar_type());
  if (tensor.numel() == 0) { return at::empty_strided(tensor.sizes(), tensor.strides(), options); }
  const at::Tensor keep = tensor;
  at::Tensor alias = at::from_blob(
      host_address(tensor.const_data_ptr()), tensor.sizes(), tensor.strides(), [keep](void*) {},
      options);
  if (tensor.is_conj()) { alias._set_conj(true); }
  if (tensor.is_neg()) { alias._set_neg(true); }
  return alias;
}

std::optional<at::Tensor> on_host(const std::optional<at::Tensor>& tensor) {
  if (!tensor || !tensor->defined()) { return std::nullopt; }
  return on_host(*tensor);
}

at::Tensor on_device(const at::Tensor& tensor, c10::DeviceIndex index) {
  if (!tensor.defined()) { return tensor; }
  at::Tensor made = empty_on_device(tensor.sizes(), tensor.strides(), tensor.scalar_type(), index);
  if (tensor.numel() > 0) { on_host(made).copy_(tensor); }
  return made;
}

}  // namespace pretend
