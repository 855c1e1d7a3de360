// Stochastic gradient descent with momentum, as torch.optim.SGD.
//
//   g' = g + weight_decay * p        m = momentum * m + g'        p -= lr * m
//
//   <i>.m   the momentum, as the parameter

#include "runtime/optim/options.h"
#include "runtime/optim/parameters.h"

namespace lorarun::optim {
namespace {

class Sgd : public Optimizer {
 public:
  Sgd(const std::vector<Group>& groups, const Json& options)
      : momentum_(number_option(options, "momentum", 0.9, 0.0, 1.0)),
        weight_decay_(number_option(options, "weight_decay", 0.0, 0.0, 1e6)),
        m_(zeros_like_parameters(groups)) {}

  void step(std::vector<Group>& groups, int64_t) override {
    const at::NoGradGuard no_grad;
    for_each_trained(groups, [this](size_t i, Tensor& parameter, double lr) {
      m_[i].mul_(momentum_).add_(parameter.grad()).add_(parameter, weight_decay_);
      parameter.sub_(m_[i], lr);
    });
  }

  std::map<std::string, Tensor> state() const override {
    std::map<std::string, Tensor> all;
    put_state(all, "m", m_);
    return all;
  }

  void load_state(const std::map<std::string, Tensor>& state) override {
    const at::NoGradGuard no_grad;
    take_state(state, "m", m_);
  }

 private:
  double momentum_, weight_decay_;
  std::vector<Tensor> m_;
};

}  // namespace

OptimizerKind describe_sgd() {
  return {.about = "gradient descent with momentum",
          .options = {"lr", "momentum", "weight_decay"},
          .make = [](const std::vector<Group>& groups, const Json& options) {
            return std::make_unique<Sgd>(groups, options);
          }};
}

}  // namespace lorarun::optim
