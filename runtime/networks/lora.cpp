// LoRA (Hu et al. 2022): a change of low rank beside a frozen layer.
//
//   y = x W^T + b + s ((x A^T) * mask) B^T        A "down" [r, in], B "up" [out, r]
//   s = strength * alpha / rank
//
// A starts keyed and uniform, B at zero, so training starts from the base model.
// A and B are float32 leaves, used in x's type.  Dropout acts on the r inner
// values: a mask of [tokens, r] for each sample, keyed by its place in the step.
//
// One autograd node holds x (shared with other layers that take the same x),
// the r inner values and A, B, W; the gradients of A and B are computed in float32.

#include <cmath>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/networks/registry.h"
#include "runtime/nn/matmul.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::networks {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::ScalarType gradient_dtype(const Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

// x [N, in], mask [N, r] or none.  What may be absent comes last: an absent tensor has no edge in
// the graph, and needs_input_grad() counts edges.
struct LoraLinear : torch::autograd::Function<LoraLinear> {
  using MaybeTensor = std::optional<Tensor>;

  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const Tensor& down, const Tensor& up, double scale, const MaybeTensor& bias,
                        const MaybeTensor& mask) {
    const at::ScalarType dtype = nn::product_dtype(x);
    const Tensor x_here = x.to(dtype);
    Tensor inner = at::mm(x_here, down.to(dtype).t());
    if (mask) { inner.mul_(*mask); }
    context->save_for_backward({x, weight, down, up, inner, mask.value_or(Tensor())});
    context->saved_data["scale"] = scale;
    context->saved_data["has_bias"] = bias.has_value();
    const MaybeTensor bias_here = bias ? MaybeTensor(bias->to(dtype)) : std::nullopt;
    return at::linear(x_here, weight.to(dtype), bias_here)
        .addmm_(inner, up.to(dtype).t(), 1, scale)
        .to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &down = saved[2], &up = saved[3],
                 &inner = saved[4], &mask = saved[5];
    const double scale = context->saved_data["scale"].toDouble();
    const bool has_bias = context->saved_data["has_bias"].toBool();
    const at::ScalarType dtype = nn::product_dtype(x), fine = gradient_dtype(x);
    const Tensor dy = gradients[0].to(dtype).contiguous();

    Tensor dx, dweight, ddown, dup, dbias;
    Tensor dinner = at::mm(dy, up.to(dtype)).mul_(scale);
    if (mask.defined()) { dinner.mul_(mask); }
    if (context->needs_input_grad(0)) {
      dx = at::mm(dy, weight.to(dtype)).addmm_(dinner, down.to(dtype)).to(x.scalar_type());
    }
    if (context->needs_input_grad(1)) {
      dweight = at::mm(dy.t(), x.to(dtype)).to(weight.scalar_type());
    }
    if (context->needs_input_grad(2)) { ddown = at::mm(dinner.to(fine).t(), x.to(fine)); }
    if (context->needs_input_grad(3)) { dup = at::mm(dy.to(fine).t(), inner.to(fine)).mul_(scale); }
    if (has_bias && context->needs_input_grad(4)) { dbias = dy.sum(0).to(weight.scalar_type()); }
    return {dx, dweight, ddown, dup, Tensor(), dbias, Tensor()};
  }

  static MaybeTensor maybe(const Tensor& tensor) {
    return tensor.defined() ? MaybeTensor(tensor) : std::nullopt;
  }
};

struct LoraOptions {
  int64_t rank = 16;
  double alpha = 16.0;
  double dropout = 0.0;
};

double number(const Json& options, const char* key, double otherwise) {
  if (!options.contains(key) || options[key].is_null()) { return otherwise; }
  if (!options[key].is_number()) {
    throw Error(std::string(key) + " must be a number, not " + options[key].dump())
        .where(std::string("network.") + key);
  }
  return options[key].get<double>();
}

LoraOptions read_options(const Json& options) {
  const double rank = number(options, "rank", 16.0);
  const double alpha = number(options, "alpha", rank);
  const double dropout = number(options, "dropout", 0.0);
  if (!(rank >= 1.0) || rank != std::floor(rank)) {
    throw Error("rank must be a whole number from 1").where("network.rank");
  }
  if (!std::isfinite(alpha) || alpha == 0.0) {
    throw Error("alpha must be a number other than 0").where("network.alpha");
  }
  if (!(dropout >= 0.0 && dropout < 1.0)) {
    throw Error("dropout must be at least 0 and below 1").where("network.dropout");
  }
  return {.rank = static_cast<int64_t>(rank), .alpha = alpha, .dropout = dropout};
}

class Lora : public Module {
 public:
  explicit Lora(const ModuleSpec& spec)
      : options_(read_options(spec.options)), target_(spec.target), clock_(spec.clock) {
    const at::TensorOptions there = at::TensorOptions(at::kFloat).device(spec.device);
    down_ = keyed_uniform(spec.seed, "init/" + spec.target, 0, 0, {options_.rank, spec.in},
                          spec.device);
    // by a tensor: a division by a number is a product with its inverse on CUDA, and rounds twice
    down_.mul_(2.0).sub_(1.0).div_(at::full({}, std::sqrt(static_cast<double>(spec.in)), there));
    down_.requires_grad_(true);
    up_ = at::zeros({spec.out, options_.rank}, there).requires_grad_(true);
  }

  Tensor forward(const nn::Linear& base, const Tensor& x) const override {
    const double scale = strength * options_.alpha / static_cast<double>(options_.rank);
    const Tensor y = LoraLinear::apply(x.reshape({-1, base.in()}), base.weight, down_, up_, scale,
                                       LoraLinear::maybe(base.bias), LoraLinear::maybe(mask(x)));
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = base.out();
    return y.view(shape);
  }

  std::vector<Tensor> parameters() const override { return {down_, up_}; }
  std::vector<NamedParameter> named_parameters() const override {
    return {{"down", down_}, {"up", up_}};
  }
  double alpha() const override { return options_.alpha; }
  int64_t rank() const override { return options_.rank; }

  std::string change_key() const override {
    const bool is_zero = up_.detach().eq(0).all().item<bool>();
    return is_zero ? "" : Module::change_key();
  }

  Tensor delta_weight() const override {
    const double scale = options_.alpha / static_cast<double>(options_.rank);
    return at::mm(up_.detach(), down_.detach()).mul_(scale);
  }

 private:
  // 0 where a uniform falls below the dropout rate, else 1 / (1 - rate); [rows of x, r]
  Tensor mask(const Tensor& x) const {
    const double dropout = clock_->dropout.value_or(options_.dropout);
    if (!clock_->training || dropout == 0.0) { return {}; }
    const int64_t samples = x.size(0), tokens = x.numel() / (samples * x.size(-1));
    return keyed_mask_rows(clock_->seed, "dropout/" + target_, clock_->step, clock_->first_sample,
                           {samples, tokens, options_.rank}, dropout, x.device())
        .view({-1, options_.rank})
        .to(x.scalar_type());
  }

  LoraOptions options_;
  std::string target_;
  std::shared_ptr<const DropoutClock> clock_;
  Tensor down_, up_;
};

}  // namespace

NetworkKind describe_lora() {
  return {.about = "a change of low rank beside each frozen layer",
          .options = {"rank", "alpha", "dropout"},
          .make = [](const ModuleSpec& spec) { return std::make_unique<Lora>(spec); }};
}

}  // namespace lorarun::networks
