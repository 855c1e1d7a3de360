// Optimizers: one file each in this folder, by the file's name.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/registry.h"
#include "runtime/tensor/torch.h"

namespace lorarun::optim {

// Parameters that share a learning rate: "transformer", "clip_l", "t5".
struct Group {
  std::string name;
  std::vector<Tensor> parameters;  // float32 leaves
  double lr = 0.0;                 // of this step; 0 leaves the parameters exactly as they are
  bool trains = true;              // false: skipped, and its moments do not move
  std::vector<double> factors;     // on lr, one for each parameter; empty: all 1
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // One update from the parameters' .grad(); `step` counts from 1.
  virtual void step(std::vector<Group>& groups, int64_t step) = 0;

  // State by "<index of parameter>.<m|v|…>": float32 tensors, for checkpoints.
  virtual std::map<std::string, Tensor> state() const = 0;
  virtual void load_state(const std::map<std::string, Tensor>& state) = 0;
};

struct OptimizerKind {
  std::string about;
  std::vector<std::string> options;  // keys of the recipe's table that this kind reads
  std::function<std::unique_ptr<Optimizer>(const std::vector<Group>&, const Json& options)> make;
};

const Registry<OptimizerKind>& registry();  // generated

}  // namespace lorarun::optim
