// lorarun.imagined: counting what a model would take, on tensors without numbers.
// lorarun.device_memory: what a card has, and what is said when it has no more.

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/bind/torch_errors.h"
#include "runtime/data/imagined_batch.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"
#include "runtime/tensor/device.h"
#include "runtime/tensor/device_memory.h"
#include "runtime/tensor/imagined.h"

namespace lorarun::bind {

namespace {

// imagined.bytes() -> bytes now, bytes at most
int bytes(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(imagined::bytes()));
  lua_pushnumber(L, static_cast<double>(imagined::peak_bytes()));
  return 2;
}

int reset_peak(lua_State*) {
  imagined::reset_peak();
  return 0;
}

// imagined.batch(model, {batch, accumulate, width, height, pixels, live}) -> Batch
int batch(lua_State* L) {
  const Options options(L, 2, {"batch", "accumulate", "width", "height", "pixels", "live"});
  data::BatchShape shape;
  shape.batch = options.integer("batch", shape.batch);
  shape.accumulate = options.integer("accumulate", shape.accumulate);
  shape.width_px = options.integer("width", shape.width_px);
  shape.height_px = options.integer("height", shape.height_px);
  shape.pixels = options.flag("pixels", shape.pixels);
  shape.live = options.texts("live");
  return push_handle(L, std::make_shared<LoadedBatch>(LoadedBatch{
                            nullptr, data::imagined_batch(check<models::Model>(L, 1), shape)}));
}

// device_memory.of("cuda") -> {total, free, allocated, peak} in bytes, or nil
int of(lua_State* L) {
  const std::optional<DeviceMemory> memory = memory_of(device_from_name(check_string(L, 1)));
  if (!memory) { return 0; }
  push_json(L, {{"total", memory->total_bytes},
                {"free", memory->free_bytes},
                {"allocated", memory->allocated_bytes},
                {"peak", memory->peak_bytes}});
  return 1;
}

// device_memory.remedies({"batch = 1", …}): what an error says when memory runs out from now on
int remedies(lua_State* L) {
  set_memory_remedies(check_strings(L, 1));
  return 0;
}

const luaL_Reg imagined_functions[] = {{"bytes", guarded<bytes>},
                                       {"reset_peak", guarded<reset_peak>},
                                       {"batch", guarded<batch>},
                                       {nullptr, nullptr}};

const luaL_Reg memory_functions[] = {
    {"of", guarded<of>}, {"remedies", guarded<remedies>}, {nullptr, nullptr}};

}  // namespace

void open_memory(lua_State* L) {
  add_module(L, "imagined", imagined_functions);
  add_module(L, "device_memory", memory_functions);
}

}  // namespace lorarun::bind
