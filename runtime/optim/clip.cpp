#include "runtime/optim/clip.h"

namespace lorarun::optim {
namespace {

constexpr double kEps = 1e-6;

std::vector<Tensor> gradients_of(const std::vector<Group>& groups) {
  std::vector<Tensor> gradients;
  for (const Group& group : groups) {
    if (!group.trains) { continue; }
    for (const Tensor& parameter : group.parameters) {
      if (parameter.grad().defined()) { gradients.push_back(parameter.grad()); }
    }
  }
  return gradients;
}

Tensor norm_of(const std::vector<Tensor>& gradients) {
  const std::vector<Tensor> norms = at::_foreach_norm(gradients, 2);
  return at::linalg_vector_norm(at::stack(norms), 2);
}

}  // namespace

double gradient_norm(const std::vector<Group>& groups) {
  const std::vector<Tensor> gradients = gradients_of(groups);
  return gradients.empty() ? 0.0 : norm_of(gradients).item().toDouble();
}

double clip_gradients(const std::vector<Group>& groups, double max_norm) {
  const at::NoGradGuard no_grad;
  const std::vector<Tensor> gradients = gradients_of(groups);
  if (gradients.empty()) { return 0.0; }
  const Tensor norm = norm_of(gradients);
  if (max_norm > 0.0) {
    const Tensor factor = (norm + kEps).reciprocal_().mul_(max_norm).clamp_max_(1.0);
    at::_foreach_mul_(gradients, factor);
  }
  return norm.item().toDouble();
}

}  // namespace lorarun::optim
