#include "runtime/tensor/imagined_kernels.h"

#include <torch/library.h>  // beside torch.h: only this file adds operations

#include <algorithm>
#include <set>
#include <tuple>

#include "runtime/tensor/torch.h"

namespace lorarun::imagined {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using MaybeTensor = std::optional<Tensor>;
using Three = std::tuple<Tensor, Tensor, Tensor>;

Tensor empty_if(bool wanted, const Tensor& like) {
  return wanted ? at::empty_like(like) : Tensor();
}

// q, k, v [B, H, S, K] -> [B, H, S, K] that lies as [B, S, H, K], as flash attention gives it.
struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& q, const Tensor& k,
                        const Tensor& v) {
    const Tensor out =
        at::empty({q.size(0), q.size(2), q.size(1), v.size(3)}, q.options()).transpose(1, 2);
    const Tensor log_sums =
        at::empty({q.size(0), q.size(1), q.size(2)}, q.options().dtype(at::kFloat));
    context->save_for_backward({q, k, v, out, log_sums});
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list&) {
    const variable_list saved = context->get_saved_variables();
    return {at::empty_like(saved[0]), at::empty_like(saved[1]), at::empty_like(saved[2])};
  }
};

// A bias that trains takes attention apart, as LibTorch does.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const MaybeTensor& bias,
                 double dropout, bool causal, std::optional<double> scale, bool) {
  if (!bias || !bias->requires_grad()) { return FusedAttention::apply(q, k, v); }
  return std::get<0>(
      at::_scaled_dot_product_attention_math(q, k, v, bias, dropout, causal, {}, scale));
}

Three layer_norm(const Tensor& x, c10::SymIntArrayRef normalized, const MaybeTensor&,
                 const MaybeTensor&, double) {
  std::vector<int64_t> rows = x.sizes().vec();
  for (size_t i = 0; i < normalized.size(); ++i) { rows[rows.size() - 1 - i] = 1; }
  const at::TensorOptions wide = x.options().dtype(at::kFloat);
  return {at::empty(x.sizes(), x.options()), at::empty(rows, wide), at::empty(rows, wide)};
}

Three layer_norm_backward(const Tensor&, const Tensor& x, c10::SymIntArrayRef, const Tensor&,
                          const Tensor&, const MaybeTensor& weight, const MaybeTensor& bias,
                          std::array<bool, 3> wanted) {
  return {empty_if(wanted[0], x), wanted[1] && weight ? at::empty_like(*weight) : Tensor(),
          wanted[2] && bias ? at::empty_like(*bias) : Tensor()};
}

Three group_norm(const Tensor& x, const MaybeTensor&, const MaybeTensor&, c10::SymInt batch,
                 c10::SymInt, c10::SymInt, int64_t groups, double) {
  const std::vector<int64_t> rows = {batch.expect_int(), groups};
  return {at::empty_like(x), at::empty(rows, x.options()), at::empty(rows, x.options())};
}

Three group_norm_backward(const Tensor&, const Tensor& x, const Tensor&, const Tensor&,
                          const MaybeTensor& weight, c10::SymInt, c10::SymInt channels, c10::SymInt,
                          int64_t, std::array<bool, 3> wanted) {
  const auto vector = [&](bool is_wanted) {
    return is_wanted && weight ? at::empty({channels.expect_int()}, x.options()) : Tensor();
  };
  return {empty_if(wanted[0], x), vector(wanted[1]), vector(wanted[2])};
}

std::vector<int64_t> plain(c10::SymIntArrayRef sizes) {
  std::vector<int64_t> all;
  for (const c10::SymInt& one : sizes) { all.push_back(one.expect_int()); }
  return all;
}

// x [B, C, …], weight [out, C, …] -> [B, out, …]
Tensor convolution(const Tensor& x, const Tensor& weight, const MaybeTensor&,
                   c10::SymIntArrayRef strides, c10::SymIntArrayRef paddings,
                   c10::SymIntArrayRef dilations, bool transposed, c10::SymIntArrayRef,
                   c10::SymInt) {
  TORCH_CHECK(!transposed, "no transposed convolution is imagined");
  const auto stride = plain(strides), padding = plain(paddings), dilation = plain(dilations);
  std::vector<int64_t> shape = {x.size(0), weight.size(0)};
  for (int64_t i = 0; i + 2 < x.dim(); ++i) {
    const auto at = [i](const std::vector<int64_t>& list) {
      return list[std::min(static_cast<size_t>(i), list.size() - 1)];
    };
    const int64_t reach = at(dilation) * (weight.size(i + 2) - 1);
    shape.push_back((x.size(i + 2) + 2 * at(padding) - reach - 1) / at(stride) + 1);
  }
  return at::empty(shape, x.options());
}

Three convolution_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                           at::OptionalSymIntArrayRef, c10::SymIntArrayRef, c10::SymIntArrayRef,
                           c10::SymIntArrayRef, bool, c10::SymIntArrayRef, c10::SymInt,
                           std::array<bool, 3> wanted) {
  return {empty_if(wanted[0], x), empty_if(wanted[1], weight),
          wanted[2] ? at::empty({dy.size(1)}, dy.options()) : Tensor()};
}

Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index) {
  std::vector<int64_t> shape = x.sizes().vec();
  shape[static_cast<size_t>(at::maybe_wrap_dim(dim, x.dim()))] = index.numel();
  return at::empty(shape, x.options());
}

Tensor embedding_backward(const Tensor& dy, const Tensor&, c10::SymInt rows, c10::SymInt, bool) {
  return at::empty({rows.expect_int(), dy.size(-1)}, dy.options());
}

Tensor conjugate(const Tensor& x) {
  return at::empty_like(x);
}

Tensor mse_backward(const Tensor&, const Tensor& x, const Tensor&, int64_t) {
  return at::empty_like(x);
}

// Any operation element by element: its result has the sizes that its tensors share and the widest
// of their types.  Of "…out" the last argument is the result.
void elementwise(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const size_t arguments = operation.schema().arguments().size();
  std::vector<Tensor> tensors;
  for (const c10::IValue& one : torch::jit::last(*stack, arguments)) {
    if (one.isTensor() && one.toTensor().defined()) { tensors.push_back(one.toTensor()); }
  }
  torch::jit::drop(*stack, arguments);
  const bool has_out = operation.schema().overload_name().ends_with("out");
  const Tensor out = has_out ? tensors.back() : Tensor();
  if (has_out) { tensors.pop_back(); }
  std::vector<int64_t> sizes = tensors.front().sizes().vec();
  at::ScalarType dtype = tensors.front().scalar_type();
  for (const Tensor& one : tensors) {
    sizes = at::infer_size(sizes, one.sizes());
    dtype = c10::promoteTypes(dtype, one.scalar_type());
  }
  torch::jit::push(*stack, has_out ? out.resize_(sizes)
                                   : at::empty(sizes, tensors.front().options().dtype(dtype)));
}

bool has_way_on_meta(const c10::OperatorHandle& operation) {
  constexpr c10::DispatchKey kWays[] = {c10::DispatchKey::Meta,
                                        c10::DispatchKey::CompositeExplicitAutograd,
                                        c10::DispatchKey::CompositeImplicitAutograd,
                                        c10::DispatchKey::CompositeExplicitAutogradNonFunctional};
  return std::any_of(std::begin(kWays), std::end(kWays), [&operation](c10::DispatchKey key) {
    return operation.hasKernelForDispatchKey(key);
  });
}

std::vector<c10::OperatorHandle> operations_of_aten() {
  std::vector<c10::OperatorHandle> all;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    const auto operation = c10::Dispatcher::singleton().findSchema(name);
    if (operation && name.name.starts_with("aten::")) { all.push_back(*operation); }
  }
  return all;
}

// Operations that LibTorch marks as element by element, and has no way for on its meta device.  The
// mark of "where" holds for "where.self_out" too.
std::vector<std::string> missing_elementwise() {
  const std::vector<c10::OperatorHandle> all = operations_of_aten();
  std::set<std::string> marked;
  for (const c10::OperatorHandle& one : all) {
    if (one.hasTag(at::Tag::pointwise)) { marked.insert(one.schema().name()); }
  }
  std::vector<std::string> names;
  for (const c10::OperatorHandle& one : all) {
    const bool is_marked =
        one.hasTag(at::Tag::pointwise) ||
        (one.schema().overload_name().ends_with("out") && marked.contains(one.schema().name()));
    if (is_marked && !has_way_on_meta(one)) { names.push_back(c10::toString(one.operator_name())); }
  }
  return names;
}

Tensor huber(const Tensor& x, const Tensor&, int64_t reduction, double) {
  return reduction == at::Reduction::None ? at::empty_like(x) : at::empty({}, x.options());
}

Tensor huber_backward(const Tensor&, const Tensor& x, const Tensor&, int64_t, double) {
  return at::empty_like(x);
}

at::Scalar read_number(const Tensor&) {
  return 1.0;
}

// Into an imagined tensor goes nothing; out of one come ones.
Tensor& copy(Tensor& to, const Tensor& from, bool) {
  if (!to.is_meta() && from.is_meta()) { to.fill_(1.0); }
  return to;
}

torch::Library& forward_kernels() {
  static torch::Library library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__,
                                __LINE__);
  return library;
}

void add_forward_kernels() {
  torch::Library& library = forward_kernels();
  library.impl("scaled_dot_product_attention", attention);
  library.impl("native_layer_norm", layer_norm);
  library.impl("native_layer_norm_backward", layer_norm_backward);
  library.impl("native_group_norm", group_norm);
  library.impl("native_group_norm_backward", group_norm_backward);
  library.impl("convolution", convolution);
  library.impl("convolution_backward", convolution_backward);
  library.impl("index_select", index_select);
  library.impl("embedding_dense_backward", embedding_backward);
  library.impl("_conj_physical", conjugate);
  library.impl("mse_loss_backward", mse_backward);
  library.impl("huber_loss", huber);
  library.impl("huber_loss_backward", huber_backward);
  library.impl("_local_scalar_dense", read_number);
  library.impl("copy_", copy);
  for (const std::string& name : missing_elementwise()) {
    library.impl(name.c_str(), torch::CppFunction::makeFromBoxedFunction<&elementwise>());
  }
}

// Attention is made of other operations elsewhere; here it is one, so its gradient is ours too.
void add_gradient_of_attention() {
  static torch::Library library(torch::Library::IMPL, "aten", c10::DispatchKey::AutogradMeta,
                                __FILE__, __LINE__);
  library.impl("scaled_dot_product_attention", attention);
}

bool register_all() {
  add_forward_kernels();
  add_gradient_of_attention();
  return true;
}

}  // namespace

void add_kernels() {
  [[maybe_unused]] static const bool added = register_all();
}

}  // namespace lorarun::imagined
