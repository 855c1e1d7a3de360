#include "runtime/live/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/live/line.h"

namespace lorarun::live {

namespace {

constexpr int kBacklog = 16;

struct Connection {
  int64_t id = 0;
  int fd = -1;
  std::string input, output;
  size_t under_way = 0;     // requests the main thread has not answered
  double unread_since = 0;  // when the client last took bytes, while output waits
  bool is_leaving = false;  // closes once its output is out
  bool is_gone = false;
};

struct Pending {
  int64_t client = 0;
  Json id;
};

sockaddr_un address_of(const fs::path& socket) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  return address;
}

const sockaddr* as_address(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

bool somebody_listens(const fs::path& socket) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(socket);
  const bool answered = connect(probe, as_address(address), sizeof address) == 0;
  ::close(probe);
  return answered;
}

// A socket that a killed process left is removed, but only after nobody answered on it.
void clear_stale(const fs::path& socket) {
  struct stat facts = {};
  if (lstat(socket.c_str(), &facts) != 0) { return; }
  if (somebody_listens(socket)) {
    throw Error("another process listens for this run").where(socket.string()).while_working();
  }
  unlink(socket.c_str());
}

int listen_at(const fs::path& socket) {
  clear_stale(socket);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_un address = address_of(socket);
  const mode_t before = umask(077);
  const bool bound = fd >= 0 && bind(fd, as_address(address), sizeof address) == 0;
  const int problem = errno;
  umask(before);
  if (bound && listen(fd, kBacklog) == 0) { return fd; }
  if (fd >= 0) { ::close(fd); }
  throw Error(std::string("the live socket cannot be opened: ") + std::strerror(problem))
      .where(socket.string())
      .while_working();
}

bool is_own(int fd) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == geteuid() || peer.uid == 0);
}

Json error_of(const std::string& what, const std::string& fix = "") {
  Json error = {{"what", what}};
  if (!fix.empty()) { error["fix"] = fix; }
  return {{"ok", false}, {"error", error}};
}

}  // namespace

struct Server::Core {
  explicit Core(const fs::path& run_folder, ServerLimits most);
  ~Core();

  void serve();  // the thread
  void wake() const;

  void accept_all();
  void read_from(Connection& from);
  void take_lines(Connection& from);
  void take_line(Connection& from, const std::string& line);
  void write_to(Connection& to);
  void say(Connection& to, const Json& message);
  void send_status(Connection& to, const Json& id);
  void interrupt_all(int64_t client);
  void remove_gone();
  bool wants_input(const Connection& of) const;

  ServerLimits limits;
  Presence presence;
  int listener = -1, bell = -1;
  std::thread thread;

  mutable std::mutex mutex;  // everything below
  std::condition_variable arrived;
  std::map<int64_t, Connection> connections;
  std::deque<Request> queue;
  std::map<int64_t, Pending> pending;  // by ticket
  std::map<int64_t, bool> interrupted;
  std::string snapshot = "{}";
  int64_t last_client = 0, last_ticket = 0;
  bool is_closing = false;
  double closing_until = 0;
};

Server::Core::Core(const fs::path& run_folder, ServerLimits most) : limits(most) {
  presence = {getpid(), fs::absolute(run_folder).lexically_normal(), socket_of(run_folder),
              utc_now()};
  listener = listen_at(presence.socket);
  bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  write_presence(presence);
  sigset_t all, before;  // signals are the main thread's
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread([this] { serve(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Server::Core::~Core() {
  if (thread.joinable()) { thread.join(); }
  for (auto& [id, connection] : connections) { ::close(connection.fd); }
  if (listener >= 0) { ::close(listener); }
  if (bell >= 0) { ::close(bell); }
}

void Server::Core::wake() const {
  const uint64_t one = 1;
  const ssize_t written = write(bell, &one, sizeof one);
  static_cast<void>(written);
}

bool Server::Core::wants_input(const Connection& of) const {
  return !of.is_leaving && of.under_way < limits.requests_of_client &&
         of.output.size() < limits.output_bytes / 4;
}

// Waits for bytes without holding the mutex, then handles all that came.
void Server::Core::serve() {
  std::vector<pollfd> waits;
  std::vector<int64_t> ids;
  while (true) {
    waits.assign({{listener, POLLIN, 0}, {bell, POLLIN, 0}});
    ids.clear();
    {
      const std::lock_guard hold(mutex);
      for (auto& [id, connection] : connections) {
        const int events =
            (wants_input(connection) ? POLLIN : 0) | (connection.output.empty() ? 0 : POLLOUT);
        waits.push_back({connection.fd, static_cast<short>(events), 0});
        ids.push_back(id);
      }
    }
    poll(waits.data(), waits.size(), 1000);
    const std::lock_guard hold(mutex);
    if (waits[1].revents != 0) {
      uint64_t rings = 0;
      const ssize_t taken = read(bell, &rings, sizeof rings);
      static_cast<void>(taken);
    }
    for (size_t i = 0; i < ids.size(); ++i) {
      Connection& connection = connections.at(ids[i]);
      const int seen = waits[i + 2].revents;
      if ((seen & POLLIN) != 0) { read_from(connection); }
      if ((seen & (POLLERR | POLLNVAL)) != 0) { connection.is_gone = true; }
      if ((seen & POLLHUP) != 0 && (seen & POLLIN) == 0) { connection.is_gone = true; }
    }
    if (waits[0].revents != 0 && !is_closing) { accept_all(); }
    for (auto& [id, connection] : connections) {
      take_lines(connection);
      write_to(connection);
    }
    remove_gone();
    const bool is_silent = std::all_of(connections.begin(), connections.end(),
                                       [](const auto& one) { return one.second.output.empty(); });
    if (is_closing && (is_silent || steady_now_s() > closing_until)) { return; }
  }
}

void Server::Core::accept_all() {
  while (true) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) { return; }
    if (!is_own(fd)) {
      ::close(fd);
      continue;
    }
    Connection& added = connections[++last_client];
    added.id = last_client;
    added.fd = fd;
    if (connections.size() > limits.clients) {
      say(added, error_of("this run has " + std::to_string(limits.clients) + " clients already",
                          "close one of them"));
      added.is_leaving = true;
    }
  }
}

void Server::Core::read_from(Connection& from) {
  char bytes[16384];
  const ssize_t count = recv(from.fd, bytes, sizeof bytes, 0);
  if (count > 0) {
    from.input.append(bytes, static_cast<size_t>(count));
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    from.is_gone = true;
  }
}

// Takes the whole lines of the input while the client may have more requests under way.
void Server::Core::take_lines(Connection& from) {
  size_t start = 0;
  while (wants_input(from)) {
    const size_t end = from.input.find('\n', start);
    const size_t length = (end == std::string::npos ? from.input.size() : end) - start;
    if (length > limits.line_bytes) {
      say(from, error_of("a line is longer than " + std::to_string(limits.line_bytes) + " bytes"));
      from.is_leaving = true;
      from.input.clear();
      return;
    }
    if (end == std::string::npos) { break; }
    take_line(from, from.input.substr(start, length));
    start = end + 1;
  }
  from.input.erase(0, start);
}

void Server::Core::take_line(Connection& from, const std::string& line) {
  if (line.empty()) { return; }
  std::string why_not;
  std::optional<Json> body = parse_line(line, &why_not);
  if (!body) { return say(from, error_of(why_not)); }
  const Json id = body->value("id", Json());
  const auto op = body->find("op");
  if (op == body->end() || !op->is_string()) {
    return say(from, {{"id", id}, {"ok", false}, {"error", {{"what", "a request needs an op"}}}});
  }
  if (*op == "status") { return send_status(from, id); }
  if (*op == "interrupt") { return interrupt_all(from.id); }
  const int64_t ticket = ++last_ticket;
  pending[ticket] = {from.id, id};
  ++from.under_way;
  std::string name = *op;
  queue.push_back({ticket, from.id, std::move(name), std::move(*body)});
  arrived.notify_one();
}

void Server::Core::interrupt_all(int64_t client) {
  for (const auto& [ticket, waiting] : pending) {
    if (waiting.client == client) { interrupted[ticket] = true; }
  }
}

void Server::Core::say(Connection& to, const Json& message) {
  if (to.output.empty()) { to.unread_since = steady_now_s(); }
  to.output += to_line(message);
  to.output += '\n';
  if (to.output.size() > limits.output_bytes) { to.is_gone = true; }
}

void Server::Core::send_status(Connection& to, const Json& id) {
  if (to.output.empty()) { to.unread_since = steady_now_s(); }
  to.output += "{\"id\":" + to_line(id) + ",\"ok\":true,\"status\":" + snapshot + "}\n";
}

void Server::Core::write_to(Connection& to) {
  while (!to.output.empty() && !to.is_gone) {
    const ssize_t count =
        send(to.fd, to.output.data(), to.output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      to.output.erase(0, static_cast<size_t>(count));
      to.unread_since = steady_now_s();
    } else if (errno == EAGAIN) {
      to.is_gone = steady_now_s() - to.unread_since > limits.stalled_s;
      return;
    } else if (errno != EINTR) {
      to.is_gone = true;
    }
  }
  if (to.output.empty() && to.is_leaving) { to.is_gone = true; }
}

void Server::Core::remove_gone() {
  for (auto at = connections.begin(); at != connections.end();) {
    if (!at->second.is_gone) {
      ++at;
      continue;
    }
    const int64_t client = at->first;
    std::erase_if(queue, [&](const Request& request) { return request.client == client; });
    std::erase_if(pending, [&](const auto& one) { return one.second.client == client; });
    ::close(at->second.fd);
    at = connections.erase(at);
  }
}

Server::Server(const fs::path& run_folder, ServerLimits limits)
    : core_(std::make_unique<Core>(run_folder, limits)) {}

Server::~Server() {
  close();
}

void Server::set_snapshot(const Json& snapshot) {
  std::string text = to_line(snapshot);
  const std::lock_guard hold(core_->mutex);
  core_->snapshot = std::move(text);
}

std::optional<Request> Server::take() {
  const std::lock_guard hold(core_->mutex);
  if (core_->queue.empty()) { return std::nullopt; }
  Request oldest = std::move(core_->queue.front());
  core_->queue.pop_front();
  return oldest;
}

bool Server::wait(double seconds) {
  std::unique_lock hold(core_->mutex);
  return core_->arrived.wait_for(hold, std::chrono::duration<double>(seconds),
                                 [this] { return !core_->queue.empty(); });
}

void Server::reply(int64_t ticket, Json answer) {
  const std::lock_guard hold(core_->mutex);
  core_->interrupted.erase(ticket);
  const auto waiting = core_->pending.find(ticket);
  if (waiting == core_->pending.end()) { return; }
  answer["id"] = waiting->second.id;
  if (!answer.contains("ok")) { answer["ok"] = true; }
  Connection& to = core_->connections.at(waiting->second.client);
  core_->pending.erase(waiting);
  --to.under_way;
  core_->say(to, answer);
  core_->wake();
}

bool Server::is_interrupted(int64_t ticket) const {
  const std::lock_guard hold(core_->mutex);
  return !core_->pending.contains(ticket) || core_->interrupted.contains(ticket);
}

size_t Server::clients() const {
  const std::lock_guard hold(core_->mutex);
  return core_->connections.size();
}

const Presence& Server::presence() const {
  return core_->presence;
}

void Server::close(Json farewell) {
  {
    const std::lock_guard hold(core_->mutex);
    if (core_->is_closing) { return; }
    core_->is_closing = true;
    core_->closing_until = steady_now_s() + 1;
    farewell["event"] = "end";
    for (auto& [id, connection] : core_->connections) { core_->say(connection, farewell); }
    core_->wake();
  }
  remove_presence(core_->presence);
  unlink(core_->presence.socket.c_str());
  if (core_->thread.joinable()) { core_->thread.join(); }
  for (auto& [id, connection] : core_->connections) { ::close(connection.fd); }
  core_->connections.clear();
  ::close(core_->listener);  // who knocked in the meantime is not left waiting
  core_->listener = -1;
}

}  // namespace lorarun::live
