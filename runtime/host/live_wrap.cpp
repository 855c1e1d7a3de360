// lorarun.live: the socket of a running run (the class Live), the way to another
// run's, and what the REPL asks of tensors.

#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svdvals.h>

#include "runtime/bind/box.h"
#include "runtime/host/open.h"
#include "runtime/live/client.h"
#include "runtime/live/server.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"
#include "runtime/tensor/torch.h"

namespace lorarun::bind {

template <>
inline constexpr const char* kClass<live::Server> = "Live";

}  // namespace lorarun::bind

namespace lorarun::host {

namespace {

using bind::check;
using bind::check_string;
using bind::guarded;
using bind::push_json;
using bind::to_json;
using live::Server;

Json to_json(const live::Presence& presence) {
  return {{"pid", presence.pid},
          {"folder", presence.folder.string()},
          {"socket", presence.socket.string()},
          {"started", presence.started}};
}

// live.serve(run_folder) -> Live
int serve(lua_State* L) {
  return bind::push_handle(L, std::make_shared<Server>(check_string(L, 1)));
}

// live.call(run_folder, request, timeout_s) -> answer
int call(lua_State* L) {
  live::Client client(check_string(L, 1));
  push_json(L, client.call(to_json(L, 2, "request"), luaL_checknumber(L, 3)));
  return 1;
}

// live.find(run_folder) -> {pid, folder, socket, started}, or nothing
int find(lua_State* L) {
  const auto presence = live::find_presence(check_string(L, 1));
  if (!presence) { return 0; }
  push_json(L, to_json(*presence));
  return 1;
}

// live.list() -> a list of them
int list(lua_State* L) {
  Json all = Json::array();
  for (const live::Presence& presence : live::list_presences()) {
    all.push_back(to_json(presence));
  }
  push_json(L, all);
  return 1;
}

// live.singular_values(up, down) -> those of up @ down, greatest first.
// up [out, R] = Q U, down [R, in] = (P D)^T: the R x R matrix U D^T has the same ones.
int singular_values(lua_State* L) {
  const at::NoGradGuard no_grad;
  const Tensor up = bind::check_tensor(L, 1).detach().to(at::kCPU, at::kDouble);
  const Tensor down = bind::check_tensor(L, 2).detach().to(at::kCPU, at::kDouble);
  const auto [q, u] = at::linalg_qr(up.flatten(1), "r");
  const auto [p, d] = at::linalg_qr(down.flatten(1).t(), "r");
  const Tensor values = at::linalg_svdvals(u.matmul(d.t())).contiguous();
  const double* first = values.const_data_ptr<double>();
  push_json(L, std::vector<double>(first, first + values.numel()));
  return 1;
}

int snapshot(lua_State* L) {
  check<Server>(L, 1).set_snapshot(to_json(L, 2, "snapshot"));
  return 0;
}

// live:take() -> {ticket, client, op, …}, or nothing
int take(lua_State* L) {
  auto request = check<Server>(L, 1).take();
  if (!request) { return 0; }
  Json body = std::move(request->body);
  body["ticket"] = request->ticket;
  body["client"] = request->client;
  push_json(L, body);
  return 1;
}

int wait(lua_State* L) {
  lua_pushboolean(L, check<Server>(L, 1).wait(luaL_checknumber(L, 2)));
  return 1;
}

// live:reply(request, answer)
int reply(lua_State* L) {
  Server& server = check<Server>(L, 1);
  lua_getfield(L, 2, "ticket");
  const auto ticket = static_cast<int64_t>(luaL_checknumber(L, -1));
  server.reply(ticket, to_json(L, 3, "answer"));
  return 0;
}

// live:is_interrupted(request) -> boolean
int is_interrupted(lua_State* L) {
  const Server& server = check<Server>(L, 1);
  lua_getfield(L, 2, "ticket");
  lua_pushboolean(L, server.is_interrupted(static_cast<int64_t>(luaL_checknumber(L, -1))));
  return 1;
}

int clients(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check<Server>(L, 1).clients()));
  return 1;
}

// live:close([farewell])
int close(lua_State* L) {
  check<Server>(L, 1).close(lua_isnoneornil(L, 2) ? Json::object() : to_json(L, 2, "farewell"));
  return 0;
}

const luaL_Reg functions[] = {{"serve", guarded<serve>},
                              {"call", guarded<call>},
                              {"find", guarded<find>},
                              {"list", guarded<list>},
                              {"singular_values", guarded<singular_values>},
                              {nullptr, nullptr}};

const luaL_Reg methods[] = {{"snapshot", guarded<snapshot>},
                            {"take", guarded<take>},
                            {"wait", guarded<wait>},
                            {"reply", guarded<reply>},
                            {"is_interrupted", guarded<is_interrupted>},
                            {"clients", guarded<clients>},
                            {"close", guarded<close>},
                            {nullptr, nullptr}};

}  // namespace

void open_live(lua_State* L) {
  bind::open_class<Server>(L, methods);
  bind::add_module(L, "live", functions);
}

}  // namespace lorarun::host
