#include "runtime/train/first_gradients.h"

#include <algorithm>
#include <limits>

#include "runtime/base/error.h"
#include "runtime/base/nearest.h"
#include "runtime/optim/parameters.h"

namespace lorarun::train {
namespace {

constexpr size_t kNamed = 4;

Error dead_modules(std::vector<std::string> names) {
  const size_t total = names.size();
  names.resize(std::min(total, kNamed));
  return Error(std::to_string(total) +
               " adapters got no gradient in their first step and would train nothing: " +
               join(names, ", "))
      .fix("leave these layers out with network.exclude, or report this as a bug")
      .while_working();
}

}  // namespace

Tensor FirstGradients::look(const networks::Network& network,
                            const std::vector<optim::Group>& groups) {
  std::set<std::string> fresh;
  for (const optim::Group& group : groups) {
    if (group.trains && !seen_.contains(group.name)) { fresh.insert(group.name); }
  }
  looked_at_.clear();
  modules_.clear();
  std::vector<Tensor> gradients;
  for (const networks::Entry& entry : network.entries()) {
    if (!fresh.contains(entry.component)) { continue; }
    modules_.insert(entry.component + "/" + entry.target);
    for (const networks::NamedParameter& one : entry.module->named_parameters()) {
      if (!one.tensor.grad().defined()) { continue; }
      looked_at_.push_back({entry.component, entry.target, entry.module->is_whole()});
      gradients.push_back(one.tensor.grad());
    }
  }
  if (modules_.empty()) { return {}; }
  if (gradients.empty()) { return at::empty({0}, at::TensorOptions(optim::device_of(groups))); }
  return at::stack(at::_foreach_norm(gradients, std::numeric_limits<double>::infinity()));
}

void FirstGradients::expect_some(const std::vector<double>& largest) {
  LR_CHECK(largest.size() == looked_at_.size(), "one number a gradient");
  std::set<std::string> dead = modules_;
  for (size_t i = 0; i < largest.size(); ++i) {
    const Parameter& one = looked_at_[i];
    if (one.rests || largest[i] > 0.0) { dead.erase(one.component + "/" + one.target); }
  }
  if (!dead.empty()) { throw dead_modules({dead.begin(), dead.end()}); }
  for (const std::string& module : modules_) { seen_.insert(module.substr(0, module.find('/'))); }
}

}  // namespace lorarun::train
