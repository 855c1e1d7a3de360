#include "runtime/nn/rope.h"

#include <numeric>

#include "runtime/nn/norm.h"

namespace lorarun::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Turns `x` [B, S, H, K], which is contiguous and ours, where it lies.
Tensor turn_in_place(const Tensor& x, const Tensor& table) {
  std::vector<int64_t> pairs = x.sizes().vec();
  pairs.back() /= 2;
  pairs.push_back(2);
  at::view_as_complex(x.view(pairs)).mul_(table.unsqueeze(1));
  return x;
}

// A contiguous copy of x in the type that angles are computed in.
Tensor working_copy(const Tensor& x) {
  return x.to(x.options().dtype(rms::compute_dtype(x)), false, /*copy=*/true,
              at::MemoryFormat::Contiguous);
}

Tensor turned_back(const Tensor& gradient, const Tensor& table) {
  return turn_in_place(working_copy(gradient), at::conj_physical(table));
}

struct Rope : torch::autograd::Function<Rope> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& table) {
    context->save_for_backward({table});
    return turn_in_place(working_copy(x), table).to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const Tensor table = context->get_saved_variables()[0];
    return {turned_back(gradients[0], table).to(gradients[0].scalar_type()), Tensor()};
  }
};

// Inputs as autograd sees them: x_0, weight_0, x_1, weight_1, ….
struct NormAndRope : torch::autograd::Function<NormAndRope> {
  static Tensor forward(AutogradContext* context, at::TensorList parts, const Tensor& table,
                        double eps) {
    variable_list saved = parts.vec();
    std::vector<int64_t> shape = parts[0].sizes().vec();
    shape[1] = table.size(0);
    const Tensor y = at::empty(shape, parts[0].options().dtype(rms::compute_dtype(parts[0])));
    int64_t first = 0;
    for (size_t i = 0; i < parts.size(); i += 2) {
      const Tensor &x = parts[i], &weight = parts[i + 1];
      const Tensor inverse = rms::inverse(x, eps);
      Tensor place = y.narrow(1, first, x.size(1));
      at::mul_out(place, x, inverse).mul_(weight);
      saved.push_back(inverse);
      first += x.size(1);
    }
    saved.push_back(table);
    context->save_for_backward(saved);
    return turn_in_place(y, table).to(parts[0].scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const size_t n_parts = (saved.size() - 1) / 3;
    const Tensor gradient = turned_back(gradients[0], saved.back());
    variable_list found(2 * n_parts + 2);  // and none for the table and eps
    int64_t first = 0;
    for (size_t i = 0; i < n_parts; ++i) {
      const Tensor &x = saved[2 * i], &weight = saved[2 * i + 1], &inverse = saved[2 * n_parts + i];
      const Tensor own = gradient.narrow(1, first, x.size(1));
      if (context->needs_input_grad(2 * i)) {
        found[2 * i] = rms::gradient_of_input(own, x, inverse, weight);
      }
      if (context->needs_input_grad(2 * i + 1)) {
        found[2 * i + 1] = rms::gradient_of_weight(own, x, inverse).to(weight.scalar_type());
      }
      first += x.size(1);
    }
    return found;
  }
};

}  // namespace

Tensor rope_table(const Tensor& positions, const std::vector<int64_t>& axes_dims, double theta) {
  std::vector<Tensor> angles;
  for (size_t axis = 0; axis < axes_dims.size(); ++axis) {
    const Tensor exponents =
        at::arange(0, axes_dims[axis], 2, at::TensorOptions(at::kDouble)) / axes_dims[axis];
    const Tensor speeds = at::pow(theta, exponents).reciprocal();
    angles.push_back(
        at::outer(positions.select(1, static_cast<int64_t>(axis)).to(at::kDouble), speeds));
  }
  const Tensor all = at::cat(angles, 1);
  return at::complex(all.cos().to(at::kFloat), all.sin().to(at::kFloat));
}

Tensor rope(const Tensor& x, const Tensor& table) {
  return Rope::apply(x, table);
}

Tensor norm_and_rope(const std::vector<HeadsPart>& parts, const Tensor& table, double eps) {
  variable_list inputs;
  for (const HeadsPart& part : parts) {
    inputs.push_back(part.x);
    inputs.push_back(part.weight);
  }
  return NormAndRope::apply(at::TensorList(inputs), table, eps);
}

}  // namespace lorarun::nn
