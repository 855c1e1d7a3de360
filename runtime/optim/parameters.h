// The parameters of all groups in one numbered list: what optimizers keep their state by.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/optim/registry.h"

namespace lorarun::optim {

// Where the parameters are; the CPU where there is none.
at::Device device_of(const std::vector<Group>& groups);

// One zero tensor per parameter of all groups, in order.
std::vector<Tensor> zeros_like_parameters(const std::vector<Group>& groups);

// Calls update(index, parameter, lr) for each parameter that trains and has a gradient.
template <typename Update>
void for_each_trained(std::vector<Group>& groups, const Update& update) {
  size_t index = 0;
  for (Group& group : groups) {
    for (size_t i = 0; i < group.parameters.size(); ++i, ++index) {
      Tensor& parameter = group.parameters[i];
      if (!group.trains || !parameter.grad().defined()) { continue; }
      update(index, parameter, group.factors.empty() ? group.lr : group.lr * group.factors[i]);
    }
  }
}

// Puts a list into a state as "<index>.<name>", and takes it back: every entry is copied into the
// tensor that stands there.  Throws Error for a missing entry and for another shape.
void put_state(std::map<std::string, Tensor>& state, const std::string& name,
               const std::vector<Tensor>& list);
void take_state(const std::map<std::string, Tensor>& state, const std::string& name,
                std::vector<Tensor>& list);

}  // namespace lorarun::optim
