#include "runtime/optim/adamw_update.h"

#include "runtime/base/error.h"
#include "runtime/optim/options.h"
#include "runtime/optim/parameters.h"
#include "runtime/tensor/device_ops.h"

namespace lorarun::optim {

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
  adamw(settings, gradient, parameter, m_[i], v_[i]);
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
