// A module that gets no gradient in its group's first step trains nothing: a broken graph, not bad
// luck.  The step in which a group trains for the first time looks at all its modules.
//
// Looking leaves the largest gradients on the device; they are read with the step's other numbers.

#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/networks/network.h"
#include "runtime/optim/registry.h"

namespace lorarun::train {

class FirstGradients {
 public:
  // The largest gradient of each parameter [n] of the groups that train and were not seen yet;
  // undefined when there is none.
  Tensor look(const networks::Network& network, const std::vector<optim::Group>& groups);

  // Compares what look() gave.  Throws Error that names the modules without a gradient.
  void expect_some(const std::vector<double>& largest);

 private:
  struct Parameter {
    std::string component, target;
    bool rests;  // may have a gradient of zeros (networks::Module::is_whole)
  };

  std::set<std::string> seen_;        // groups whose modules were seen to get gradients
  std::vector<Parameter> looked_at_;  // with a gradient, in the order of look()
  std::set<std::string> modules_;     // "component/target" of all that look() met
};

}  // namespace lorarun::train
