#include "runtime/optim/clip.h"

#include "runtime/optim/parameters.h"

namespace lorarun::optim {
namespace {

constexpr float kEps = 1e-6F;

void add_gradients(const Group& group, std::vector<Tensor>& gradients) {
  if (!group.trains) { return; }
  for (const Tensor& parameter : group.parameters) {
    if (parameter.grad().defined()) { gradients.push_back(parameter.grad()); }
  }
}

std::vector<Tensor> gradients_of(const std::vector<Group>& groups) {
  std::vector<Tensor> gradients;
  for (const Group& group : groups) { add_gradients(group, gradients); }
  return gradients;
}

Tensor norm_of(const std::vector<Tensor>& gradients, at::Device device) {
  if (gradients.empty()) { return at::zeros({}, at::TensorOptions(at::kFloat).device(device)); }
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)), 2);
}

}  // namespace

Tensor gradient_norm(const std::vector<Group>& groups) {
  return norm_of(gradients_of(groups), device_of(groups));
}

Tensor gradient_norm(const Group& group) {
  std::vector<Tensor> gradients;
  add_gradients(group, gradients);
  return norm_of(gradients, device_of({group}));
}

void scale_gradients(const std::vector<Group>& groups, double norm, double max_norm) {
  if (max_norm <= 0.0) { return; }
  const at::NoGradGuard no_grad;
  const float factor = 1.0F / (static_cast<float>(norm) + kEps) * static_cast<float>(max_norm);
  if (factor < 1.0F) { at::_foreach_mul_(gradients_of(groups), factor); }
}

double clip_gradients(const std::vector<Group>& groups, double max_norm) {
  const double norm = gradient_norm(groups).item().toDouble();
  scale_gradients(groups, norm, max_norm);
  return norm;
}

}  // namespace lorarun::optim
