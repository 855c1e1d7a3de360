// Muon: a matrix moves by its momentum made orthogonal, so that no direction of it starves.
//
//   m = lerp(m, g, 1 - momentum)          u = lerp(g, m, momentum)
//   p -= lr * weight_decay * p + lr * 0.2 sqrt(max(rows, columns)) * orthogonal(u)
//
// The factor gives the update the size of AdamW's, so a rate that suits AdamW suits Muon.  A
// convolution is a matrix of its output channels.  What is no matrix (biases, norms) moves by AdamW
// with the same rate, `betas` and `eps`.
//
//   <i>.m          momentum, as the parameter; of a vector AdamW's first moment
//   <i>.v, <i>.t   AdamW's second moment and count of updates of a vector; [1] and unused of a
//   matrix
//
// Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; the factor
// from Liu et al. 2025, "Muon is scalable for LLM training".  Equal to torch.optim.Muon with
// adjust_lr_fn = "match_rms_adamw", in float32 where torch rounds to bfloat16.

#include <algorithm>
#include <cmath>

#include "runtime/optim/adamw_update.h"
#include "runtime/optim/options.h"
#include "runtime/optim/parameters.h"

namespace lorarun::optim {
namespace {

constexpr double kAdamwRms = 0.2;
constexpr double kEps = 1e-7;
constexpr int kIterations = 5;

bool is_matrix(const Tensor& parameter) {
  return parameter.dim() >= 2 && parameter.size(0) > 1 && parameter.numel() > parameter.size(0);
}

// The orthogonal factor of a [rows, columns] matrix, its singular values between 0.7 and 1.2 or so:
// a quintic Newton-Schulz iteration whose slope at zero is steep.
Tensor orthogonal(const Tensor& matrix) {
  const bool tall = matrix.size(0) > matrix.size(1);
  Tensor x = tall ? matrix.t() : matrix;
  x = x / x.norm().clamp_min(kEps);
  for (int i = 0; i < kIterations; ++i) {
    const Tensor gram = x.mm(x.t());
    x = at::addmm(x, at::addmm(gram, gram, gram, -4.7750, 2.0315), x, 3.4445);
  }
  return tall ? x.t() : x;
}

// As zeros_like_parameters, but [1] for each matrix.
std::vector<Tensor> zeros_for_vectors(const std::vector<Group>& groups) {
  std::vector<Tensor> zeros;
  for (const Tensor& like : zeros_like_parameters(groups)) {
    zeros.push_back(is_matrix(like) ? at::zeros({1}, like.options()) : like);
  }
  return zeros;
}

class Muon : public Optimizer {
 public:
  Muon(const std::vector<Group>& groups, const Json& options)
      : adamw_(adamw_options(options)),
        momentum_(number_option(options, "momentum", 0.95, 0.0, 1.0 - 1e-9)),
        moments_(zeros_like_parameters(groups), zeros_for_vectors(groups)) {}

  void step(std::vector<Group>& groups, int64_t) override {
    const at::NoGradGuard no_grad;
    for_each_trained(groups, [this](size_t i, Tensor& parameter, double lr) {
      Tensor plain = parameter.detach();
      const Tensor gradient = parameter.grad().contiguous();
      if (is_matrix(plain)) {
        move_matrix(moments_.first(i), gradient, lr, plain);
      } else {
        moments_.update(i, adamw_, lr, gradient, plain);
      }
    });
  }

  std::map<std::string, Tensor> state() const override { return moments_.state(); }
  void load_state(const std::map<std::string, Tensor>& state) override {
    moments_.load_state(state);
  }

 private:
  void move_matrix(Tensor& m, const Tensor& gradient, double lr, Tensor& parameter) const {
    m.lerp_(gradient, 1.0 - momentum_);
    const Tensor update = gradient.lerp(m, momentum_);
    const Tensor matrix = update.reshape({update.size(0), -1});
    const auto longer = static_cast<double>(std::max(matrix.size(0), matrix.size(1)));
    parameter.mul_(1.0 - lr * adamw_.weight_decay);
    parameter.sub_(orthogonal(matrix).reshape(parameter.sizes()),
                   lr * kAdamwRms * std::sqrt(longer));
  }

  AdamwStep adamw_;
  double momentum_;
  AdamwMoments moments_;
};

}  // namespace

OptimizerKind describe_muon() {
  return {.about = "momentum made orthogonal for matrices, AdamW for the rest",
          .options = {"lr", "momentum", "weight_decay", "betas", "eps"},
          .make = [](const std::vector<Group>& groups, const Json& options) {
            return std::make_unique<Muon>(groups, options);
          }};
}

}  // namespace lorarun::optim
