#include "runtime/live/place.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "runtime/base/files.h"
#include "runtime/base/hash.h"
#include "runtime/base/json.h"

namespace lorarun::live {

namespace {

constexpr size_t kMostSocketBytes = 107;  // of sockaddr_un::sun_path, without its zero

fs::path folder_name() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::error_code ignored;
  if (runtime && *runtime && fs::is_directory(runtime, ignored)) {
    return fs::path(runtime) / "lorarun";
  }
  return "/tmp/lorarun-" + std::to_string(geteuid());
}

std::string stem_of(const fs::path& run_folder) {
  return sha256_hex(fs::weakly_canonical(run_folder).string()).substr(0, 16);
}

fs::path in_run(const fs::path& run_folder) {
  return run_folder / "live.json";
}

fs::path beside(const fs::path& socket) {
  return fs::path(socket).replace_extension(".json");
}

// A process that has ended but that nobody has waited for has its number for as long: in a
// container whose first process waits for no orphans, for ever.
bool is_zombie(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(") ");  // "12 (name) Z 1 …"
  return name_end != std::string::npos && line.compare(name_end + 2, 1, "Z") == 0;
}

bool lives(pid_t pid) {
  return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) && !is_zombie(pid);
}

// A file that another program wrote or tore is as good as none.
std::optional<Presence> read_presence(const fs::path& file) {
  try {
    const Json json = read_json(file);
    return Presence{json.at("pid").get<pid_t>(), json.at("folder").get<std::string>(),
                    json.at("socket").get<std::string>(), json.at("started").get<std::string>()};
  } catch (const std::exception&) { return std::nullopt; }
}

void remove_own(const fs::path& file, pid_t pid) {
  const auto presence = read_presence(file);
  if (!presence || presence->pid != pid) { return; }
  std::error_code ignored;
  fs::remove(file, ignored);
}

}  // namespace

void expect_private(const fs::path& folder) {
  struct stat facts = {};
  if (lstat(folder.c_str(), &facts) != 0) {
    throw Error(std::string("there is no folder of sockets: ") + std::strerror(errno))
        .where(folder.string());
  }
  if (!S_ISDIR(facts.st_mode)) {
    throw Error("this is no folder, and sockets are looked for in it").where(folder.string());
  }
  if (facts.st_uid != geteuid()) {
    throw Error("the folder of sockets belongs to user " + std::to_string(facts.st_uid) +
                ", not to you (" + std::to_string(geteuid()) + ")")
        .where(folder.string())
        .fix("set XDG_RUNTIME_DIR to a folder of your own");
  }
  if ((facts.st_mode & 077) != 0) {
    throw Error("the folder of sockets is open to other users")
        .where(folder.string())
        .fix("chmod 700 " + folder.string());
  }
}

fs::path socket_folder() {
  const fs::path folder = folder_name();
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw Error(std::string("the folder of sockets cannot be made: ") + std::strerror(errno))
        .where(folder.string())
        .while_working();
  }
  expect_private(folder);
  return folder;
}

fs::path socket_of(const fs::path& run_folder) {
  const fs::path socket = socket_folder() / (stem_of(run_folder) + ".sock");
  if (socket.string().size() > kMostSocketBytes) {
    throw Error("the path of the socket is longer than " + std::to_string(kMostSocketBytes) +
                " bytes")
        .where(socket.string())
        .fix("set XDG_RUNTIME_DIR to a shorter path");
  }
  return socket;
}

void write_presence(const Presence& presence) {
  const std::string line = to_line(Json{{"pid", presence.pid},
                                        {"folder", presence.folder.string()},
                                        {"socket", presence.socket.string()},
                                        {"started", presence.started}}) +
                           "\n";
  write_atomically(beside(presence.socket), line);
  write_atomically(in_run(presence.folder), line);
}

void remove_presence(const Presence& presence) {
  remove_own(in_run(presence.folder), presence.pid);
  remove_own(beside(presence.socket), presence.pid);
}

std::optional<Presence> find_presence(const fs::path& run_folder) {
  const auto presence = read_presence(in_run(run_folder));
  return presence && lives(presence->pid) ? presence : std::nullopt;
}

std::vector<Presence> list_presences() {
  std::vector<Presence> living;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_name(), ignored)) {
    if (entry.path().extension() != ".json") { continue; }
    const auto presence = read_presence(entry.path());
    if (presence && lives(presence->pid)) {
      living.push_back(*presence);
    } else {
      fs::remove(entry.path(), ignored);
    }
  }
  std::sort(living.begin(), living.end(),
            [](const Presence& a, const Presence& b) { return a.folder < b.folder; });
  return living;
}

}  // namespace lorarun::live
