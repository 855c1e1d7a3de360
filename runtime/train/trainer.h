// The training step.
//
//   the batch goes to the device
//   for each micro-batch: objective (noise -> prediction -> loss) -> backward
//   the step's numbers are read, once
//   then: clip, optimizer, EMA
//
// A text encoder that trains runs on the batch's captions, inside the graph; the others come from
// the cache.  Which is which is the batch's (data/encode.h): an encoder's group that has no rate,
// or whose encoder is not live, does not train and keeps its optimizer state.
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
#include "runtime/train/first_gradients.h"
#include "runtime/train/knobs.h"
#include "runtime/train/registry.h"

namespace lorarun::train {

struct Stats {
  double loss = 0.0;  // what was minimised: mean of weight * per-sample loss over the step's batch
  std::vector<double> losses;                // per sample, before weighting by set and by sigma
  std::vector<double> sigma;                 // per sample
  double grad_norm = 0.0;                    // before clipping
  std::map<std::string, double> grad_norms;  // by group that trained, before clipping
  std::map<std::string, double> lr;          // by group, as applied
  double step_s = 0.0;
};

struct MeasuredLoss {
  double mean = 0.0;                        // over all
  std::vector<double> by_sigma;             // mean over the pictures
  std::vector<std::vector<double>> losses;  // [sigma][picture]
};

struct TrainerOptions {
  uint64_t seed = 0;
  std::string optimizer = "adamw";
  Json optimizer_options = Json::object();
  std::string objective = "denoise";
  Json objective_options = Json::object();
};

class Trainer {
 public:
  Trainer(std::shared_ptr<models::Model> model, std::shared_ptr<networks::Network> network,
          TrainerOptions options);

  // Performs optimizer step `batch.step`.  Throws Error (exit code 1) when the loss is not
  // finite, before the optimizer runs, naming step and files: weights are untouched.
  Stats step(const data::Batch& batch, const Knobs& knobs);

  // The loss of a batch's pictures, each at every sigma, without gradients, dropout or weights; the
  // noise is keyed by (seed, stream "loss", sigma's index, picture's index in the batch).  Nothing
  // of training is touched, and the same weights give the same numbers to the bit.
  // Throws Error for no sigma, or one outside [0, 1].
  MeasuredLoss loss(const data::Batch& batch, const LossOptions& options);

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
  struct Pending;  // what a step left on the device

  void prepare(const data::Batch& batch, const Knobs& knobs);
  void compute(const data::Batch& batch, const Knobs& knobs, Pending& pending);
  void accumulate(const data::MicroBatch& micro, const data::Batch& batch, const Knobs& knobs,
                  Pending& pending);
  void measure_gradients(Pending& pending);
  Stats read(Pending& pending, const data::Batch& batch);
  void update(const data::Batch& batch, const Knobs& knobs, double grad_norm);
  models::TextEmbedding text_of(const data::MicroBatch& micro) const;
  bool trains(const std::string& group) const;
  void set_factors(const Knobs& knobs);
  void drop_frozen_gradients();
  std::vector<Tensor> parameters() const;
  void update_ema(double decay);

  std::shared_ptr<models::Model> model_;
  std::shared_ptr<networks::Network> network_;
  TrainerOptions options_;
  std::vector<optim::Group> groups_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<Objective> objective_;
  std::vector<Tensor> ema_;
  FirstGradients first_gradients_;
  std::set<std::string> unused_patterns_;  // of module factors, that were warned of
};

}  // namespace lorarun::train
