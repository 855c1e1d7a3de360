// AdamW: moments of the gradient, and weight decay apart from them.
//
//   the update itself is kernels/adamw.h; here: which parameters, and their state
//
//   <i>.m, <i>.v   the two moments, as the parameter
//   <i>.t          [1] updates of this parameter so far: a group that starts to train late gets
//                  its own bias correction, as in torch.optim.AdamW
//
// Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization".

#include "runtime/optim/adamw_update.h"
#include "runtime/optim/parameters.h"

namespace lorarun::optim {
namespace {

class Adamw : public Optimizer {
 public:
  Adamw(const std::vector<Group>& groups, const Json& options)
      : settings_(adamw_options(options)),
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
      Tensor plain = parameter.detach();
      adamw_update(now, parameter.grad().contiguous(), plain, m_[i], v_[i]);
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
