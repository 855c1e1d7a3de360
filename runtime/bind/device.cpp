// The module lorarun.device: devices by name, and what is known of them.

#include "runtime/tensor/device.h"

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

// open(name [, where]) -> {name, kind, card, memory_bytes, free_bytes, why_cpu, remedy}
int open(lua_State* L) {
  const std::string asked = check_string(L, 1);
  const at::Device device = device_from_name(asked, luaL_optstring(L, 2, ""));
  const DeviceFacts facts = facts_of(device);
  const bool is_auto = asked == "auto";
  push_json(L, {{"name", is_auto ? auto_device().name : asked},
                {"kind", c10::DeviceTypeName(device.type(), true)},
                {"card", facts.card},
                {"memory_bytes", facts.memory_bytes},
                {"free_bytes", facts.free_bytes},
                {"why_cpu", is_auto ? auto_device().why_cpu : ""},
                {"remedy", is_auto ? auto_device().remedy : ""}});
  return 1;
}

const luaL_Reg functions[] = {{"open", guarded<open>}, {nullptr, nullptr}};

}  // namespace

void open_device(lua_State* L) {
  add_module(L, "device", functions);
}

}  // namespace lorarun::bind
