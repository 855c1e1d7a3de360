// The class Watcher: lorarun.watch.new(files) and what changed since the last look.

#include "runtime/bind/box.h"
#include "runtime/host/open.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"
#include "runtime/watch/file_watcher.h"

namespace lorarun::bind {

template <>
inline constexpr const char* kClass<watch::FileWatcher> = "Watcher";

}  // namespace lorarun::bind

namespace lorarun::host {

namespace {

using bind::guarded;
using watch::FileWatcher;

// watch.new({path, …}) -> Watcher
int open(lua_State* L) {
  return bind::push_handle(L, std::make_shared<FileWatcher>(bind::check_strings(L, 1)));
}

// watcher:changed() -> {path, …}, or nothing
int changed(lua_State* L) {
  const auto files = bind::check<FileWatcher>(L, 1).changed();
  if (files.empty()) { return 0; }
  bind::push_strings(L, files);
  return 1;
}

// watcher:set({path, …})
int set(lua_State* L) {
  bind::check<FileWatcher>(L, 1).set(bind::check_strings(L, 2));
  return 0;
}

const luaL_Reg functions[] = {{"new", guarded<open>}, {nullptr, nullptr}};

const luaL_Reg methods[] = {
    {"changed", guarded<changed>}, {"set", guarded<set>}, {nullptr, nullptr}};

}  // namespace

void open_watch(lua_State* L) {
  bind::open_class<FileWatcher>(L, methods);
  bind::add_module(L, "watch", functions);
}

}  // namespace lorarun::host
