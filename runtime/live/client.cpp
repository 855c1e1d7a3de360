#include "runtime/live/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"

namespace lorarun::live {

namespace {

Error not_running(const fs::path& run_folder) {
  Error error("this run is not running");
  error.where(run_folder.string())
      .fix("`lorarun status` shows how it stands; start it again to go on");
  return error;
}

void expect_own_socket(const fs::path& socket) {
  expect_private(socket.parent_path());
  struct stat facts = {};
  if (lstat(socket.c_str(), &facts) != 0 || !S_ISSOCK(facts.st_mode)) {
    throw Error("this is no socket").where(socket.string()).while_working();
  }
  if (facts.st_uid != geteuid() || (facts.st_mode & 077) != 0) {
    throw Error("the run's socket belongs to somebody else or is open to others")
        .where(socket.string())
        .fix("stop the run with a signal and start it again");
  }
}

bool is_own_process(int fd) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

int connect_to(const fs::path& socket) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      is_own_process(fd)) {
    return fd;
  }
  if (fd >= 0) { ::close(fd); }
  return -1;
}

}  // namespace

Client::Client(const fs::path& run_folder) : run_folder_(run_folder) {
  const auto presence = find_presence(run_folder);
  if (!presence) { throw not_running(run_folder); }
  expect_own_socket(presence->socket);
  fd_ = connect_to(presence->socket);
  if (fd_ < 0) { throw not_running(run_folder).while_working(); }
}

Client::~Client() {
  if (fd_ >= 0) { ::close(fd_); }
}

void Client::fail_ended() const {
  const std::string status = farewell_ ? farewell_->value("status", "ended") : "";
  throw Error(status.empty() ? "the run does not answer any more" : "the run ended: " + status)
      .where(run_folder_.string())
      .while_working();
}

void Client::send(const Json& message) {
  const std::string line = to_line(message) + "\n";
  size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t count = ::send(fd_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      fail_ended();
    }
  }
}

std::optional<Json> Client::buffered() {
  const size_t end = input_.find('\n');
  if (end == std::string::npos) { return std::nullopt; }
  const Json message = parse_json(input_.substr(0, end), "the run's answer");
  input_.erase(0, end + 1);
  if (message.value("event", "") == "end") { farewell_ = message; }
  return message;
}

std::optional<Json> Client::next(double timeout_s) {
  const double until = steady_now_s() + timeout_s;
  while (true) {
    if (auto message = buffered()) { return message; }
    const double left_s = std::clamp(until - steady_now_s(), 0.0, 60.0);
    pollfd wait = {fd_, POLLIN, 0};
    const int ready = poll(&wait, 1, static_cast<int>(left_s * 1000));
    if (ready < 0) { return std::nullopt; }  // a signal: the caller looks why
    if (ready == 0 && steady_now_s() >= until) { return std::nullopt; }
    if (ready == 0) { continue; }
    char bytes[16384];
    const ssize_t count = recv(fd_, bytes, sizeof bytes, 0);
    if (count > 0) {
      input_.append(bytes, static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      fail_ended();
    }
  }
}

Json Client::call(Json request, double timeout_s) {
  request["id"] = ++last_id_;
  send(request);
  const double until = steady_now_s() + timeout_s;
  while (steady_now_s() < until) {
    const auto message = next(until - steady_now_s());
    if (message && message->value("id", Json()) == request["id"]) { return *message; }
    if (message && message->contains("error") && !message->contains("id")) { return *message; }
    if (message && farewell_) { fail_ended(); }
  }
  throw Error("the run did not answer within " + human_duration(timeout_s))
      .where(run_folder_.string())
      .fix("it answers between two steps; `lorarun status` answers at once")
      .while_working();
}

}  // namespace lorarun::live
