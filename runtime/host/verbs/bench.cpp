// lorarun bench step: LoRA steps on keyed inputs, timed.
//
//   lorarun bench step MODEL_DIR --dtype bfloat16 --resolution 512
//
// Prints one JSON object.  Inputs are keyed (docs/random.md), so the peer under
// bench/peers/ sees the same latents, texts, noise and start, and one driver can
// compare losses, times and memory of the two (bench/README.md).
//
//   latents  bench/latent [C, h, w]    text    bench/text [S, D], bench/pooled [P]
//   noise    noise [C, h, w]           sigma   sigmoid of the one normal of `timestep`
//
// Only the denoiser loads.  Making the inputs is not part of a step's time.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <optional>

#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "runtime/base/clock.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/host/registry.h"
#include "runtime/models/denoiser/flux_transformer.h"
#include "runtime/networks/network.h"
#include "runtime/optim/clip.h"
#include "runtime/optim/registry.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::host {

namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr int64_t kPixelsPerLatent = 8;

struct Flags {
  std::string model, mode = "lorarun", dtype = "float32", device = "cpu";
  int64_t steps = 20, resolution = 256, batch = 1, rank = 16, text = 128, threads = 2;
  uint64_t seed = 42;
  double lr = 1e-4;
  bool random_weights = false, recompute = false;
};

Flags read_flags(std::vector<std::string> arguments) {
  Flags flags;
  CLI::App app("times LoRA steps on keyed inputs and prints one JSON object", "lorarun bench step");
  const CLI::Range positive(1, 1 << 20);
  app.add_option("MODEL_DIR", flags.model, "diffusers folder, or its transformer folder")
      ->required();
  app.add_option("--mode", flags.mode, "name in the output; 'checkpoint' is --recompute");
  app.add_option("--dtype", flags.dtype, "float32 or bfloat16");
  app.add_option("--device", flags.device, "cpu or cuda");
  app.add_option("--steps", flags.steps)->check(positive);
  app.add_option("--resolution", flags.resolution, "side of the picture in pixels")
      ->check(positive);
  app.add_option("--batch", flags.batch)->check(positive);
  app.add_option("--rank", flags.rank)->check(positive);
  app.add_option("--text", flags.text, "tokens of text")->check(positive);
  app.add_option("--threads", flags.threads)->check(positive);
  app.add_option("--seed", flags.seed);
  app.add_option("--lr", flags.lr);
  app.add_flag("--random-weights", flags.random_weights, "read config.json only");
  app.add_flag("--recompute", flags.recompute, "recompute each block in backward");
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    std::exit(0);
  } catch (const CLI::ParseError& error) {
    throw Error(error.what()).where("the command line").fix("lorarun bench step --help");
  }
  flags.recompute = flags.recompute || flags.mode == "checkpoint";
  return flags;
}

at::Device device_from_name(const std::string& name) {
  try {
    const at::Device device(name);
    return device.is_cpu() || device.has_index() ? device : at::Device(device.type(), 0);
  } catch (const c10::Error&) {
    throw Error("no device named '" + name + "'")
        .where("--device")
        .fix("devices: cpu, cuda, cuda:0, …");
  }
}

// The folder with the transformer's config.json.
fs::path transformer_folder(const fs::path& model) {
  return fs::exists(model / "transformer") ? model / "transformer" : model;
}

// A folder with the model's config and keyed weights (nn/weights.h), gone when it goes.
class RandomBase {
 public:
  explicit RandomBase(const fs::path& like)
      : folder_(fs::temp_directory_path() / ("lorarun-bench-" + std::to_string(getpid()))) {
    make_folder(folder_);
    write_atomically(folder_ / "config.json", read_text(like / "config.json"));
    write_atomically(folder_ / "random.json", R"({"seed": 0})");
  }
  ~RandomBase() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  RandomBase(const RandomBase&) = delete;
  RandomBase& operator=(const RandomBase&) = delete;
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

std::unique_ptr<models::FluxTransformer> open_transformer(const Flags& flags) {
  const nn::Placement placement = {.dtype = dtype_from_name(flags.dtype),
                                   .device = device_from_name(flags.device)};
  const fs::path folder = transformer_folder(flags.model);
  std::optional<RandomBase> base;
  if (flags.random_weights) { base.emplace(folder); }
  auto model = std::make_unique<models::FluxTransformer>(base ? base->folder() : folder, placement);
  model->set_recompute(flags.recompute);
  return model;
}

// One optimizer step after another on the same keyed inputs as the peer's.
class Bench {
 public:
  explicit Bench(const Flags& flags)
      : flags_(flags),
        device_(device_from_name(flags.device)),
        model_(open_transformer(flags)),
        network_(network_options(flags), layers(), flags.seed, device_),
        optimizer_groups_{{.name = "transformer", .parameters = leaves(), .lr = flags.lr}},
        optimizer_(optim::registry()
                       .get("adamw", "optimizer")
                       .make(optimizer_groups_, {{"lr", flags.lr}, {"weight_decay", 0.01}})) {
    const int64_t side = flags.resolution / kPixelsPerLatent;
    latent_shape_ = {model_->config().latent_channels(), side, side};
    latents_ = keyed("bench/latent", 0, latent_shape_);
    text_ = on_device(keyed("bench/text", 0, {flags.text, model_->config().joint_attention_dim}));
    pooled_ = on_device(keyed("bench/pooled", 0, {model_->config().pooled_projection_dim}));
  }

  void run() {
    for (int64_t step = 1; step <= flags_.steps; ++step) {
      const Tensor noise = keyed("noise", step, latent_shape_);
      const Tensor sigma = at::sigmoid(keyed("timestep", step, {1}).view({-1}));
      wait();
      const double start_s = steady_now_s();
      losses_.push_back(one_step(step, noise, sigma));
      wait();
      step_s_.push_back(steady_now_s() - start_s);
      if (step == 1) { after_first_step(); }
    }
  }

  OrderedJson result() const {
    const auto n_untimed = static_cast<std::ptrdiff_t>(std::min<size_t>(3, step_s_.size() - 1));
    std::vector<double> steady(step_s_.begin() + n_untimed, step_s_.end());
    std::sort(steady.begin(), steady.end());
    int64_t trainable = 0;
    for (const Tensor& leaf : leaves()) { trainable += leaf.numel(); }
    return {{"mode", flags_.mode},
            {"dtype", flags_.dtype},
            {"device", flags_.device},
            {"resolution", flags_.resolution},
            {"batch", flags_.batch},
            {"rank", flags_.rank},
            {"adapted", network_.entries().size()},
            {"trainable", trainable},
            {"losses", losses_},
            {"step_s_median", steady[steady.size() / 2]},
            {"step_s_min", steady.front()},
            {"step_s_max", steady.back()},
            {"first_step_s", first_step_s_},
            {"peak_rss_mib", static_cast<double>(peak_process_bytes()) / kMiB},
            {"peak_vram_mib", peak_vram_mib()}};
  }

 private:
  static networks::NetworkOptions network_options(const Flags& flags) {
    return {.kind = "lora", .targets = {}, .exclude = {}, .options = {{"rank", flags.rank}}};
  }

  std::vector<nn::AdaptableLayer> layers() {
    std::vector<nn::AdaptableLayer> all;
    for (nn::Linear* layer : model_->linears()) { all.push_back({"transformer", layer}); }
    return all;
  }

  std::vector<Tensor> leaves() const {
    std::vector<Tensor> all;
    for (const auto& one : network_.parameters()) { all.push_back(one.tensor); }
    return all;
  }

  // One keyed tensor per sample of the batch, stacked.
  Tensor keyed(const std::string& stream, int64_t step, const std::vector<int64_t>& shape) const {
    std::vector<Tensor> samples;
    for (int64_t sample = 0; sample < flags_.batch; ++sample) {
      samples.push_back(keyed_normal(flags_.seed, stream, static_cast<uint32_t>(step),
                                     static_cast<uint32_t>(sample), shape));
    }
    return at::stack(samples);
  }

  Tensor on_device(const Tensor& tensor) const {
    return tensor.to(device_, dtype_from_name(flags_.dtype));
  }

  double one_step(int64_t step, const Tensor& noise, const Tensor& sigma) {
    const Tensor s = sigma.view({-1, 1, 1, 1});
    const Tensor noisy = (1 - s) * latents_ + s * noise;
    const Tensor target = (noise - latents_).to(device_);
    const Tensor prediction = model_->forward({.noisy = noisy,
                                               .sigma = sigma,
                                               .text = text_,
                                               .pooled = pooled_,
                                               .guidance = at::ones({flags_.batch})});
    const Tensor loss = at::mse_loss(prediction.to(at::kFloat), target);
    loss.backward();
    optim::clip_gradients(optimizer_groups_, 1.0);
    optimizer_->step(optimizer_groups_, step);
    for (Tensor& leaf : optimizer_groups_[0].parameters) { leaf.mutable_grad().reset(); }
    return loss.item<double>();
  }

  void wait() const {
    if (device_.is_cpu()) { return; }
    c10::impl::VirtualGuardImpl(device_.type()).synchronizeDevice(device_.index());
  }

  c10::DeviceAllocator* allocator() const { return at::getDeviceAllocator(device_.type()); }

  void after_first_step() {
    first_step_s_ = seconds_since_process_start();
    if (device_.is_cuda()) { allocator()->resetPeakStats(device_.index()); }
  }

  OrderedJson peak_vram_mib() const {
    if (!device_.is_cuda()) { return nullptr; }
    return static_cast<double>(
               allocator()->getDeviceStats(device_.index()).allocated_bytes[0].peak) /
           kMiB;
  }

  Flags flags_;
  at::Device device_;
  std::unique_ptr<models::FluxTransformer> model_;
  networks::Network network_;
  std::vector<optim::Group> optimizer_groups_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::vector<int64_t> latent_shape_;
  Tensor latents_, text_, pooled_;
  std::vector<double> losses_, step_s_;
  double first_step_s_ = 0.0;
};

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] != "step") {
    throw Error("bench needs to know what: step")
        .where("the command line")
        .fix("lorarun bench step MODEL_DIR");
  }
  const Flags flags = read_flags({arguments.begin() + 1, arguments.end()});
  at::set_num_threads(static_cast<int>(flags.threads));
  Bench bench(flags);
  bench.run();
  std::cout << to_line(bench.result()) << std::endl;
  return 0;
}

}  // namespace

VerbKind describe_bench() {
  return {"times training steps on keyed inputs and prints JSON", "", run};
}

}  // namespace lorarun::host
