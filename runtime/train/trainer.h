// The training step.
//
//   for each micro-batch: noise -> prediction -> loss -> backward
//   then: clip, optimizer, EMA
//
// Everything random is keyed by (seed, stream, step, sample): a step is a pure
// function of weights, batch and knobs.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/data/loader.h"
#include "runtime/models/registry.h"
#include "runtime/networks/network.h"
#include "runtime/optim/registry.h"
#include "runtime/train/knobs.h"

namespace lorarun::train {

struct Stats {
  double loss = 0.0;  // what was minimised: mean of weight * per-sample loss over the step's batch
  std::vector<double> losses;        // per sample, before weighting by set and by sigma
  std::vector<double> sigma;         // per sample
  double grad_norm = 0.0;            // before clipping
  std::map<std::string, double> lr;  // by group, as applied
  double step_s = 0.0;
};

// Everything of one micro-batch, laid open for `lorarun step`.
struct OpenedMicro {
  Tensor latents, noise, noisy, target, prediction;  // [B, C, h, w]
  Tensor sigma, guidance, loss, weight;              // [B]
  models::TextEmbedding text;
};

struct TrainerOptions {
  uint64_t seed = 0;
  std::string optimizer = "adamw";
  Json optimizer_options = Json::object();
};

class Trainer {
 public:
  Trainer(std::shared_ptr<models::Model> model, std::shared_ptr<networks::Network> network,
          TrainerOptions options);

  // Performs optimizer step `batch.step`.  Throws Error (exit code 1) when the loss is not
  // finite, before the optimizer runs, naming step and files: weights are untouched.
  Stats step(const data::Batch& batch, const Knobs& knobs);

  // Called with each micro-batch's tensors during step(), and before/after the update.
  std::function<void(const OpenedMicro&)> on_micro;
  std::function<void()> before_update;  // gradients are complete, not yet clipped

  models::Model& model() { return *model_; }
  networks::Network& network() { return *network_; }
  std::vector<optim::Group>& groups() { return groups_; }
  optim::Optimizer& optimizer() { return *optimizer_; }
  const TrainerOptions& options() const { return options_; }

  // EMA of every parameter, in the network's order; empty while it is off.  It starts as a copy of
  // the parameters after its first step; a decay of 0 drops it.
  const std::vector<Tensor>& ema() const { return ema_; }
  bool has_ema() const { return !ema_.empty(); }

  // Swaps EMA weights in for rendering and saving; swap again to go back.
  void swap_ema();

  // Parameters, optimizer state and EMA by name, for checkpoints.
  std::map<std::string, Tensor> state() const;
  void load_state(const std::map<std::string, Tensor>& state);

 private:
  void accumulate(const data::MicroBatch& micro, const data::Batch& batch, const Knobs& knobs,
                  double rows_in_all, Stats& stats);
  void check_first_gradients(double loss);
  std::vector<Tensor> parameters() const;
  void update_ema(double decay);

  std::shared_ptr<models::Model> model_;
  std::shared_ptr<networks::Network> network_;
  TrainerOptions options_;
  std::vector<optim::Group> groups_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::vector<Tensor> ema_;
  std::set<std::string> checked_groups_;  // whose adapters were seen to get gradients
};

}  // namespace lorarun::train
