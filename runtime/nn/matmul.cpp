#include "runtime/nn/matmul.h"

#include <ATen/Version.h>

namespace lorarun::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool cpu_multiplies_narrow_types() {
#if defined(__x86_64__)
  return at::get_cpu_capability() == "AVX512";
#else
  return true;
#endif
}

// Widening a weight costs more than multiplying a few rows with it.
constexpr int64_t kFewRows = 8;

bool has_few_rows(const Tensor& x) {
  return x.numel() < kFewRows * x.size(-1);
}

std::optional<Tensor> widened(const std::optional<Tensor>& tensor) {
  return tensor && tensor->defined() ? std::optional<Tensor>(tensor->to(at::kFloat)) : std::nullopt;
}

// y = x W^T + b by way of float32.
struct WideLinear : torch::autograd::Function<WideLinear> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const std::optional<Tensor>& bias) {
    context->save_for_backward({weight.requires_grad() ? x : Tensor(), weight});
    context->saved_data["has_bias"] = bias.has_value();
    return at::linear(x.to(at::kFloat), weight.to(at::kFloat), widened(bias)).to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const at::ScalarType dtype = weight.scalar_type();
    const Tensor dy = gradients[0].to(at::kFloat);
    const Tensor dy_rows = dy.reshape({-1, weight.size(0)});
    Tensor dx, dweight, dbias;
    if (context->needs_input_grad(0)) { dx = at::matmul(dy, weight.to(at::kFloat)).to(dtype); }
    if (context->needs_input_grad(1)) {
      dweight = at::mm(dy_rows.t(), x.reshape({-1, x.size(-1)}).to(at::kFloat)).to(dtype);
    }
    if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(2)) {
      dbias = dy_rows.sum(0).to(dtype);
    }
    return {dx, dweight, dbias};
  }
};

}  // namespace

at::ScalarType product_dtype(const Tensor& x) {
  static const bool narrow_is_fast = cpu_multiplies_narrow_types();
  const bool narrow = x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf;
  return narrow && x.is_cpu() && !narrow_is_fast ? at::kFloat : x.scalar_type();
}

Tensor fast_linear(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias) {
  const bool wide = product_dtype(x) != x.scalar_type() && !has_few_rows(x);
  return wide ? WideLinear::apply(x, weight, bias) : at::linear(x, weight, bias);
}

}  // namespace lorarun::nn
