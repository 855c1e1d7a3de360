#include "runtime/optim/adamw_update.h"

#include <cmath>

#include "runtime/base/error.h"
#include "runtime/optim/options.h"
#include "runtime/optim/parameters.h"

namespace lorarun::optim {

namespace {

bool is_plain(const Tensor& tensor) {
  return tensor.is_cpu() && tensor.is_contiguous() && tensor.scalar_type() == at::kFloat;
}

// The kernel's arithmetic by tensor operations: for other devices.
void adamw_by_tensors(const AdamwStep& step, const Tensor& gradient, Tensor& parameter, Tensor& m,
                      Tensor& v) {
  const auto t = static_cast<double>(step.step);
  parameter.mul_(1.0 - step.learning_rate * step.weight_decay);
  m.lerp_(gradient, 1.0 - step.beta1);
  v.mul_(step.beta2).addcmul_(gradient, gradient, 1.0 - step.beta2);
  const Tensor scale = v.sqrt().div_(std::sqrt(1.0 - std::pow(step.beta2, t))).add_(step.eps);
  parameter.addcdiv_(m, scale, -step.learning_rate / (1.0 - std::pow(step.beta1, t)));
}

}  // namespace

AdamwStep adamw_options(const Json& options) {
  AdamwStep settings;
  settings.weight_decay = number_option(options, "weight_decay", 0.01, 0.0, 1e6);
  settings.eps = number_option(options, "eps", 1e-8, 0.0, 1.0);
  if (!options.contains("betas")) { return settings; }
  const Json& betas = options["betas"];
  if (!betas.is_array() || betas.size() != 2) {
    throw Error("betas must be two numbers, not " + betas.dump())
        .where("optimizer.betas")
        .fix("betas = { 0.9, 0.999 }");
  }
  const Json named = {{"betas[1]", betas[0]}, {"betas[2]", betas[1]}};
  constexpr double kBelowOne = 1.0 - 1e-9;
  settings.beta1 = number_option(named, "betas[1]", 0.9, 0.0, kBelowOne);
  settings.beta2 = number_option(named, "betas[2]", 0.999, 0.0, kBelowOne);
  return settings;
}

AdamwMoments::AdamwMoments(std::vector<Tensor> m, std::vector<Tensor> v)
    : m_(std::move(m)), v_(std::move(v)) {
  for (size_t i = 0; i < m_.size(); ++i) { updates_.push_back(at::zeros({1}, at::kFloat)); }
}

void AdamwMoments::update(size_t i, AdamwStep settings, double lr, const Tensor& gradient,
                          Tensor& parameter) {
  updates_[i].add_(1);
  settings.step = updates_[i].item().toLong();
  settings.learning_rate = lr;
  if (is_plain(parameter) && is_plain(gradient)) {
    adamw(settings, floats(gradient), floats(parameter), floats(m_[i]), floats(v_[i]));
  } else {
    adamw_by_tensors(settings, gradient, parameter, m_[i], v_[i]);
  }
}

std::map<std::string, Tensor> AdamwMoments::state() const {
  std::map<std::string, Tensor> all;
  put_state(all, "m", m_);
  put_state(all, "v", v_);
  put_state(all, "t", updates_);
  return all;
}

void AdamwMoments::load_state(const std::map<std::string, Tensor>& state) {
  const at::NoGradGuard no_grad;
  take_state(state, "m", m_);
  take_state(state, "v", v_);
  take_state(state, "t", updates_);
}

}  // namespace lorarun::optim
