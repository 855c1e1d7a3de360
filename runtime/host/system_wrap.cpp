// lorarun.system: what the loop needs of the machine.  Files are whole or not
// there (base/files.h); time is UTC text or steady seconds.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ATen/Parallel.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "runtime/base/clock.h"
#include "runtime/base/files.h"
#include "runtime/base/hash.h"
#include "runtime/base/log.h"
#include "runtime/base/nearest.h"
#include "runtime/base/worker_pool.h"
#include "runtime/bind/box.h"
#include "runtime/host/command_line.h"
#include "runtime/host/open.h"
#include "runtime/host/share.h"
#include "runtime/host/signals.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"
#include "runtime/tensor/torch.h"

namespace lorarun::host {

namespace {

using bind::check_string;
using bind::guarded;
using bind::push_string;

int read_file(lua_State* L) {
  push_string(L, read_text(check_string(L, 1)));
  return 1;
}

int write_file(lua_State* L) {
  write_atomically(check_string(L, 1), check_string(L, 2));
  return 0;
}

int make_folders(lua_State* L) {
  make_folder(check_string(L, 1));
  return 0;
}

// copy(from, to): one file, whole or not at all
int copy_file(lua_State* L) {
  const fs::path from = check_string(L, 1), to = check_string(L, 2);
  const fs::path draft = to.string() + ".tmp-" + std::to_string(getpid());
  std::error_code problem;
  fs::copy_file(from, draft, fs::copy_options::overwrite_existing, problem);
  if (!problem) { fs::rename(draft, to, problem); }
  if (!problem) { return 0; }
  std::error_code ignored;
  fs::remove(draft, ignored);
  throw Error("the file cannot be copied to " + to.string() + ": " + problem.message())
      .where(from.string())
      .while_working();
}

// remove(path): a file, or a folder with everything in it
int remove_path(lua_State* L) {
  std::error_code problem;
  fs::remove_all(check_string(L, 1), problem);
  if (!problem) { return 0; }
  throw Error("it cannot be removed: " + problem.message())
      .where(check_string(L, 1))
      .while_working();
}

// temporary_folder() -> a new, empty folder of this process's own
int temporary_folder(lua_State* L) {
  std::string name = (fs::temp_directory_path() / "lorarun-XXXXXX").string();
  if (!mkdtemp(name.data())) {
    throw Error("no temporary folder can be made").where(name).while_working();
  }
  push_string(L, name);
  return 1;
}

int exists(lua_State* L) {
  std::error_code ignored;
  lua_pushboolean(L, fs::exists(check_string(L, 1), ignored));
  return 1;
}

int is_folder(lua_State* L) {
  std::error_code ignored;
  lua_pushboolean(L, fs::is_directory(check_string(L, 1), ignored));
  return 1;
}

// list(folder) -> sorted names
int list(lua_State* L) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(check_string(L, 1), error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  bind::push_strings(L, names);
  return 1;
}

int absolute(lua_State* L) {
  push_string(L, fs::absolute(check_string(L, 1)).lexically_normal().string());
  return 1;
}

// real(path) -> the path without symbolic links, or nothing when there is no such file
int real(lua_State* L) {
  std::error_code problem;
  const fs::path found = fs::canonical(check_string(L, 1), problem);
  if (problem) { return 0; }
  push_string(L, found.string());
  return 1;
}

int sha256(lua_State* L) {
  push_string(L, sha256_hex(check_string(L, 1)));
  return 1;
}

int sha256_file(lua_State* L) {
  push_string(L, sha256_of_file(check_string(L, 1)));
  return 1;
}

int decode(lua_State* L) {
  bind::push_json(L, parse_json(check_string(L, 1), luaL_optstring(L, 2, "JSON text")));
  return 1;
}

int encode(lua_State* L) {
  push_string(L, to_line(bind::to_json(L, 1)));
  return 1;
}

int encode_pretty(lua_State* L) {
  push_string(L, bind::to_json(L, 1).dump(2, ' ', false, Json::error_handler_t::replace));
  return 1;
}

int now(lua_State* L) {
  push_string(L, utc_now());
  return 1;
}

int seconds(lua_State* L) {
  lua_pushnumber(L, steady_now_s());
  return 1;
}

int since_start(lua_State* L) {
  lua_pushnumber(L, seconds_since_process_start());
  return 1;
}

int duration(lua_State* L) {
  push_string(L, human_duration(luaL_checknumber(L, 1)));
  return 1;
}

int signal_name(lua_State* L) {
  const int pending = pending_signal();
  if (pending == 0) { return 0; }
  push_string(L, pending == SIGINT ? "SIGINT" : "SIGTERM");
  lua_pushinteger(L, 128 + pending);
  return 2;
}

// catch_signals(): from now on SIGINT and SIGTERM only leave a note for signal()
int take_signals(lua_State*) {
  catch_signals();
  return 0;
}

int log_line(lua_State* L) {
  const std::string text = check_string(L, 1), level = luaL_optstring(L, 2, "info");
  if (level == "warn") {
    log_warn(text);
  } else {
    log_info(text);
  }
  return 0;
}

// terminal() -> width in columns, or nothing when standard error is no terminal
int terminal(lua_State* L) {
  if (!isatty(STDERR_FILENO)) { return 0; }
  winsize size = {};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  lua_pushinteger(L, known ? size.ws_col : 80);
  return 1;
}

int close_to(lua_State* L) {
  const auto close = nearest(check_string(L, 1), bind::check_strings(L, 2));
  if (!close) { return 0; }
  push_string(L, *close);
  return 1;
}

int share(lua_State* L) {
  push_string(L, share_folder().string());
  return 1;
}

// fail{what, where, fix, exit_code}: raises an error that says what, where and how to fix
int fail(lua_State* L) {
  const bind::Options options(L, 1, {"what", "where", "fix", "exit_code"});
  Error error(options.text("what", "it failed"));
  if (options.has("where")) { error.where(options.text("where", "")); }
  if (options.has("fix")) { error.fix(options.text("fix", "")); }
  if (options.integer("exit_code", 2) == 1) { error.while_working(); }
  throw error;
}

// lock(path) -> true, or the process id that holds it.  Held until this process ends.
int lock(lua_State* L) {
  const std::string path = check_string(L, 1);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) { throw Error("the run folder is not writable").where(path).while_working(); }
  char holder[32] = {};
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const ssize_t length = ::read(file, holder, sizeof holder - 1);
    ::close(file);
    push_string(L, length > 0 ? holder : "unknown");
    return 1;
  }
  const std::string mine = std::to_string(getpid());
  if (ftruncate(file, 0) != 0 || pwrite(file, mine.data(), mine.size(), 0) < 0) {
    throw Error("the lock file is not writable").where(path).while_working();
  }
  lua_pushboolean(L, 1);
  return 1;
}

// The processor's name, as the kernel tells it.
std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

// machine() -> {lorarun, torch, cpu, cpu_capability, cores, threads}: what figures depend on
int machine(lua_State* L) {
  bind::push_json(L, {{"lorarun", kVersion},
                      {"torch", TORCH_VERSION},
                      {"cpu", cpu_name()},
                      {"cpu_capability", at::get_cpu_capability()},
                      {"cores", core_count()},
                      {"threads", at::get_num_threads()}});
  return 1;
}

// compute_threads([count]) -> the threads that tensor operations used so far; sets them to count
int compute_threads(lua_State* L) {
  const int before = at::get_num_threads();
  if (!lua_isnoneornil(L, 1)) {
    const lua_Integer count = luaL_checkinteger(L, 1);
    if (count < 1 || count > 1024) { throw Error("threads must be from 1 to 1024"); }
    at::set_num_threads(static_cast<int>(count));
  }
  lua_pushinteger(L, before);
  return 1;
}

const luaL_Reg functions[] = {{"read", guarded<read_file>},
                              {"write", guarded<write_file>},
                              {"make_folder", guarded<make_folders>},
                              {"copy", guarded<copy_file>},
                              {"remove", guarded<remove_path>},
                              {"temporary_folder", guarded<temporary_folder>},
                              {"exists", guarded<exists>},
                              {"is_folder", guarded<is_folder>},
                              {"list", guarded<list>},
                              {"absolute", guarded<absolute>},
                              {"real", guarded<real>},
                              {"sha256", guarded<sha256>},
                              {"sha256_file", guarded<sha256_file>},
                              {"decode", guarded<decode>},
                              {"encode", guarded<encode>},
                              {"encode_pretty", guarded<encode_pretty>},
                              {"now", guarded<now>},
                              {"seconds", guarded<seconds>},
                              {"since_start", guarded<since_start>},
                              {"duration", guarded<duration>},
                              {"signal", guarded<signal_name>},
                              {"catch_signals", guarded<take_signals>},
                              {"log", guarded<log_line>},
                              {"terminal", guarded<terminal>},
                              {"nearest", guarded<close_to>},
                              {"share", guarded<share>},
                              {"lock", guarded<lock>},
                              {"machine", guarded<machine>},
                              {"compute_threads", guarded<compute_threads>},
                              {nullptr, nullptr}};

const luaL_Reg top_functions[] = {{"fail", guarded<fail>}, {nullptr, nullptr}};

}  // namespace

void open_system(lua_State* L) {
  bind::add_module(L, "system", functions);
  luaL_register(L, nullptr, top_functions);
}

void open_host(lua_State* L) {
  lua_getglobal(L, "lorarun");  // [lorarun]
  open_system(L);
  open_policy(L);
  open_watch(L);
  open_live(L);
  lua_pop(L, 1);
}

}  // namespace lorarun::host
