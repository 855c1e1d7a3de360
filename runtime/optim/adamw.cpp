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
        moments_(zeros_like_parameters(groups), zeros_like_parameters(groups)) {}

  void step(std::vector<Group>& groups, int64_t) override {
    const at::NoGradGuard no_grad;
    for_each_trained(groups, [this](size_t i, Tensor& parameter, double lr) {
      Tensor plain = parameter.detach();
      moments_.update(i, settings_, lr, parameter.grad().contiguous(), plain);
    });
  }

  std::map<std::string, Tensor> state() const override { return moments_.state(); }
  void load_state(const std::map<std::string, Tensor>& state) override {
    moments_.load_state(state);
  }

 private:
  AdamwStep settings_;
  AdamwMoments moments_;
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
