// The class RunFiles: journal.jsonl, metrics.jsonl and TensorBoard of a run folder.

#include "runtime/train/run_files.h"

#include "runtime/bind/box.h"
#include "runtime/bind/image_tensor.h"
#include "runtime/bind/open.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

template <>
inline constexpr const char* kClass<train::RunFiles> = "RunFiles";

namespace {

// run_files.open(folder, step [, attempt]) -> RunFiles
int open(lua_State* L) {
  return push_handle(L, std::make_shared<train::RunFiles>(
                            check_string(L, 1), static_cast<int64_t>(luaL_checknumber(L, 2)),
                            static_cast<int64_t>(luaL_optnumber(L, 3, 1))));
}

int journal(lua_State* L) {
  check<train::RunFiles>(L, 1).journal(to_json(L, 2, "event"));
  return 0;
}

int metrics(lua_State* L) {
  check<train::RunFiles>(L, 1).metrics(to_json(L, 2, "line"));
  return 0;
}

// files:picture(step, tag, picture [3, H, W])
int picture(lua_State* L) {
  check<train::RunFiles>(L, 1).picture(static_cast<int64_t>(luaL_checknumber(L, 2)),
                                       check_string(L, 3), image_of_tensor(check_tensor(L, 4)));
  return 0;
}

int scalar(lua_State* L) {
  check<train::RunFiles>(L, 1).scalar(static_cast<int64_t>(luaL_checknumber(L, 2)),
                                      check_string(L, 3), luaL_checknumber(L, 4));
  return 0;
}

int flush(lua_State* L) {
  check<train::RunFiles>(L, 1).flush();
  return 0;
}

const luaL_Reg functions[] = {{"open", guarded<open>}, {nullptr, nullptr}};

const luaL_Reg methods[] = {{"journal", guarded<journal>}, {"metrics", guarded<metrics>},
                            {"picture", guarded<picture>}, {"scalar", guarded<scalar>},
                            {"flush", guarded<flush>},     {nullptr, nullptr}};

}  // namespace

void open_run_files(lua_State* L) {
  open_class<train::RunFiles>(L, methods);
  add_module(L, "run_files", functions);
}

}  // namespace lorarun::bind
