// Every operation of the device: the CPU's own, on aliases of the device's memory.
//
//   arguments --on_host--> CPU kernel --on_device--> results
//
// What a card would refuse is refused: tensors of two devices in one operation (a number, that is a
// CPU tensor without dimensions, may go along, as on CUDA).  What a card would wait for is counted
// as a host read.  Views cost nothing on a card and are not counted.

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/native/Resize.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/view_as_complex_native.h>
#include <ATen/ops/view_as_real_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include <set>
#include <sstream>

#include "tests/pretend/gpu/alias.h"
#include "tests/pretend/gpu/counters.h"

namespace pretend {
namespace {

// ---- making, copying, reading ----

c10::DeviceIndex index_of(std::optional<at::Device> device) {
  return device && device->has_index() ? device->index() : current_device();
}

at::Tensor empty(at::IntArrayRef sizes, std::optional<at::ScalarType> dtype,
                 std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>,
                 std::optional<at::MemoryFormat> format) {
  const auto layout = at::empty(sizes, at::TensorOptions(at::kMeta), format);
  return empty_on_device(sizes, layout.strides(), c10::dtype_or_default(dtype), index_of(device));
}

at::Tensor empty_strided(at::IntArrayRef sizes, at::IntArrayRef strides,
                         std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                         std::optional<at::Device> device, std::optional<bool>) {
  return empty_on_device(sizes, strides, c10::dtype_or_default(dtype), index_of(device));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  const at::AutoDispatchBelowAutograd guard;
  if (!is_on_device(to)) {
    count_host_read("a copy to the host");
  } else if (!is_on_device(from)) {
    count_copy_in();
  } else {
    count_launch("aten::copy_");
  }
  on_host(to).copy_(on_host(from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar read_number(const at::Tensor& tensor) {
  count_host_read("aten::_local_scalar_dense");
  return on_host(tensor).item();
}

const at::Tensor& resize_storage(const at::Tensor& tensor, at::IntArrayRef sizes,
                                 std::optional<at::MemoryFormat>) {
  const int64_t elements = c10::multiply_integers(sizes);
  const size_t bytes = (elements + tensor.storage_offset()) * tensor.dtype().itemsize();
  c10::StorageImpl* storage = tensor.storage().unsafeGetStorageImpl();
  if (storage->nbytes() < bytes) {
    c10::DataPtr larger = memory().allocate_on(tensor.device().index(), bytes);
    if (storage->nbytes() > 0) {
      memory().copy_data(larger.get(), storage->data(), storage->nbytes());
    }
    storage->set_data_ptr(std::move(larger));
    storage->set_nbytes(bytes);
  }
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return tensor;
}

// ---- everything else ----

// The tensors of one call: which are on the device, and their aliases.
class Call {
 public:
  explicit Call(const c10::OperatorHandle& operation) : operation_(operation) {}

  // Of the indices of x[…]: they may come from the host, as on CUDA, and are copied.
  at::Tensor index_to_host(const at::Tensor& tensor) {
    return is_on_device(tensor) ? to_host(tensor) : tensor;
  }

  at::Tensor to_host(const at::Tensor& tensor) {
    if (!tensor.defined()) { return tensor; }
    if (!is_on_device(tensor)) {
      if (tensor.dim() > 0) { foreign_ << " cpu" << tensor.sizes(); }
      return tensor;
    }
    if (index_ >= 0 && tensor.device().index() != index_) {
      foreign_ << " pretend:" << static_cast<int>(tensor.device().index()) << tensor.sizes();
    }
    index_ = std::max(index_, tensor.device().index());
    const at::Tensor alias = on_host(tensor);
    aliases_.emplace_back(alias, tensor);
    return alias;
  }

  // A result on the device: the argument that it is, or a new tensor.
  at::Tensor to_device(const at::Tensor& result) const {
    if (!result.defined()) { return result; }
    for (const auto& [alias, original] : aliases_) {
      if (alias.is_same(result)) { return written(alias, original); }
    }
    return on_device(result, std::max<c10::DeviceIndex>(index_, 0));
  }

  void use_device(c10::Device device) { index_ = std::max(index_, index_of(device)); }

  void expect_one_device() const {
    const std::string foreign = foreign_.str();
    if (index_ < 0 || foreign.empty()) { return; }
    TORCH_CHECK(false,
                "Expected all tensors to be on the same device: ", operation_.schema().name(),
                " got pretend:", static_cast<int>(index_), " and", foreign);
  }

 private:
  // An out argument that the CPU's kernel gave another size has other memory now.
  static at::Tensor written(const at::Tensor& alias, const at::Tensor& original) {
    if (original.sizes() != alias.sizes()) {
      resize_storage(original, alias.sizes(), std::nullopt);
    }
    const bool moved =
        alias.numel() > 0 && alias.const_data_ptr() != host_address(original.const_data_ptr());
    if (moved) { on_host(original).copy_(alias); }
    return original;
  }

  const c10::OperatorHandle& operation_;
  c10::DeviceIndex index_ = -1;
  std::ostringstream foreign_;
  std::vector<std::pair<at::Tensor, at::Tensor>> aliases_;
};

c10::IValue argument_on_host(const c10::IValue& value, Call& call) {
  if (value.isTensor()) { return call.to_host(value.toTensor()); }
  if (value.isTensorList()) {
    c10::List<at::Tensor> list;
    for (const at::Tensor& one : value.toTensorVector()) { list.push_back(call.to_host(one)); }
    return list;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> list;
    for (const std::optional<at::Tensor>& one : value.toOptionalTensorVector()) {
      list.push_back(one ? std::optional<at::Tensor>(call.index_to_host(*one)) : std::nullopt);
    }
    return list;
  }
  if (value.isDevice() && value.toDevice().type() == kDevice) {
    call.use_device(value.toDevice());
    return c10::Device(c10::kCPU);
  }
  return value;
}

c10::IValue result_on_device(const c10::IValue& value, const Call& call) {
  if (value.isTensor()) { return call.to_device(value.toTensor()); }
  if (!value.isTensorList()) { return value; }
  c10::List<at::Tensor> list;
  for (const at::Tensor& one : value.toTensorVector()) { list.push_back(call.to_device(one)); }
  return list;
}

// Operations whose result's size or value the host must know: a card waits for them.
bool waits_for_the_device(const std::string& name) {
  static const std::set<std::string> names = {
      "aten::equal",     "aten::nonzero",    "aten::masked_select",    "aten::_unique2",
      "aten::is_set_to", "aten::unique_dim", "aten::repeat_interleave"};
  return names.contains(name);
}

void run_on_host(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const c10::FunctionSchema& schema = operation.schema();
  const size_t first = stack->size() - schema.arguments().size();
  Call call(operation);
  for (size_t i = first; i < stack->size(); ++i) {
    (*stack)[i] = argument_on_host((*stack)[i], call);
  }
  call.expect_one_device();
  waits_for_the_device(schema.name()) ? count_host_read(schema.name())
                                      : count_launch(schema.name());
  operation.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  for (size_t i = stack->size() - schema.returns().size(); i < stack->size(); ++i) {
    (*stack)[i] = result_on_device((*stack)[i], call);
  }
}

// LibTorch would compose these of smaller operations for a device that it does not know; a card
// has a kernel for each.
constexpr const char* kOwnKernels[] = {"native_group_norm",
                                       "native_group_norm_backward",
                                       "mse_loss",
                                       "mse_loss_backward",
                                       "huber_loss",
                                       "huber_loss_backward",
                                       "_foreach_norm.Scalar",
                                       "_foreach_mul_.Scalar",
                                       "upsample_nearest2d",
                                       "upsample_nearest2d_backward",
                                       "silu_backward"};

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("_local_scalar_dense", read_number);
  m.impl("resize_", resize_storage);
  m.impl("view", at::native::view);
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("_reshape_alias", at::native::_reshape_alias);
  m.impl("view_as_complex", at::native::view_as_complex);
  m.impl("view_as_real", at::native::view_as_real);
  for (const char* name : kOwnKernels) {
    m.impl(name, torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
  }
}

}  // namespace
}  // namespace pretend
