#include "runtime/nn/norm.h"

#include <array>

namespace lorarun::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The CPU's layer norm takes float32 weights beside a bfloat16 input and then keeps float32
// statistics; elsewhere weights and input share a type.
at::ScalarType weight_dtype(const Tensor& x) {
  const bool reduced = x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf;
  return x.is_cpu() && reduced ? at::kFloat : x.scalar_type();
}

// All samples in a batch have their own weight and bias, so the norm runs once for each.
struct ModulatedNorm : torch::autograd::Function<ModulatedNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& scale,
                        const Tensor& shift, double eps) {
    const Tensor weight = scale.to(weight_dtype(x)) + 1.0;
    const Tensor bias = shift.to(weight_dtype(x));
    std::vector<Tensor> y, means, inverses;
    for (int64_t b = 0; b < x.size(0); ++b) {
      auto [normed, mean, inverse] =
          at::native_layer_norm(x.narrow(0, b, 1), {x.size(2)}, weight[b], bias[b], eps);
      y.push_back(normed);
      means.push_back(mean);
      inverses.push_back(inverse);
    }
    context->save_for_backward({x, weight, joined(means), joined(inverses)});
    return joined(y);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3];
    const Tensor gradient = gradients[0].contiguous();
    const std::array<bool, 3> wanted = {context->needs_input_grad(0), context->needs_input_grad(1),
                                        context->needs_input_grad(2)};
    std::array<std::vector<Tensor>, 3> found;
    for (int64_t b = 0; b < x.size(0); ++b) {
      const auto [dx, dweight, dbias] = at::native_layer_norm_backward(
          gradient.narrow(0, b, 1), x.narrow(0, b, 1), {x.size(2)}, mean.narrow(0, b, 1),
          inverse.narrow(0, b, 1), weight[b], at::zeros_like(weight[b]), wanted);
      if (wanted[0]) { found[0].push_back(dx); }
      if (wanted[1]) { found[1].push_back(dweight.unsqueeze(0)); }
      if (wanted[2]) { found[2].push_back(dbias.unsqueeze(0)); }
    }
    variable_list all(4);
    for (size_t i = 0; i < found.size(); ++i) {
      if (wanted[i]) { all[i] = joined(found[i]).to(x.scalar_type()); }
    }
    return all;
  }

  static Tensor joined(const std::vector<Tensor>& samples) {
    return samples.size() == 1 ? samples[0] : at::cat(samples, 0);
  }
};

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        double eps) {
    const Tensor inverse = rms::inverse(x, eps);
    context->save_for_backward({x, weight, inverse});
    return at::mul(x, inverse).mul_(weight).to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &inverse = saved[2];
    const Tensor gradient = gradients[0].to(rms::compute_dtype(x));
    Tensor dx, dweight;
    if (context->needs_input_grad(0)) { dx = rms::gradient_of_input(gradient, x, inverse, weight); }
    if (context->needs_input_grad(1)) {
      dweight = rms::gradient_of_weight(gradient, x, inverse).to(weight.scalar_type());
    }
    return {dx, dweight, Tensor()};
  }
};

}  // namespace

Tensor modulated_norm(const Tensor& x, const Tensor& scale, const Tensor& shift, double eps) {
  return ModulatedNorm::apply(x.contiguous(), scale, shift, eps);
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  return RmsNorm::apply(x, weight, eps);
}

namespace rms {

at::ScalarType compute_dtype(const Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

Tensor inverse(const Tensor& x, double eps) {
  const Tensor length = at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}, true, compute_dtype(x));
  return length.square_().div_(x.size(-1)).add_(eps).rsqrt_();
}

// dx = inverse (g w) - x inverse^3 / D sum(g w x)
Tensor gradient_of_input(const Tensor& gradient, const Tensor& x, const Tensor& inverse,
                         const Tensor& weight) {
  Tensor dx = gradient * weight;
  const Tensor along = (dx * x).sum(-1, true).mul_(inverse.pow(3)).div_(x.size(-1));
  return dx.mul_(inverse).addcmul_(x.to(dx.scalar_type()), along, -1).to(x.scalar_type());
}

Tensor gradient_of_weight(const Tensor& gradient, const Tensor& x, const Tensor& inverse) {
  return (gradient * x).mul_(inverse).reshape({-1, x.size(-1)}).sum(0);
}

}  // namespace rms
}  // namespace lorarun::nn
