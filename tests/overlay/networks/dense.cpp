// The smallest network: a whole matrix beside each frozen layer.
//
//   y = x W^T + b + strength * x D^T        D "delta" [out, in], starts at zero

#include "runtime/networks/registry.h"

namespace lorarun::networks {
namespace {

class Dense : public Module {
 public:
  explicit Dense(const ModuleSpec& spec)
      : delta_(at::zeros({spec.out, spec.in}, at::TensorOptions(at::kFloat).device(spec.device))) {
    delta_.requires_grad_(true);
  }

  Tensor forward(const nn::Linear& base, const Tensor& x) const override {
    const Tensor delta = (delta_ * strength).to(x.scalar_type());
    return base.forward_plain(x) + at::linear(x, delta);
  }

  std::vector<Tensor> parameters() const override { return {delta_}; }
  std::vector<NamedParameter> named_parameters() const override { return {{"delta", delta_}}; }
  double alpha() const override { return static_cast<double>(rank()); }
  int64_t rank() const override { return std::min(delta_.size(0), delta_.size(1)); }
  Tensor delta_weight() const override { return delta_.detach().clone(); }

 private:
  Tensor delta_;
};

}  // namespace

NetworkKind describe_dense() {
  return {.about = "a whole matrix beside each frozen layer",
          .options = {},
          .make = [](const ModuleSpec& spec) { return std::make_unique<Dense>(spec); }};
}

}  // namespace lorarun::networks
