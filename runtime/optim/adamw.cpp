// AdamW: moments of the gradient, and weight decay apart from them.
//
//   the update itself is kernels/adamw.h; here: which parameters, and their state
//
//   <i>.m, <i>.v   the two moments, as the parameter
//   <i>.t          [1] updates of this parameter so far: a group that starts to train late gets
//                  its own bias correction, as in torch.optim.AdamW
//
// Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization".

#include <cmath>

#include "kernels/adamw.h"
#include "runtime/base/error.h"
#include "runtime/optim/options.h"
#include "runtime/optim/parameters.h"

namespace lorarun::optim {
namespace {

AdamwStep read_options(const Json& options) {
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

class Adamw : public Optimizer {
 public:
  Adamw(const std::vector<Group>& groups, const Json& options)
      : settings_(read_options(options)),
        m_(zeros_like_parameters(groups)),
        v_(zeros_like_parameters(groups)) {
    for (size_t i = 0; i < m_.size(); ++i) { updates_.push_back(at::zeros({1}, at::kFloat)); }
  }

  void step(std::vector<Group>& groups, int64_t) override {
    const at::NoGradGuard no_grad;
    for_each_trained(groups, [this](size_t i, Tensor& parameter, double lr) {
      updates_[i].add_(1);
      AdamwStep now = settings_;
      now.step = updates_[i].item().toLong();
      now.learning_rate = lr;
      update(now, i, parameter);
    });
  }

  std::map<std::string, Tensor> state() const override {
    std::map<std::string, Tensor> all;
    put_state(all, "m", m_);
    put_state(all, "v", v_);
    put_state(all, "t", updates_);
    return all;
  }

  void load_state(const std::map<std::string, Tensor>& state) override {
    const at::NoGradGuard no_grad;
    take_state(state, "m", m_);
    take_state(state, "v", v_);
    take_state(state, "t", updates_);
  }

 private:
  void update(const AdamwStep& now, size_t i, Tensor& parameter) {
    const Tensor gradient = parameter.grad().contiguous();
    Tensor plain = parameter.detach();
    if (is_plain(plain) && is_plain(gradient)) {
      adamw(now, floats(gradient), floats(plain), floats(m_[i]), floats(v_[i]));
    } else {
      adamw_by_tensors(now, gradient, plain, m_[i], v_[i]);
    }
  }

  AdamwStep settings_;
  std::vector<Tensor> m_, v_, updates_;
};

}  // namespace

OptimizerKind describe_adamw() {
  return {.about = "Adam with decoupled weight decay",
          .options = {"lr", "weight_decay", "betas", "eps"},
          .make = [](const std::vector<Group>& groups, const Json& options) {
            return std::make_unique<Adamw>(groups, options);
          }};
}

}  // namespace lorarun::optim
