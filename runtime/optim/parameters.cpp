#include "runtime/optim/parameters.h"

#include "runtime/base/error.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::optim {

at::Device device_of(const std::vector<Group>& groups) {
  for (const Group& group : groups) {
    if (!group.parameters.empty()) { return group.parameters.front().device(); }
  }
  return at::kCPU;
}

std::vector<Tensor> zeros_like_parameters(const std::vector<Group>& groups) {
  std::vector<Tensor> zeros;
  for (const Group& group : groups) {
    for (const Tensor& parameter : group.parameters) {
      zeros.push_back(at::zeros_like(parameter.detach(), at::MemoryFormat::Contiguous));
    }
  }
  return zeros;
}

void put_state(std::map<std::string, Tensor>& state, const std::string& name,
               const std::vector<Tensor>& list) {
  for (size_t i = 0; i < list.size(); ++i) { state[std::to_string(i) + "." + name] = list[i]; }
}

void take_state(const std::map<std::string, Tensor>& state, const std::string& name,
                std::vector<Tensor>& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string key = std::to_string(i) + "." + name;
    const auto at = state.find(key);
    if (at == state.end()) { throw Error("the optimizer's state lacks '" + key + "'"); }
    if (at->second.sizes() != list[i].sizes()) {
      throw Error("the optimizer's state '" + key + "' has shape " +
                  shape_text(at->second.sizes()) + "; the parameter has " +
                  shape_text(list[i].sizes()));
    }
    list[i].copy_(at->second);
  }
}

}  // namespace lorarun::optim
