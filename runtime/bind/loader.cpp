// The classes Dataset, Cache, Loader and Batch: pictures on their way to a step.

#include "runtime/data/loader.h"

#include <unistd.h>

#include <cstdio>

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/data/encode.h"
#include "runtime/data/hold_out.h"
#include "runtime/script/call.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

const std::vector<std::string> kSetKeys = {
    "kind",       "dir",      "trigger",   "class",      "caption",   "caption_dropout",
    "resolution", "repeats",  "weight",    "prior",      "flip",      "latents",
    "min_size",   "max_size", "size_step", "no_upscale", "background"};

data::ImageSet check_set(lua_State* L, int argument) {
  const Options options(L, argument, kSetKeys);
  data::ImageSet set;
  set.folder = options.text("dir", "");
  set.trigger = options.text("trigger", "");
  set.class_word = options.text("class", "");
  set.caption = options.text("caption", "");
  set.caption_dropout = options.number("caption_dropout", set.caption_dropout);
  set.resolutions_px = options.integers("resolution", set.resolutions_px);
  set.repeats = options.integer("repeats", set.repeats);
  set.weight = options.number("weight", set.weight);
  set.prior = options.flag("prior", set.prior);
  set.sample_latents = options.text("latents", "mean") == "sample";
  set.flip = options.flag("flip", set.flip);
  set.min_px = options.integer("min_size", set.min_px);
  set.max_px = options.integer("max_size", set.max_px);
  set.step_px = options.integer("size_step", set.step_px);
  set.no_upscale = options.flag("no_upscale", set.no_upscale);
  const std::vector<int64_t> colour = options.integers("background", {255, 255, 255});
  set.background.assign(colour.begin(), colour.end());
  return set;
}

// data.open({{dir = …}, …}, size_multiple [, index_file]) -> Dataset
int open(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  std::vector<data::ImageSet> sets;
  for (size_t i = 1; i <= lua_objlen(L, 1); ++i) {
    lua_rawgeti(L, 1, static_cast<int>(i));
    sets.push_back(check_set(L, lua_gettop(L)));
    lua_pop(L, 1);
  }
  const auto multiple = static_cast<int64_t>(luaL_checknumber(L, 2));
  return push_handle(L, std::make_shared<data::Dataset>(
                            data::open_dataset(sets, multiple, luaL_optstring(L, 3, ""))));
}

int report(lua_State* L) {
  push_string(L, check<data::Dataset>(L, 1).report.text());
  return 1;
}

int facts(lua_State* L) {
  push_json(L, check<data::Dataset>(L, 1).report.json());
  return 1;
}

int hash(lua_State* L) {
  push_string(L, check<data::Dataset>(L, 1).hash);
  return 1;
}

int size(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check<data::Dataset>(L, 1).items.size()));
  return 1;
}

// dataset:pixels(i) -> [1, 3, H, W] in [-1, 1]: item i as the VAE sees it
int pixels(lua_State* L) {
  const auto& items = check<data::Dataset>(L, 1).items;
  const int64_t i = to_index(luaL_checknumber(L, 2), static_cast<int64_t>(items.size()));
  return push_tensor(L, data::pixels_of(items[static_cast<size_t>(i)]).unsqueeze(0));
}

// dataset:hold_out(pictures, seed) -> Dataset of pictures that are no longer in this one
int hold_out(lua_State* L) {
  auto& dataset = check<data::Dataset>(L, 1);
  const auto pictures = static_cast<int64_t>(luaL_checknumber(L, 2));
  const auto seed = static_cast<uint64_t>(luaL_checknumber(L, 3));
  return push_handle(L, std::make_shared<data::Dataset>(data::hold_out(dataset, pictures, seed)));
}

// data.cache(folder, model) -> Cache
int cache(lua_State* L) {
  return push_handle(
      L, std::make_shared<data::Cache>(check_string(L, 1), check_shared<models::Model>(L, 2)));
}

// Says on standard error how far the encoders are; gives true: they go on.
bool show(const data::EncodeProgress& progress) {
  const bool last = progress.done >= progress.total;
  if (isatty(STDERR_FILENO)) {
    std::fprintf(stderr, "\rencoding %s %ld/%ld%s", progress.what.c_str(), progress.done,
                 progress.total, last ? "\n" : "");
  } else if (last) {
    std::fprintf(stderr, "encoded %ld %s\n", progress.total, progress.what.c_str());
  }
  return true;
}

std::vector<std::string> optional_strings(lua_State* L, int argument) {
  return lua_isnoneornil(L, argument) ? std::vector<std::string>{} : check_strings(L, argument);
}

// Asks the function at `argument`, if there is one, whether to stop.
bool is_stopped(lua_State* L, int argument) {
  if (lua_isnoneornil(L, argument)) { return false; }
  lua_pushvalue(L, argument);
  script::call(L, 0, 1);
  const bool stopped = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return stopped;
}

// data.encode(dataset, model, cache [, captions [, stops]]) -> counts
int encode(lua_State* L) {
  const at::NoGradGuard guard;
  const auto on_entry = [L](const data::EncodeProgress& progress) {
    return show(progress) && !is_stopped(L, 5);
  };
  const data::EncodeCounts counts =
      data::encode_dataset(check<data::Dataset>(L, 1), check<models::Model>(L, 2),
                           check<data::Cache>(L, 3), optional_strings(L, 4), on_entry);
  push_json(L, {{"latents_encoded", counts.latents_encoded},
                {"latents_found", counts.latents_found},
                {"captions_encoded", counts.captions_encoded},
                {"captions_found", counts.captions_found},
                {"stopped", counts.stopped}});
  return 1;
}

// cache:encode(dataset, encoder [, captions]) -> captions encoded
int encode_again(lua_State* L) {
  const at::NoGradGuard guard;
  const int64_t encoded =
      data::encode_captions(check<data::Dataset>(L, 2), check<data::Cache>(L, 1),
                            check_string(L, 3), optional_strings(L, 4), show);
  lua_pushnumber(L, static_cast<double>(encoded));
  return 1;
}

int live(lua_State* L) {
  push_strings(L, check<data::Cache>(L, 1).live());
  return 1;
}

int set_live(lua_State* L) {
  check<data::Cache>(L, 1).set_live(check_string(L, 2));
  return 0;
}

int set_cached(lua_State* L) {
  check<data::Cache>(L, 1).set_cached(check_string(L, 2));
  return 0;
}

// cache:text("a photo") -> Text, as the model encodes it now
int cached_text(lua_State* L) {
  return push_handle(L, std::make_shared<models::TextEmbedding>(
                            check<data::Cache>(L, 1).current_text(check_string(L, 2))));
}

// cache:texts({"a photo", …}) -> list of Text; each encoder that is asked loads once for all
int cached_texts(lua_State* L) {
  const auto texts = check<data::Cache>(L, 1).current_texts(check_strings(L, 2));
  lua_createtable(L, static_cast<int>(texts.size()), 0);
  for (size_t i = 0; i < texts.size(); ++i) {
    push_handle(L, std::make_shared<models::TextEmbedding>(texts[i]));
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

// data.loader(dataset, cache, {batch, accumulate, seed, pixels}) -> Loader
int loader(lua_State* L) {
  const Options options(L, 3, {"batch", "accumulate", "seed", "pixels"});
  data::LoaderOptions load;
  load.batch = options.integer("batch", 1);
  load.accumulate = options.integer("accumulate", 1);
  load.seed = static_cast<uint64_t>(options.integer("seed", 0));
  load.pixels = options.flag("pixels", false);
  return push_handle(L, std::make_shared<data::Loader>(check_shared<data::Dataset>(L, 1),
                                                       check_shared<data::Cache>(L, 2), load));
}

data::StepOptions step_options(lua_State* L, int argument) {
  const Options options(L, argument, {"caption_dropout", "accumulate", "weights"});
  data::StepOptions step;
  if (options.has("caption_dropout")) {
    step.caption_dropout = options.number("caption_dropout", 0.0);
  }
  if (options.has("accumulate")) { step.accumulate = options.integer("accumulate", 1); }
  const Json weights = options.json("weights", Json::array());
  if (weights.is_array()) { step.weights = weights.get<std::vector<double>>(); }
  return step;
}

// loader:next(step [, {caption_dropout, accumulate, weights}]) -> Batch
int next(lua_State* L) {
  auto self = check_shared<data::Loader>(L, 1);
  data::Batch batch = self->next(static_cast<int64_t>(luaL_checknumber(L, 2)), step_options(L, 3));
  return push_handle(L, std::make_shared<LoadedBatch>(LoadedBatch{self, std::move(batch)}));
}

// loader:fixed({1, 2, …}) -> Batch of these items of the data set
int fixed(lua_State* L) {
  auto self = check_shared<data::Loader>(L, 1);
  std::vector<int64_t> indices = check_integers(L, 2);
  for (int64_t& index : indices) { --index; }
  data::Batch batch = self->fixed(indices);
  return push_handle(L, std::make_shared<LoadedBatch>(LoadedBatch{self, std::move(batch)}));
}

int steps_per_epoch(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check<data::Loader>(L, 1).steps_per_epoch()));
  return 1;
}

int cursor(lua_State* L) {
  push_json(L, check<data::Loader>(L, 1).cursor());
  return 1;
}

int seek(lua_State* L) {
  check<data::Loader>(L, 1).seek(to_json(L, 2, "cursor"));
  return 0;
}

int batch_size(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check<LoadedBatch>(L, 1).batch.size()));
  return 1;
}

int epoch(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check<LoadedBatch>(L, 1).batch.epoch));
  return 1;
}

// batch:items() -> list of file names
int items(lua_State* L) {
  std::vector<std::string> names;
  for (const auto& micro : check<LoadedBatch>(L, 1).batch.micro) {
    for (const data::Item* item : micro.items) { names.push_back(item->path.filename().string()); }
  }
  push_strings(L, names);
  return 1;
}

int captions(lua_State* L) {
  std::vector<std::string> all;
  for (const auto& micro : check<LoadedBatch>(L, 1).batch.micro) {
    all.insert(all.end(), micro.captions.begin(), micro.captions.end());
  }
  push_strings(L, all);
  return 1;
}

// batch:bucket() -> width, height of the first micro-batch
int bucket(lua_State* L) {
  const data::Item* first = check<LoadedBatch>(L, 1).batch.micro.at(0).items.at(0);
  lua_pushnumber(L, static_cast<double>(first->bucket_w));
  lua_pushnumber(L, static_cast<double>(first->bucket_h));
  return 2;
}

// batch:latents([micro]) -> [B, C, h, w]
int latents(lua_State* L) {
  const auto& micro = check<LoadedBatch>(L, 1).batch.micro;
  const int64_t i = to_index(luaL_optnumber(L, 2, 1), static_cast<int64_t>(micro.size()));
  return push_tensor(L, micro[static_cast<size_t>(i)].latents);
}

// batch:text([micro]) -> Text
int text(lua_State* L) {
  const auto& micro = check<LoadedBatch>(L, 1).batch.micro;
  const int64_t i = to_index(luaL_optnumber(L, 2, 1), static_cast<int64_t>(micro.size()));
  return push_handle(L,
                     std::make_shared<models::TextEmbedding>(micro[static_cast<size_t>(i)].text));
}

// data.decoding_bytes() -> bytes of decoded pictures that encoding holds at most
int decoding_bytes(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(data::decoding_bytes()));
  return 1;
}

const luaL_Reg functions[] = {
    {"open", guarded<open>},     {"decoding_bytes", guarded<decoding_bytes>},
    {"cache", guarded<cache>},   {"encode", guarded<encode>},
    {"loader", guarded<loader>}, {nullptr, nullptr}};

const luaL_Reg dataset_methods[] = {
    {"report", guarded<report>}, {"facts", guarded<facts>},       {"hash", guarded<hash>},
    {"size", guarded<size>},     {"hold_out", guarded<hold_out>}, {"pixels", guarded<pixels>},
    {nullptr, nullptr}};

const luaL_Reg cache_methods[] = {{"text", guarded<cached_text>},
                                  {"texts", guarded<cached_texts>},
                                  {"encode", guarded<encode_again>},
                                  {"live", guarded<live>},
                                  {"set_live", guarded<set_live>},
                                  {"set_cached", guarded<set_cached>},
                                  {nullptr, nullptr}};

const luaL_Reg loader_methods[] = {{"next", guarded<next>},
                                   {"fixed", guarded<fixed>},
                                   {"steps_per_epoch", guarded<steps_per_epoch>},
                                   {"cursor", guarded<cursor>},
                                   {"seek", guarded<seek>},
                                   {nullptr, nullptr}};

const luaL_Reg batch_methods[] = {{"size", guarded<batch_size>}, {"epoch", guarded<epoch>},
                                  {"items", guarded<items>},     {"captions", guarded<captions>},
                                  {"bucket", guarded<bucket>},   {"latents", guarded<latents>},
                                  {"text", guarded<text>},       {nullptr, nullptr}};

}  // namespace

void open_loader(lua_State* L) {
  open_class<data::Dataset>(L, dataset_methods);
  open_class<data::Cache>(L, cache_methods);
  open_class<data::Loader>(L, loader_methods);
  open_class<LoadedBatch>(L, batch_methods);
  add_module(L, "data", functions);
}

}  // namespace lorarun::bind
