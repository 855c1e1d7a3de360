// The kinds of networks: one file each in this folder, by the file's name.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/registry.h"
#include "runtime/nn/linear.h"

namespace lorarun::networks {

// Where dropout masks come from: set by the trainer before each micro-batch.
// Masks are keyed by (seed, "dropout/<target>", step, sample).
struct DropoutClock {
  bool training = false;  // false: no dropout (rendering, evaluation)
  uint64_t seed = 0;
  uint32_t step = 0;
  uint32_t first_sample = 0;  // index of the micro-batch's first row in the step's whole batch
  std::optional<double> dropout = {};  // this step's, in place of the modules' own
};

struct NamedParameter {
  std::string name;  // "down", "up"
  Tensor tensor;     // float32 leaf
};

// One adapted layer.
class Module : public nn::Adapter {
 public:
  virtual std::vector<NamedParameter> named_parameters() const = 0;
  virtual double alpha() const = 0;
  virtual int64_t rank() const = 0;

  // The change of the weight that this module stands for, [out, in] float32, at strength 1.
  // Throws Error for a kind that keeps no start to compare with.
  virtual Tensor delta_weight() const = 0;

  // True when the parameters are the model's own weights, not a change beside them: such a module
  // may rest at first (a gate of 0 lets no gradient through) and stands in no layer's slot.
  virtual bool is_whole() const { return false; }

  // Hash of the parameters, alpha and strength; "" while the module changes nothing.
  std::string change_key() const override;

  // Factor on the module's change: 1 in training; sampling may set another.
  double strength = 1.0;
};

// What a kind needs to make the module of one layer.
struct ModuleSpec {
  std::string target;  // "transformer_blocks.0.attn.to_q": names the streams init/<target>,
                       // dropout/<target>
  int64_t in = 0, out = 0;
  at::Device device = at::kCPU;
  uint64_t seed = 0;
  Json options;  // the recipe's table: rank, alpha, dropout, …, already checked
  std::shared_ptr<const DropoutClock> clock;
};

// What a kind needs that trains the model's own weights: those of one module.
struct WholeSpec {
  std::string component, target;           // "transformer", "transformer_blocks.0.attn.to_q"
  std::vector<NamedParameter> parameters;  // the model's tensors: "weight", "bias"
  uint64_t seed = 0;
  Json options;
};

// A kind has one of the two makers.
struct NetworkKind {
  std::string about;                 // one line for --help
  std::vector<std::string> options;  // keys of the recipe's table that this kind reads
  std::function<std::unique_ptr<Module>(const ModuleSpec&)> make;  // beside a frozen layer
  std::function<std::unique_ptr<Module>(const WholeSpec&)> make_whole = {};  // in its place
};

const Registry<NetworkKind>& registry();  // generated

}  // namespace lorarun::networks
