// Attention, layer norm and convolution: operations whose form on a card differs from the CPU's,
// so that the boxed way of operations.cpp does not fit.

#include <ATen/SDPBackend.h>
#include <ATen/native/DispatchStub.h>
#include <ATen/native/transformers/attention.h>
#include <torch/library.h>

#include "tests/pretend/gpu/alias.h"
#include "tests/pretend/gpu/counters.h"

namespace pretend {
namespace {

using at::Tensor;
using MaybeTensor = std::optional<Tensor>;

void expect_on_device(const char* operation, std::initializer_list<MaybeTensor> tensors) {
  for (const MaybeTensor& one : tensors) {
    TORCH_CHECK(!one || !one->defined() || is_on_device(*one),
                "Expected all tensors to be on the same device: ", operation, " got one of ",
                one->device(), one->sizes());
  }
}

// ---- attention: one fused operation, as flash attention is ----

using Attended =
    std::tuple<Tensor, Tensor, Tensor, Tensor, c10::SymInt, c10::SymInt, Tensor, Tensor, Tensor>;

Attended attention(const Tensor& q, const Tensor& k, const Tensor& v, const MaybeTensor& bias,
                   double dropout, bool causal, bool, std::optional<double> scale) {
  const at::AutoDispatchBelowAutograd guard;
  expect_on_device("attention", {q, k, v, bias});
  count_launch("attention");
  const auto [out, weights] = at::_scaled_dot_product_flash_attention_for_cpu(
      on_host(q), on_host(k), on_host(v), dropout, causal, on_host(bias), scale);
  const c10::DeviceIndex index = q.device().index();
  const Tensor none = empty_on_device({0}, {1}, at::kLong, index);
  return {on_device(out, index),
          on_device(weights, index),
          none,
          none,
          q.size(2),
          k.size(2),
          none,
          none,
          none};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> attention_backward(
    const Tensor& gradient, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& bias,
    std::array<bool, 4>, const Tensor& out, const Tensor& weights, const Tensor&, const Tensor&,
    c10::SymInt, c10::SymInt, double dropout, bool causal, const Tensor&, const Tensor&,
    std::optional<double> scale) {
  const at::AutoDispatchBelowAutograd guard;
  count_launch("attention_backward");
  const auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
      on_host(gradient), on_host(q), on_host(k), on_host(v), on_host(out), on_host(weights),
      dropout, causal, on_host(MaybeTensor(bias)), scale);
  const c10::DeviceIndex index = q.device().index();
  return {on_device(dq, index), on_device(dk, index), on_device(dv, index), Tensor()};
}

// The CPU's own choice between its fused attention and plain operations, so that both devices
// compute alike.
int64_t choose_attention(const Tensor& q, const Tensor& k, const Tensor& v, const MaybeTensor& bias,
                         double dropout, bool causal, std::optional<double> scale, bool grouped) {
  const auto like = [](const Tensor& tensor) {
    return on_host(tensor.detach()).requires_grad_(tensor.requires_grad());
  };
  const MaybeTensor bias_here = bias && bias->defined() ? MaybeTensor(like(*bias)) : std::nullopt;
  const int64_t choice =
      at::_fused_sdp_choice(like(q), like(k), like(v), bias_here, dropout, causal, scale, grouped);
  const bool fused = choice == static_cast<int64_t>(at::SDPBackend::flash_attention);
  return static_cast<int64_t>(fused ? at::SDPBackend::overrideable : at::SDPBackend::math);
}

// ---- layer norm: a card computes statistics in float32 whatever x and the weights are ----

MaybeTensor wide(const MaybeTensor& tensor, const Tensor& x) {
  const MaybeTensor here = on_host(tensor);
  const bool narrow = x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf;
  return here && narrow ? MaybeTensor(here->to(at::kFloat)) : here;
}

std::tuple<Tensor, Tensor, Tensor> layer_norm(const Tensor& x, at::IntArrayRef shape,
                                              const MaybeTensor& weight, const MaybeTensor& bias,
                                              double eps) {
  const at::AutoDispatchBelowAutograd guard;
  expect_on_device("aten::native_layer_norm", {x, weight, bias});
  count_launch("aten::native_layer_norm");
  const auto [y, mean, inverse] =
      at::native_layer_norm(on_host(x), shape, wide(weight, x), wide(bias, x), eps);
  const c10::DeviceIndex index = x.device().index();
  return {on_device(y, index), on_device(mean.to(at::kFloat), index),
          on_device(inverse.to(at::kFloat), index)};
}

std::tuple<Tensor, Tensor, Tensor> layer_norm_backward(const Tensor& gradient, const Tensor& x,
                                                       at::IntArrayRef shape, const Tensor& mean,
                                                       const Tensor& inverse,
                                                       const MaybeTensor& weight,
                                                       const MaybeTensor& bias,
                                                       std::array<bool, 3> wanted) {
  const at::AutoDispatchBelowAutograd guard;
  expect_on_device("aten::native_layer_norm_backward", {gradient, x, mean, inverse, weight, bias});
  count_launch("aten::native_layer_norm_backward");
  const auto [dx, dweight, dbias] =
      at::native_layer_norm_backward(on_host(gradient), on_host(x), shape, on_host(mean),
                                     on_host(inverse), wide(weight, x), wide(bias, x), wanted);
  const auto like_weight = [&](const Tensor& found) {
    return found.defined() && weight ? found.to(weight->scalar_type()) : found;
  };
  const c10::DeviceIndex index = x.device().index();
  return {on_device(dx, index), on_device(like_weight(dweight), index),
          on_device(like_weight(dbias), index)};
}

// ---- convolution ----

Tensor convolution(const Tensor& x, const Tensor& weight, const MaybeTensor& bias,
                   at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                   bool transposed, at::IntArrayRef output_padding, int64_t groups) {
  const at::AutoDispatchBelowAutograd guard;
  expect_on_device("aten::convolution", {x, weight, bias});
  count_launch("aten::convolution");
  return on_device(at::convolution(on_host(x), on_host(weight), on_host(bias), stride, padding,
                                   dilation, transposed, output_padding, groups),
                   x.device().index());
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(
    const Tensor& gradient, const Tensor& x, const Tensor& weight, at::IntArrayRef stride,
    at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
    at::IntArrayRef output_padding, int64_t groups, std::array<bool, 3> wanted) {
  const at::AutoDispatchBelowAutograd guard;
  expect_on_device("aten::convolution_backward", {gradient, x, weight});
  count_launch("aten::convolution_backward");
  const auto [dx, dweight, dbias] = at::convolution_backward(
      on_host(gradient), on_host(x), on_host(weight), at::IntArrayRef{weight.size(0)}, stride,
      padding, dilation, transposed, output_padding, groups, wanted);
  const c10::DeviceIndex index = x.device().index();
  return {on_device(dx, index), on_device(dweight, index), on_device(dbias, index)};
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_scaled_dot_product_fused_attention_overrideable", attention);
  m.impl("_scaled_dot_product_fused_attention_overrideable_backward", attention_backward);
  m.impl("native_layer_norm", layer_norm);
  m.impl("native_layer_norm_backward", layer_norm_backward);
  m.impl("convolution_overrideable", convolution);
  m.impl("convolution_backward_overrideable", convolution_backward);
}

}  // namespace
}  // namespace pretend

namespace at::native {
REGISTER_PRIVATEUSE1_DISPATCH(_fused_sdp_choice_stub, &pretend::choose_attention);
}
