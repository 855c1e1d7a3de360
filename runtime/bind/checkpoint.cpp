// lorarun.checkpoint: saving and finding whole checkpoints.

#include "runtime/train/checkpoint.h"

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

// save(trainer, step, {folder, name, state, dialect, dtype, keep, pinned, metadata, self_check})
// -> path
int save(lua_State* L) {
  train::Trainer& trainer = check<train::Trainer>(L, 1);
  const auto step = static_cast<int64_t>(luaL_checknumber(L, 2));
  const Options options(
      L, 3,
      {"folder", "name", "state", "dialect", "dtype", "keep", "pinned", "metadata", "self_check"});
  const train::CheckpointPlace place{options.text("folder", "."), options.text("name", "lora")};
  train::SaveOptions save;
  save.dialect = options.text("dialect", save.dialect);
  save.dtype = options.text("dtype", save.dtype);
  save.keep = options.integer("keep", save.keep);
  save.pinned = options.integers("pinned", {});
  save.self_check = options.flag("self_check", save.self_check);
  save.metadata =
      options.json("metadata", Json::object()).get<std::map<std::string, std::string>>();
  train::save_checkpoint(place, step, trainer, options.json("state", Json::object()), save);
  push_string(L, place.lora(step).string());
  return 1;
}

// load(trainer, {folder, name, at_most}) -> state, or nothing when there is no checkpoint
int load(lua_State* L) {
  train::Trainer& trainer = check<train::Trainer>(L, 1);
  const Options options(L, 2, {"folder", "name", "at_most"});
  const train::CheckpointPlace place{options.text("folder", "."), options.text("name", "lora")};
  const auto state =
      train::load_checkpoint(place, options.integer("at_most", int64_t{1} << 50), trainer);
  if (!state) { return 0; }
  push_json(L, *state);
  return 1;
}

// steps(folder, name) -> steps of the whole checkpoints, ascending
int steps(lua_State* L) {
  const auto all = train::checkpoint_steps({check_string(L, 1), check_string(L, 2)});
  lua_createtable(L, static_cast<int>(all.size()), 0);
  for (size_t i = 0; i < all.size(); ++i) {
    lua_pushnumber(L, static_cast<double>(all[i]));
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
  return 1;
}

const luaL_Reg functions[] = {{"save", guarded<save>},
                              {"load", guarded<load>},
                              {"steps", guarded<steps>},
                              {nullptr, nullptr}};

}  // namespace

void open_checkpoint(lua_State* L) {
  add_module(L, "checkpoint", functions);
}

}  // namespace lorarun::bind
