// What the host adds to the table `lorarun`: policies, signals, files, registries.

#pragma once

#include "runtime/script/lua.h"

namespace lorarun::host {

void open_policy(lua_State* L);  // lorarun.policy.open and the class Policy
void open_system(lua_State* L);  // lorarun.system: files, clock, signals, names of kinds
void open_watch(lua_State* L);   // lorarun.watch.new and the class Watcher
void open_live(lua_State* L);    // lorarun.live: the socket of a running run

// Adds all of it to the global table `lorarun`.
void open_host(lua_State* L);

}  // namespace lorarun::host
