#include "runtime/tensor/device_ops.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <algorithm>
#include <initializer_list>
#include <span>

#include "kernels/cuda_loader.h"
#include "kernels/ema.h"
#include "kernels/keyed_random.h"
#include "kernels/noise_mix.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/tensor/plain_ops.h"
#include "runtime/tensor/tensor.h"

namespace lorarun {
namespace {

// Without a plugin the plain way does; `lorarun doctor` says why there is none.
const CudaOps* plugin_ops() {
  std::string why_not;
  return load_cuda_plugin(why_not);
}

// The table that a preloaded device brings.
const CudaOps* exported_ops() {
  const auto table =
      reinterpret_cast<const CudaOps* (*)()>(::dlsym(RTLD_DEFAULT, "lorarun_cuda_ops_v1"));
  return usable(table != nullptr ? table() : nullptr);
}

// Null where the device has no kernels.
const CudaOps* ops_of(const at::Device& device) {
  if (device.is_cuda()) {
    static const CudaOps* const plugin = plugin_ops();
    return plugin;
  }
  if (!device.is_privateuseone()) { return nullptr; }
  static const CudaOps* const exported = exported_ops();
  return exported;
}

// Other kinds of device than CUDA have no stream to queue on.
lorarun_place place_of(const at::Device& device) {
  if (!device.is_cuda()) { return {.device = device.index(), .stream = nullptr}; }
  const c10::impl::VirtualGuardImpl guard(device.type());
  return {.device = device.index(), .stream = guard.getStream(device).native_handle()};
}

// LibTorch compares the devices of its own operations; a pointer tells nothing.
void expect_one_device(const char* op, std::initializer_list<const Tensor*> tensors) {
  const at::Device here = (*tensors.begin())->device();
  for (const Tensor* one : tensors) {
    LR_CHECK(one->device() == here, std::string(op) + " got a tensor on " + here.str() +
                                        " and one on " + one->device().str());
  }
}

bool are_flat_floats(std::initializer_list<const Tensor*> tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const Tensor* one) {
    return one->is_contiguous() && one->scalar_type() == at::kFloat;
  });
}

// How a call runs: by the CPU's twin, by a kernel of `ops`, or (neither) the plain way.
struct Route {
  bool twin = false;
  const CudaOps* ops = nullptr;
  lorarun_place place = {};
};

Route route_of(const char* op, std::initializer_list<const Tensor*> tensors) {
  expect_one_device(op, tensors);
  const at::Device device = (*tensors.begin())->device();
  if (!are_flat_floats(tensors)) { return {}; }
  if (device.is_cpu()) { return {.twin = true}; }
  const CudaOps* ops = ops_of(device);
  return ops != nullptr ? Route{.ops = ops, .place = place_of(device)} : Route{};
}

std::span<float> floats(Tensor& tensor) {
  return {tensor.mutable_data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

std::span<const float> floats(const Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

// The twin takes one sample.
void mix_rows(const Tensor& latent, const Tensor& noise, const Tensor& sigma, Mixed& mixed) {
  const size_t n = static_cast<size_t>(latent.numel() / std::max<int64_t>(latent.size(0), 1));
  for (int64_t row = 0; row < latent.size(0); ++row) {
    const size_t at = static_cast<size_t>(row) * n;
    noise_mix(floats(latent).subspan(at, n), floats(noise).subspan(at, n),
              sigma.const_data_ptr<float>()[row], floats(mixed.noisy).subspan(at, n),
              floats(mixed.target).subspan(at, n));
  }
}

// A launcher's answer: null, or why the op did not start.
void expect_launched(const char* complaint, const Tensor& tensor) {
  if (complaint == nullptr) { return; }
  throw Error(std::string("a kernel did not start: ") + complaint)
      .where(tensor.device().str() + ", a tensor of shape " + shape_text(tensor.sizes()))
      .fix(
          "an earlier operation on the device may have failed: CUDA_LAUNCH_BLOCKING=1 names it; "
          "`lorarun doctor` says what is wrong with the device")
      .while_working();
}

// Calls fill(sample, part) for each row's part of `out`, on the CPU.
template <typename Fill>
void fill_rows(const RowKey& key, Tensor& out, const Fill& fill) {
  const int64_t n = out.numel() / std::max<int64_t>(key.rows, 1);
  for (int64_t row = 0; row < key.rows; ++row) {
    fill(key.first_sample + static_cast<uint32_t>(row),
         floats(out).subspan(static_cast<size_t>(row * n), static_cast<size_t>(n)));
  }
}

// The three keyed ops: `twin` fills a CPU tensor, `kernel` is the launcher's answer.
template <typename Twin, typename Kernel>
void fill_keyed(const char* op, const RowKey& key, Tensor& out, const Twin& twin,
                const Kernel& kernel) {
  const Route route = route_of(op, {&out});
  if (route.twin) { return fill_rows(key, out, twin); }
  if (route.ops != nullptr) {
    const lorarun_key bare = {key.seed, fnv1a32(key.stream), key.step, key.first_sample};
    const int64_t n = out.numel() / std::max<int64_t>(key.rows, 1);
    return expect_launched(kernel(*route.ops, bare, n, route.place), out);
  }
  if (out.is_meta()) { return; }  // a shape without numbers
  Tensor here = at::empty(out.sizes(), at::kFloat);
  fill_rows(key, here, twin);
  out.copy_(here);
}

}  // namespace

void adamw(const AdamwStep& step, const Tensor& grad, Tensor& param, Tensor& first_moment,
           Tensor& second_moment) {
  const Route route = route_of("adamw", {&param, &grad, &first_moment, &second_moment});
  if (route.twin) {
    return adamw(step, floats(grad), floats(param), floats(first_moment), floats(second_moment));
  }
  if (route.ops == nullptr) { return plain::adamw(step, grad, param, first_moment, second_moment); }
  expect_launched(
      route.ops->adamw(adamw_factors(step), grad.const_data_ptr<float>(),
                       param.mutable_data_ptr<float>(), first_moment.mutable_data_ptr<float>(),
                       second_moment.mutable_data_ptr<float>(), param.numel(), route.place),
      param);
}

void ema(const Tensor& param, double decay, Tensor& average) {
  const Route route = route_of("ema", {&param, &average});
  if (route.twin) { return ema(floats(param), decay, floats(average)); }
  if (route.ops == nullptr) { return plain::ema(param, decay, average); }
  expect_launched(route.ops->ema(param.const_data_ptr<float>(), static_cast<float>(1.0 - decay),
                                 average.mutable_data_ptr<float>(), average.numel(), route.place),
                  average);
}

Mixed noise_mix(const Tensor& latent, const Tensor& noise, const Tensor& sigma) {
  const Tensor from = latent.contiguous(), towards = noise.contiguous();
  const Route route = route_of("noise_mix", {&from, &towards, &sigma});
  if (!route.twin && route.ops == nullptr) { return plain::noise_mix(latent, noise, sigma); }
  Mixed mixed{at::empty_like(from), at::empty_like(from)};
  if (route.twin) {
    mix_rows(from, towards, sigma, mixed);
    return mixed;
  }
  const int64_t B = from.size(0), N = from.numel() / std::max<int64_t>(B, 1);
  expect_launched(
      route.ops->noise_mix(from.const_data_ptr<float>(), towards.const_data_ptr<float>(),
                           sigma.const_data_ptr<float>(), mixed.noisy.mutable_data_ptr<float>(),
                           mixed.target.mutable_data_ptr<float>(), B, N, route.place),
      from);
  return mixed;
}

void keyed_uniform(const RowKey& key, Tensor& out) {
  fill_keyed(
      "keyed_uniform", key, out,
      [&](uint32_t sample, std::span<float> part) {
        keyed_uniform(key.seed, key.stream, key.step, sample, part);
      },
      [&](const CudaOps& ops, const lorarun_key& bare, int64_t n, lorarun_place place) {
        return ops.keyed_uniform(bare, out.mutable_data_ptr<float>(), key.rows, n, place);
      });
}

void keyed_normal(const RowKey& key, Tensor& out) {
  fill_keyed(
      "keyed_normal", key, out,
      [&](uint32_t sample, std::span<float> part) {
        keyed_normal(key.seed, key.stream, key.step, sample, part);
      },
      [&](const CudaOps& ops, const lorarun_key& bare, int64_t n, lorarun_place place) {
        return ops.keyed_normal(bare, out.mutable_data_ptr<float>(), key.rows, n, place);
      });
}

void keyed_mask(const RowKey& key, double rate, Tensor& out) {
  fill_keyed(
      "keyed_mask", key, out,
      [&](uint32_t sample, std::span<float> part) {
        keyed_mask(key.seed, key.stream, key.step, sample, rate, part);
      },
      [&](const CudaOps& ops, const lorarun_key& bare, int64_t n, lorarun_place place) {
        return ops.keyed_mask(bare, static_cast<float>(rate), kept_factor(rate),
                              out.mutable_data_ptr<float>(), key.rows, n, place);
      });
}

}  // namespace lorarun
