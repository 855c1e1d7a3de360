#include "runtime/nn/recompute.h"

#include "runtime/base/error.h"

namespace lorarun::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// The body travels through the node as a custom class holder, the number of inputs as an integer.
struct Call : torch::CustomClassHolder {
  explicit Call(Block b) : body(std::move(b)) {}
  Block body;
};

// Inputs that autograd may follow: detached from the outer graph, wanting a gradient where the
// outer ones do.
variable_list fresh_leaves(const variable_list& saved, size_t n_inputs) {
  variable_list leaves;
  for (size_t i = 0; i < n_inputs; ++i) {
    leaves.push_back(saved[i].detach().requires_grad_(saved[i].requires_grad()));
  }
  return leaves;
}

struct Recompute : torch::autograd::Function<Recompute> {
  static variable_list forward(AutogradContext* context, c10::intrusive_ptr<Call> call,
                               int64_t n_inputs, at::TensorList inputs_and_parameters) {
    const variable_list all = inputs_and_parameters.vec();
    context->save_for_backward(all);
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    context->saved_data["n_inputs"] = n_inputs;
    const at::AutoGradMode off(false);
    return call->body({all.begin(), all.begin() + n_inputs});
  }

  static variable_list backward(AutogradContext* context, variable_list output_gradients) {
    const variable_list saved = context->get_saved_variables();
    const auto n_inputs = static_cast<size_t>(context->saved_data["n_inputs"].toInt());
    const auto call =
        c10::static_intrusive_pointer_cast<Call>(context->saved_data["call"].toCapsule());

    const at::AutoGradMode on(true);
    variable_list leaves = fresh_leaves(saved, n_inputs);
    const variable_list outputs = call->body(leaves);
    leaves.insert(leaves.end(), saved.begin() + static_cast<std::ptrdiff_t>(n_inputs), saved.end());

    variable_list roots, root_gradients;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!output_gradients[i].defined() || !outputs[i].requires_grad()) { continue; }
      roots.push_back(outputs[i]);
      root_gradients.push_back(output_gradients[i]);
    }
    variable_list wanted;
    for (const Tensor& leaf : leaves) {
      if (leaf.requires_grad()) { wanted.push_back(leaf); }
    }
    if (roots.empty()) { return variable_list(leaves.size() + 2); }
    const variable_list found =
        torch::autograd::grad(roots, wanted, root_gradients, /*retain_graph=*/false,
                              /*create_graph=*/false, /*allow_unused=*/true);
    variable_list gradients = {Tensor(), Tensor()};  // for `call` and `n_inputs`
    size_t next = 0;
    for (const Tensor& leaf : leaves) {
      gradients.push_back(leaf.requires_grad() ? found[next++] : Tensor());
    }
    return gradients;
  }
};

}  // namespace

std::vector<Tensor> recompute(bool enabled, Block body, const std::vector<Tensor>& inputs,
                              const std::vector<Tensor>& parameters) {
  if (!enabled || !at::GradMode::is_enabled()) { return body(inputs); }
  std::vector<Tensor> all = inputs;
  all.insert(all.end(), parameters.begin(), parameters.end());
  const auto call = c10::make_intrusive<Call>(std::move(body));
  return Recompute::apply(call, static_cast<int64_t>(inputs.size()), at::TensorList(all));
}

}  // namespace lorarun::nn
