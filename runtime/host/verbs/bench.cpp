// lorarun bench step: training steps on keyed inputs, timed.
//
//   lorarun bench step MODEL_DIR --dtype bfloat16 --resolution 512
//
// Prints one JSON object.  The step is the trainer's own (train/trainer.h), so that what is timed
// is what a run does.  Its inputs are keyed (docs/random.md): the peer under bench/peers/ sees the
// same latents, texts, noise and start, and one driver can compare losses, times and memory of the
// two (bench/README.md).
//
//   latents  bench/latent [C, h, w]    text    bench/text [S, D], bench/pooled [P]
//   noise    noise [C, h, w]           sigma   sigmoid of the one normal of `timestep`
//
// Only the denoiser loads.  The device's peak is that of the steps after the first.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "runtime/base/clock.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/host/registry.h"
#include "runtime/models/denoiser/flux_transformer.h"
#include "runtime/networks/network.h"
#include "runtime/tensor/device.h"
#include "runtime/tensor/device_memory.h"
#include "runtime/tensor/tensor.h"
#include "runtime/train/trainer.h"

namespace lorarun::host {

namespace {

constexpr double kMiB = 1024.0 * 1024.0;

struct Flags {
  std::string model, mode = "lorarun", dtype = "float32", device = "cpu";
  int64_t steps = 20, resolution = 256, batch = 1, rank = 16, text = 128, threads = 2, gemm = 0;
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
  app.add_option("--mode", flags.mode,
                 "'recompute' is --recompute, and so is the peer's word "
                 "'checkpoint'; others are a name in the output");
  app.add_option("--dtype", flags.dtype, "float32 or bfloat16");
  app.add_option("--device", flags.device, "cpu, cuda, cuda:1, auto");
  app.add_option("--steps", flags.steps)->check(positive);
  app.add_option("--resolution", flags.resolution, "side of the picture in pixels")
      ->check(positive);
  app.add_option("--batch", flags.batch)->check(positive);
  app.add_option("--rank", flags.rank)->check(positive);
  app.add_option("--text", flags.text, "tokens of text")->check(positive);
  app.add_option("--threads", flags.threads)->check(positive);
  app.add_option("--seed", flags.seed);
  app.add_option("--lr", flags.lr);
  app.add_option("--gemm", flags.gemm, "time square products of this side too, in the same type")
      ->check(positive);
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
  flags.recompute = flags.recompute || flags.mode == "checkpoint" || flags.mode == "recompute";
  return flags;
}

at::Device device_of(const Flags& flags) {
  return device_from_name(flags.device, "the command line, --device");
}

Error no_model(const fs::path& folder) {
  return Error("there is no config.json of a transformer")
      .where(folder.string())
      .fix("give a diffusers folder, or its transformer folder");
}

// A folder that a family can open, gone when it goes: a link to the transformer that was given, or
// its config alone with keyed weights (nn/weights.h).
class BenchFolder {
 public:
  BenchFolder(const fs::path& model, bool random_weights)
      : folder_(fs::temp_directory_path() / ("lorarun-bench-" + std::to_string(getpid()))) {
    const fs::path nested = model / "transformer";
    const fs::path given = fs::absolute(fs::exists(nested) ? nested : model);
    if (!fs::exists(given / "config.json")) { throw no_model(given); }
    make_folder(folder_);
    random_weights ? add_config(given) : fs::create_directory_symlink(given, transformer());
  }
  ~BenchFolder() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  const fs::path& path() const { return folder_; }
  fs::path transformer() const { return folder_ / "transformer"; }

 private:
  void add_config(const fs::path& given) const {
    make_folder(transformer());
    write_atomically(transformer() / "config.json", read_text(given / "config.json"));
    write_atomically(transformer() / "random.json", R"({"seed": 0})");
  }

  fs::path folder_;
};

std::shared_ptr<models::Model> open_denoiser(const Flags& flags, const fs::path& folder) {
  models::LoadOptions options;
  options.denoiser = {.dtype = dtype_from_name(flags.dtype), .device = device_of(flags)};
  options.recompute = flags.recompute;
  return models::open_model(folder, "flux", options);
}

// One optimizer step after another on the same keyed inputs as the peer's.
class Bench {
 public:
  explicit Bench(const Flags& flags)
      : flags_(flags),
        device_(device_of(flags)),
        folder_(flags.model, flags.random_weights),
        config_(models::FluxConfig::read(folder_.transformer())),
        model_(open_denoiser(flags, folder_.path())),
        network_(std::make_shared<networks::Network>(
            network_options(flags), model_->layers("transformer"), flags.seed, device_)),
        trainer_(model_, network_, trainer_options(flags)) {
    batch_.micro = {micro_batch()};
    knobs_.lr = flags.lr;
  }

  void run() {
    for (int64_t step = 1; step <= flags_.steps; ++step) {
      batch_.step = step;
      wait();
      const double start_s = steady_now_s();
      losses_.push_back(trainer_.step(batch_, knobs_).loss);
      wait();
      step_s_.push_back(steady_now_s() - start_s);
      if (step == 1) { after_first_step(); }
    }
    peak_vram_mib_ = peak_vram_mib();
  }

  OrderedJson result() const {
    const auto n_untimed = static_cast<std::ptrdiff_t>(std::min<size_t>(3, step_s_.size() - 1));
    std::vector<double> steady(step_s_.begin() + n_untimed, step_s_.end());
    std::sort(steady.begin(), steady.end());
    int64_t trainable = 0;
    for (const auto& one : network_->parameters()) { trainable += one.tensor.numel(); }
    return {{"mode", flags_.mode},
            {"dtype", flags_.dtype},
            {"device", flags_.device},
            {"resolution", flags_.resolution},
            {"batch", flags_.batch},
            {"rank", flags_.rank},
            {"adapted", network_->entries().size()},
            {"trainable", trainable},
            {"losses", losses_},
            {"step_s_median", steady[steady.size() / 2]},
            {"step_s_min", steady.front()},
            {"step_s_max", steady.back()},
            {"first_step_s", first_step_s_},
            {"peak_rss_mib", static_cast<double>(peak_process_bytes()) / kMiB},
            {"peak_vram_mib", peak_vram_mib_},
            {"recompute", flags_.recompute},
            {"gemm_tflops", gemm_tflops()}};
  }

 private:
  static networks::NetworkOptions network_options(const Flags& flags) {
    return {.kind = "lora", .targets = {}, .exclude = {}, .options = {{"rank", flags.rank}}};
  }

  static train::TrainerOptions trainer_options(const Flags& flags) {
    return {.seed = flags.seed,
            .optimizer = "adamw",
            .optimizer_options = {{"lr", flags.lr}, {"weight_decay", 0.01}}};
  }

  data::MicroBatch micro_batch() const {
    const int64_t side = flags_.resolution / model_->pixels_per_latent();
    data::MicroBatch micro;
    micro.latents = keyed("bench/latent", {config_.latent_channels(), side, side});
    micro.text.text["t5"] =
        on_device(keyed("bench/text", {flags_.text, config_.joint_attention_dim}));
    micro.text.pooled["clip_l"] = on_device(keyed("bench/pooled", {config_.pooled_projection_dim}));
    micro.weight = at::ones({flags_.batch});
    micro.items.assign(static_cast<size_t>(flags_.batch), &item_);
    return micro;
  }

  // One keyed tensor per sample of the batch, stacked.
  Tensor keyed(const std::string& stream, const std::vector<int64_t>& shape) const {
    std::vector<Tensor> samples;
    for (int64_t sample = 0; sample < flags_.batch; ++sample) {
      samples.push_back(keyed_normal(flags_.seed, stream, 0, static_cast<uint32_t>(sample), shape));
    }
    return at::stack(samples);
  }

  Tensor on_device(const Tensor& tensor) const {
    return tensor.to(device_, dtype_from_name(flags_.dtype));
  }

  void wait() const {
    if (device_.is_cpu()) { return; }
    c10::impl::VirtualGuardImpl(device_.type()).synchronizeDevice(device_.index());
  }

  void after_first_step() {
    first_step_s_ = seconds_since_process_start();
    reset_peak_memory(device_);
  }

  OrderedJson peak_vram_mib() const {
    const auto memory = memory_of(device_);
    if (!memory) { return nullptr; }
    return static_cast<double>(memory->peak_bytes) / kMiB;
  }

  // What the device gives in one big product after another: the mean of ten after three.  The data
  // is random, because a card does products of zeros faster.
  OrderedJson gemm_tflops() const {
    if (flags_.gemm == 0) { return nullptr; }
    const at::TensorOptions like(at::TensorOptions(dtype_from_name(flags_.dtype)).device(device_));
    const Tensor a = at::randn({flags_.gemm, flags_.gemm}, like), b = at::randn_like(a);
    Tensor product = at::empty_like(a);
    const auto multiply = [&](int times) {
      for (int i = 0; i < times; ++i) { at::mm_out(product, a, b); }
      wait();
    };
    multiply(3);
    const double start_s = steady_now_s();
    multiply(10);
    const double product_s = (steady_now_s() - start_s) / 10.0;
    return 2.0 * std::pow(static_cast<double>(flags_.gemm), 3.0) / product_s / 1e12;
  }

  Flags flags_;
  at::Device device_;
  BenchFolder folder_;
  models::FluxConfig config_;
  std::shared_ptr<models::Model> model_;
  std::shared_ptr<networks::Network> network_;
  train::Trainer trainer_;
  data::Item item_{.path = "keyed inputs"};
  data::Batch batch_;
  train::Knobs knobs_;
  std::vector<double> losses_, step_s_;
  double first_step_s_ = 0.0;
  OrderedJson peak_vram_mib_;
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
