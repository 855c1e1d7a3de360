// The class Trainer: one optimizer step at a time.

#include "runtime/train/trainer.h"

#include "runtime/bind/classes.h"
#include "runtime/bind/knobs.h"
#include "runtime/bind/open.h"
#include "runtime/bind/owners.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"
#include "runtime/train/opened_step.h"

namespace lorarun::bind {

train::TimestepLaw timestep_law(const Json& table) {
  train::TimestepLaw law;
  law.kind = table.value("kind", law.kind);
  law.scale = table.value("scale", law.scale);
  law.mean = table.value("mean", law.mean);
  law.std = table.value("std", law.std);
  law.shift = table.value("shift", law.shift);
  law.min = table.value("min", law.min);
  law.max = table.value("max", law.max);
  return law;
}

train::LossLaw loss_law(const Json& table) {
  train::LossLaw law;
  law.kind = table.value("kind", law.kind);
  law.delta = table.value("delta", law.delta);
  law.weighting = table.value("weighting", law.weighting);
  return law;
}

train::Knobs check_knobs(lua_State* L, int argument) {
  const Options options(L, argument,
                        {"lr", "group_lr", "group_trains", "timesteps", "loss", "guidance", "clip",
                         "ema", "module_factors", "network_dropout"});
  train::Knobs knobs;
  knobs.lr = options.number("lr", knobs.lr);
  knobs.group_lr = options.json("group_lr", Json::object()).get<std::map<std::string, double>>();
  knobs.group_trains =
      options.json("group_trains", Json::object()).get<std::map<std::string, bool>>();
  knobs.timesteps = timestep_law(options.json("timesteps", Json::object()));
  knobs.loss = loss_law(options.json("loss", Json::object()));
  knobs.guidance = options.number("guidance", knobs.guidance);
  knobs.clip = options.number("clip", knobs.clip);
  knobs.ema = options.number("ema", knobs.ema);
  knobs.module_factors =
      options.json("module_factors", Json::object()).get<std::map<std::string, double>>();
  if (options.has("network_dropout")) {
    knobs.network_dropout = options.number("network_dropout", 0.0);
  }
  return knobs;
}

namespace {

// trainer.new(model, network, {seed, optimizer, options, objective, objective_options}) -> Trainer
int make(lua_State* L) {
  const Options options(L, 3, {"seed", "optimizer", "options", "objective", "objective_options"});
  train::TrainerOptions trainer;
  trainer.seed = static_cast<uint64_t>(options.integer("seed", 0));
  trainer.optimizer = options.text("optimizer", trainer.optimizer);
  trainer.optimizer_options = options.json("options", Json::object());
  trainer.objective = options.text("objective", trainer.objective);
  trainer.objective_options = options.json("objective_options", Json::object());
  const auto made = std::make_shared<train::Trainer>(
      check_shared<models::Model>(L, 1), check_shared<networks::Network>(L, 2), trainer);
  watch(made);
  return push_handle(L, made);
}

void push_stats(lua_State* L, const train::Stats& stats, int64_t images) {
  push_json(L, {{"loss", stats.loss},
                {"losses", stats.losses},
                {"sigma", stats.sigma},
                {"grad_norm", stats.grad_norm},
                {"grad_norms", stats.grad_norms},
                {"lr", stats.lr},
                {"step_s", stats.step_s},
                {"images_per_second", static_cast<double>(images) / std::max(stats.step_s, 1e-9)}});
}

// trainer:step(batch, knobs) -> stats
int step(lua_State* L) {
  const data::Batch& batch = check<LoadedBatch>(L, 2).batch;
  push_stats(L, check<train::Trainer>(L, 1).step(batch, check_knobs(L, 3)), batch.size());
  return 1;
}

// trainer:open_step(batch, knobs, dataset, base, path) -> stats: one step with every tensor of it
// in a file
int opened_step(lua_State* L) {
  const data::Batch& batch = check<LoadedBatch>(L, 2).batch;
  check<data::Dataset>(L, 4);  // the batch's items point into it
  const train::Stats stats = train::open_step(check<train::Trainer>(L, 1), batch, check_knobs(L, 3),
                                              check_string(L, 5), check_string(L, 6));
  push_stats(L, stats, batch.size());
  return 1;
}

// trainer:loss(batch, {sigmas, seed, guidance, loss}) -> {mean, by_sigma, losses}: measures, trains
// nothing
int loss(lua_State* L) {
  const data::Batch& batch = check<LoadedBatch>(L, 2).batch;
  const Options options(L, 3, {"sigmas", "seed", "guidance", "loss"});
  train::LossOptions measure;
  measure.sigmas = options.json("sigmas", Json::array()).get<std::vector<double>>();
  measure.seed = static_cast<uint64_t>(options.integer("seed", 0));
  measure.guidance = options.number("guidance", measure.guidance);
  measure.loss = loss_law(options.json("loss", Json::object()));
  const train::MeasuredLoss measured = check<train::Trainer>(L, 1).loss(batch, measure);
  push_json(
      L, {{"mean", measured.mean}, {"by_sigma", measured.by_sigma}, {"losses", measured.losses}});
  return 1;
}

// trainer:swap_ema(): puts the averaged weights in; again: takes them out
int swap_ema(lua_State* L) {
  train::Trainer& trainer = check<train::Trainer>(L, 1);
  if (trainer.has_ema()) { trainer.swap_ema(); }
  return 0;
}

int has_ema(lua_State* L) {
  lua_pushboolean(L, check<train::Trainer>(L, 1).has_ema());
  return 1;
}

// trainer:state() -> {name = tensor}: weights, moments, EMA
int state(lua_State* L) {
  return push_named_tensors(L, check<train::Trainer>(L, 1).state());
}

int load_state(lua_State* L) {
  check<train::Trainer>(L, 1).load_state(check_named_tensors(L, 2));
  return 0;
}

const luaL_Reg functions[] = {{"new", guarded<make>}, {nullptr, nullptr}};

const luaL_Reg methods[] = {{"step", guarded<step>},
                            {"open_step", guarded<opened_step>},
                            {"loss", guarded<loss>},
                            {"swap_ema", guarded<swap_ema>},
                            {"has_ema", guarded<has_ema>},
                            {"state", guarded<state>},
                            {"load_state", guarded<load_state>},
                            {nullptr, nullptr}};

}  // namespace

void open_trainer(lua_State* L) {
  open_class<train::Trainer>(L, methods);
  add_module(L, "trainer", functions);
}

}  // namespace lorarun::bind
