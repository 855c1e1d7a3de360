#include "runtime/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/nearest.h"
#include "runtime/optim/clip.h"
#include "runtime/optim/ema.h"
#include "runtime/optim/parameters.h"
#include "runtime/tensor/stretch.h"
#include "runtime/tensor/tensor.h"
#include "runtime/train/readings.h"

namespace lorarun::train {
namespace {

// One group per component, in the order the network lists them.
std::vector<optim::Group> groups_of(const networks::Network& network) {
  std::vector<optim::Group> groups;
  for (const networks::Entry& entry : network.entries()) {
    if (groups.empty() || groups.back().name != entry.component) {
      groups.push_back({.name = entry.component});
    }
    for (const networks::NamedParameter& one : entry.module->named_parameters()) {
      groups.back().parameters.push_back(one.tensor);
    }
  }
  return groups;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// An encoder of rate 0 has nothing to gain from a run through it.
void rest_encoders(std::vector<optim::Group>& groups, const std::vector<std::string>& encoders) {
  for (optim::Group& group : groups) {
    if (contains(encoders, group.name) && group.lr == 0.0) { group.trains = false; }
  }
}

void expect_live(const std::vector<optim::Group>& groups, const data::Batch& batch,
                 const std::vector<std::string>& encoders) {
  for (const optim::Group& group : groups) {
    if (!group.trains || !contains(encoders, group.name)) { continue; }
    for (const data::MicroBatch& micro : batch.micro) {
      if (contains(micro.live, group.name)) { continue; }
      throw Error("'" + group.name + "' trains in step " + std::to_string(batch.step) +
                  ", but the batch holds its cached embeddings")
          .fix("call cache:set_live(\"" + group.name + "\") before loader:next");
    }
  }
}

void set_rates(std::vector<optim::Group>& groups, const Knobs& knobs) {
  for (optim::Group& group : groups) {
    const auto rate = knobs.group_lr.find(group.name);
    const auto trains = knobs.group_trains.find(group.name);
    group.lr = rate == knobs.group_lr.end() ? knobs.lr : rate->second;
    group.trains = trains == knobs.group_trains.end() || trains->second;
    if (!std::isfinite(group.lr) || group.lr < 0) {
      throw Error("the learning rate of '" + group.name + "' is " + std::to_string(group.lr))
          .fix("on.step must give a finite rate of at least 0");
    }
  }
}

void clear_gradients(std::vector<optim::Group>& groups) {
  for (optim::Group& group : groups) {
    for (Tensor& parameter : group.parameters) { parameter.mutable_grad().reset(); }
  }
}

std::string files_of(const data::Batch& batch) {
  std::vector<std::string> names;
  for (const data::MicroBatch& micro : batch.micro) {
    for (const data::Item* item : micro.items) { names.push_back(item->path.string()); }
  }
  return join(names, ", ");
}

void append(std::vector<double>& all, const std::vector<double>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

void expect_dropout(const Knobs& knobs) {
  if (!knobs.network_dropout) { return; }
  if (*knobs.network_dropout >= 0 && *knobs.network_dropout < 1) { return; }
  throw Error("a network dropout of " + std::to_string(*knobs.network_dropout))
      .fix("network_dropout is at least 0 and below 1");
}

double mean_of(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

// Multiplies the factor into the modules that the pattern names; false when there is none.
bool multiply_factors(const networks::Network& network, const std::string& pattern, double factor,
                      std::vector<optim::Group>& groups) {
  if (!std::isfinite(factor) || factor < 0) {
    throw Error("the factor of modules '" + pattern + "' is " + std::to_string(factor))
        .fix("a finite factor of at least 0");
  }
  bool found = false;
  auto group = groups.begin();
  size_t place = 0;
  for (const networks::Entry& entry : network.entries()) {
    if (entry.component != group->name) { ++group, place = 0; }
    const size_t count = entry.module->named_parameters().size();
    if (networks::matches(networks::full_name(entry), pattern)) {
      found = true;
      group->factors.resize(group->parameters.size(), 1.0);
      for (size_t i = place; i < place + count; ++i) { group->factors[i] *= factor; }
    }
    place += count;
  }
  return found;
}

// The averages of a saved state, each as its parameter in device and type; none when EMA was off.
std::vector<Tensor> averages_in(const std::map<std::string, Tensor>& state,
                                const std::vector<networks::NamedParameter>& parameters) {
  std::vector<Tensor> averages;
  for (const networks::NamedParameter& one : parameters) {
    const auto at = state.find("ema/" + std::to_string(averages.size()));
    if (at == state.end() || at->second.sizes() != one.tensor.sizes()) { break; }
    averages.push_back(at::empty_like(one.tensor.detach()).copy_(at->second));
  }
  const bool whole = averages.size() == parameters.size();
  if (!whole && state.contains("ema/0")) {
    throw Error("the checkpoint has averages for " + std::to_string(averages.size()) + " of " +
                std::to_string(parameters.size()) + " parameters")
        .fix("the state is damaged: remove this checkpoint to go on from the one before it");
  }
  return whole ? averages : std::vector<Tensor>();
}

// What is not finite stops the run before the optimizer moves.
Error not_finite(const std::string& what, const data::Batch& batch, const char* fix) {
  return Error("the " + what + " of step " + std::to_string(batch.step) +
               " is not finite; the weights are untouched")
      .where(files_of(batch))
      .fix(fix)
      .while_working();
}

}  // namespace

Trainer::Trainer(std::shared_ptr<models::Model> model, std::shared_ptr<networks::Network> network,
                 TrainerOptions options)
    : model_(std::move(model)),
      network_(std::move(network)),
      options_(std::move(options)),
      groups_(groups_of(*network_)),
      optimizer_(optim::registry()
                     .get(options_.optimizer, "optimizer")
                     .make(groups_, options_.optimizer_options)),
      objective_(registry().get(options_.objective, "objective").make(options_.objective_options)) {
}

// The step's numbers wait on the device until they are read together.
struct Trainer::Pending {
  struct Micro {
    size_t loss, losses, sigma;  // places in readings
  };
  Readings readings;
  std::vector<Micro> micro;
  std::optional<size_t> first_gradients;
  size_t grad_norm = 0;
  std::map<std::string, size_t> grad_norms;
  std::vector<OpenedMicro> opened;  // for on_micro
};

Stats Trainer::step(const data::Batch& batch, const Knobs& knobs) {
  const double started = steady_now_s();
  const Stretch stretch("step");
  prepare(batch, knobs);
  Pending pending;
  compute(batch, knobs, pending);
  Stats stats = read(pending, batch);
  if (on_micro) { std::for_each(pending.opened.begin(), pending.opened.end(), on_micro); }
  if (before_update) { before_update(); }
  update(batch, knobs, stats.grad_norm);
  for (const optim::Group& group : groups_) {
    stats.lr[group.name] = group.trains ? group.lr : 0.0;
  }
  stats.step_s = steady_now_s() - started;
  return stats;
}

void Trainer::prepare(const data::Batch& batch, const Knobs& knobs) {
  set_rates(groups_, knobs);
  const std::vector<std::string> encoders = model_->text_encoders();
  rest_encoders(groups_, encoders);
  expect_live(groups_, batch, encoders);
  expect_dropout(knobs);
  set_factors(knobs);
  clear_gradients(groups_);
}

void Trainer::compute(const data::Batch& batch, const Knobs& knobs, Pending& pending) {
  const Stretch stretch("compute");
  for (const data::MicroBatch& micro : batch.micro) {
    accumulate(data::on_device(micro, optim::device_of(groups_)), batch, knobs, pending);
  }
  measure_gradients(pending);
}

void Trainer::accumulate(const data::MicroBatch& micro, const data::Batch& batch,
                         const Knobs& knobs, Pending& pending) {
  const SampleKeys keys{.seed = options_.seed,
                        .step = static_cast<uint32_t>(batch.step),
                        .first_sample = micro.first_sample};
  network_->clock() = {.training = true,
                       .seed = keys.seed,
                       .step = keys.step,
                       .first_sample = keys.first_sample,
                       .dropout = knobs.network_dropout};
  OpenedMicro opened = objective_->losses(*model_, micro, text_of(micro), knobs, keys);
  const Tensor loss = (opened.loss * opened.weight).sum() / static_cast<double>(batch.size());
  loss.backward();
  network_->clock().training = false;

  Readings& readings = pending.readings;
  pending.micro.push_back({.loss = readings.add(loss),
                           .losses = readings.add(opened.loss),
                           .sigma = readings.add(opened.sigma)});
  if (!on_micro) { return; }
  opened.prediction = opened.prediction.detach();
  opened.noisy = opened.noisy.detach();
  opened.loss = opened.loss.detach();
  pending.opened.push_back(std::move(opened));
}

void Trainer::measure_gradients(Pending& pending) {
  const Tensor largest = first_gradients_.look(*network_, groups_);
  if (largest.defined()) { pending.first_gradients = pending.readings.add(largest); }
  drop_frozen_gradients();
  pending.grad_norm = pending.readings.add(optim::gradient_norm(groups_));
  for (const optim::Group& group : groups_) {
    if (!group.trains) { continue; }
    pending.grad_norms[group.name] =
        groups_.size() == 1 ? pending.grad_norm : pending.readings.add(optim::gradient_norm(group));
  }
}

Stats Trainer::read(Pending& pending, const data::Batch& batch) {
  Readings& readings = pending.readings;
  readings.read();
  Stats stats;
  for (const Pending::Micro& micro : pending.micro) {
    stats.loss += readings.number(micro.loss);
    append(stats.losses, readings.at(micro.losses));
    append(stats.sigma, readings.at(micro.sigma));
  }
  stats.grad_norm = readings.number(pending.grad_norm);
  for (const auto& [group, place] : pending.grad_norms) {
    stats.grad_norms[group] = readings.number(place);
  }
  if (!std::isfinite(stats.loss)) {
    clear_gradients(groups_);
    throw not_finite(
        "loss", batch,
        "lower the learning rate, or look at these pictures; the last checkpoint is good");
  }
  if (!std::isfinite(stats.grad_norm)) {
    clear_gradients(groups_);
    throw not_finite("gradient", batch, "lower the learning rate; the last checkpoint is good");
  }
  // a batch of weight 0 has no gradient and says nothing
  if (pending.first_gradients && stats.loss != 0.0) {
    first_gradients_.expect_some(readings.at(*pending.first_gradients));
  }
  return stats;
}

void Trainer::update(const data::Batch& batch, const Knobs& knobs, double grad_norm) {
  const Stretch stretch("compute");
  optim::scale_gradients(groups_, grad_norm, knobs.clip);
  optimizer_->step(groups_, batch.step);
  update_ema(knobs.ema);
  clear_gradients(groups_);
}

bool Trainer::trains(const std::string& name) const {
  return std::any_of(groups_.begin(), groups_.end(), [&name](const optim::Group& group) {
    return group.name == name && group.trains;
  });
}

// The cached embeddings, joined by those of the live encoders.
models::TextEmbedding Trainer::text_of(const data::MicroBatch& micro) const {
  models::TextEmbedding text = micro.text;
  for (const std::string& encoder : micro.live) {
    const at::AutoGradMode mode(at::GradMode::is_enabled() && trains(encoder));
    models::TextEmbedding here = model_->encode_text(micro.captions, {encoder});
    text.text.merge(here.text);
    text.pooled.merge(here.pooled);
    text.tokens.merge(here.tokens);
  }
  return text;
}

MeasuredLoss Trainer::loss(const data::Batch& batch, const LossOptions& options) {
  if (options.sigmas.empty()) { throw Error("there is no sigma to measure at").fix("{0.5}"); }
  const at::NoGradGuard none;
  MeasuredLoss measured;
  measured.losses.resize(options.sigmas.size());
  Readings readings;
  for (const data::MicroBatch& one : batch.micro) {
    const data::MicroBatch micro = data::on_device(one, optim::device_of(groups_));
    const models::TextEmbedding text = text_of(micro);
    for (size_t i = 0; i < options.sigmas.size(); ++i) {
      readings.add(objective_->measure(*model_, micro, text, static_cast<uint32_t>(i), options));
    }
  }
  readings.read();
  for (size_t place = 0; place < batch.micro.size() * options.sigmas.size(); ++place) {
    append(measured.losses[place % options.sigmas.size()], readings.at(place));
  }
  for (const std::vector<double>& losses : measured.losses) {
    measured.by_sigma.push_back(mean_of(losses));
  }
  measured.mean = mean_of(measured.by_sigma);
  return measured;
}

void Trainer::set_factors(const Knobs& knobs) {
  for (optim::Group& group : groups_) { group.factors.clear(); }
  for (const auto& [pattern, factor] : knobs.module_factors) {
    if (multiply_factors(*network_, pattern, factor, groups_)) { continue; }
    if (unused_patterns_.insert(pattern).second) {
      log_warn("modules: the pattern '" + pattern + "' names no module of the network");
    }
  }
}

// What a factor of 0 freezes has no part in the norm, and its moments do not move.
void Trainer::drop_frozen_gradients() {
  for (optim::Group& group : groups_) {
    for (size_t i = 0; i < group.factors.size(); ++i) {
      if (group.factors[i] == 0.0) { group.parameters[i].mutable_grad().reset(); }
    }
  }
}

std::vector<Tensor> Trainer::parameters() const {
  std::vector<Tensor> all;
  for (const optim::Group& group : groups_) {
    all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  }
  return all;
}

void Trainer::update_ema(double decay) {
  if (decay <= 0) { return ema_.clear(); }
  if (!ema_.empty()) { return optim::update_averages(parameters(), decay, ema_); }
  for (const Tensor& parameter : parameters()) { ema_.push_back(parameter.detach().clone()); }
}

void Trainer::swap_ema() {
  if (!has_ema()) { return; }
  std::vector<Tensor> raw = parameters();
  optim::swap_values(raw, ema_);
}

std::map<std::string, Tensor> Trainer::state() const {
  std::map<std::string, Tensor> state;
  for (const networks::NamedParameter& one : network_->parameters()) {
    state["adapter/" + one.name] = one.tensor;
  }
  for (const auto& [name, tensor] : optimizer_->state()) { state["optimizer/" + name] = tensor; }
  for (size_t i = 0; i < ema_.size(); ++i) { state["ema/" + std::to_string(i)] = ema_[i]; }
  return state;
}

// Everything is compared before anything is changed.
void Trainer::load_state(const std::map<std::string, Tensor>& state) {
  const at::NoGradGuard none;
  const std::vector<networks::NamedParameter> adapters = network_->parameters();
  for (const networks::NamedParameter& one : adapters) {
    const auto at = state.find("adapter/" + one.name);
    if (at == state.end() || at->second.sizes() != one.tensor.sizes()) {
      throw Error("the checkpoint has no adapter '" + one.name + "' of this shape")
          .fix("the recipe's network changed since the run began: start a new run with --fresh");
    }
  }
  std::map<std::string, Tensor> optimizer_state;
  const std::string prefix = "optimizer/";
  for (const auto& [name, tensor] : state) {
    if (name.starts_with(prefix)) { optimizer_state[name.substr(prefix.size())] = tensor; }
  }
  std::vector<Tensor> averages = averages_in(state, adapters);
  optimizer_->load_state(optimizer_state);
  for (const networks::NamedParameter& one : adapters) {
    one.tensor.detach().copy_(state.at("adapter/" + one.name));
  }
  ema_ = std::move(averages);
}

}  // namespace lorarun::train
