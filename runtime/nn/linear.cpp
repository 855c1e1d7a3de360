#include "runtime/nn/linear.h"

#include "runtime/nn/matmul.h"

namespace lorarun::nn {

Tensor Linear::forward(const Tensor& x) const {
  return adapter ? adapter->forward(*this, x) : forward_plain(x);
}

Tensor Linear::forward_plain(const Tensor& x) const {
  return fast_linear(x, weight, bias.defined() ? std::optional<Tensor>(bias) : std::nullopt);
}

Linear take_linear(Weights& weights, const std::string& name, int64_t in, int64_t out,
                   bool with_bias) {
  Linear layer;
  layer.name = name;
  layer.weight = weights.take(name + ".weight", {out, in});
  if (with_bias) { layer.bias = weights.take(name + ".bias", {out}); }
  return layer;
}

std::vector<Tensor> adapter_parameters(const std::vector<const Linear*>& layers) {
  std::vector<Tensor> all;
  for (const Linear* layer : layers) {
    if (!layer->adapter) { continue; }
    for (const Tensor& parameter : layer->adapter->parameters()) { all.push_back(parameter); }
  }
  return all;
}

}  // namespace lorarun::nn
