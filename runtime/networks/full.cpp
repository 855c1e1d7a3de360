// Full training: no layer is adapted; the model's own weights are the leaves.
//
//   components   which parts of the model train: { "transformer" } when absent, or { "vae" }
//   start        "base" goes on from the base's weights, "random" from keyed random numbers
//   init         factors on the random numbers by pattern, 0 for zeros: { ["proj_out"] = 0 }
//
// The leaves are float32 and are the very tensors that the model computes with: the storage of each
// is replaced, so that nothing of the mapped file is written to and every holder sees the change.

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/networks/network.h"
#include "runtime/networks/registry.h"
#include "runtime/nn/weights.h"

namespace lorarun::networks {
namespace {

bool starts_random(const Json& options) {
  const std::string start = options.value("start", "base");
  if (start != "base" && start != "random") {
    throw Error("a start named '" + start + "'")
        .where("network.start")
        .fix(start, {"base", "random"}, "starts");
  }
  return start == "random";
}

// The product of the factors whose pattern names the tensor.
double init_factor(const Json& options, const std::string& name) {
  double factor = 1.0;
  const Json factors = options.value("init", Json::object());
  for (const auto& [pattern, value] : factors.items()) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      throw Error("the factor of '" + pattern + "' is " + value.dump())
          .where("network.init")
          .fix("a finite number; 0 starts from zeros");
    }
    if (matches(name, pattern)) { factor *= value.get<double>(); }
  }
  return factor;
}

// Makes a tensor of the model a float32 leaf with storage of its own.
void make_leaf(const WholeSpec& spec, const NamedParameter& one) {
  Tensor leaf = one.tensor;
  const std::string name = spec.target + "." + one.name;
  if (leaf.scalar_type() != at::kFloat) {
    throw Error(std::string("all weights of '") + spec.component +
                "' train, but they are loaded as " + at::toString(leaf.scalar_type()))
        .where("network")
        .fix("set model.dtype (vae_dtype for the VAE, text_dtype for text encoders) to float32");
  }
  Tensor values = starts_random(spec.options)
                      ? nn::random_weight(spec.seed, "init/" + spec.component, name, leaf.sizes())
                            .mul_(init_factor(spec.options, name))
                      : leaf.detach().clone();
  leaf.set_data(values.to(leaf.device()).contiguous());
  leaf.requires_grad_(true);
}

// The weights of one module of the model.
class Full : public Module {
 public:
  explicit Full(const WholeSpec& spec) : parameters_(spec.parameters) {
    const at::NoGradGuard none;
    for (const NamedParameter& one : parameters_) { make_leaf(spec, one); }
  }

  Tensor forward(const nn::Linear& base, const Tensor& x) const override {
    return base.forward_plain(x);
  }
  std::vector<Tensor> parameters() const override {
    std::vector<Tensor> all;
    for (const NamedParameter& one : parameters_) { all.push_back(one.tensor); }
    return all;
  }
  std::vector<NamedParameter> named_parameters() const override { return parameters_; }
  double alpha() const override { return 1.0; }
  int64_t rank() const override { return 0; }
  bool is_whole() const override { return true; }

  Tensor delta_weight() const override {
    throw Error("a full network keeps no copy of the weights that it began with")
        .fix("compare its parameters with those of the base: network:parameters()");
  }

 private:
  std::vector<NamedParameter> parameters_;
};

}  // namespace

NetworkKind describe_full() {
  return {.about = "all weights of the chosen components",
          .options = {"components", "start", "init"},
          .make = nullptr,
          .make_whole = [](const WholeSpec& spec) { return std::make_unique<Full>(spec); }};
}

}  // namespace lorarun::networks
