#include "runtime/train/loss.h"

#include <numbers>

#include "runtime/base/error.h"

namespace lorarun::train {
namespace {

Tensor distance(const LossLaw& law, const Tensor& prediction, const Tensor& target) {
  if (law.kind == "mse") { return at::mse_loss(prediction, target, at::Reduction::None); }
  if (law.kind == "mae") { return at::l1_loss(prediction, target, at::Reduction::None); }
  if (law.kind == "huber") {
    return at::huber_loss(prediction, target, at::Reduction::None, law.delta);
  }
  throw Error("no loss named '" + law.kind + "'").fix(law.kind, loss_kinds(), "losses");
}

}  // namespace

const std::vector<std::string>& loss_kinds() {
  static const std::vector<std::string> names = {"mse", "mae", "huber"};
  return names;
}

const std::vector<std::string>& loss_weightings() {
  static const std::vector<std::string> names = {"none", "sigma_sqrt", "cosmap"};
  return names;
}

Tensor sample_losses(const LossLaw& law, const Tensor& prediction, const Tensor& target) {
  return distance(law, prediction.to(at::kFloat), target).mean({1, 2, 3});
}

Tensor sigma_weights(const LossLaw& law, const Tensor& sigma) {
  if (law.weighting == "none") { return at::ones_like(sigma); }
  if (law.weighting == "sigma_sqrt") { return sigma.pow(-2.0); }
  if (law.weighting == "cosmap") {
    return 2.0 / (std::numbers::pi * (1 - 2 * sigma + 2 * sigma * sigma));
  }
  throw Error("no loss weighting named '" + law.weighting + "'")
      .fix(law.weighting, loss_weightings(), "weightings");
}

}  // namespace lorarun::train
