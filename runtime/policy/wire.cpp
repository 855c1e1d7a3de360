#include "runtime/policy/wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/error.h"

namespace lorarun::policy {

namespace {

constexpr int kDeepest = 80;

// Milliseconds for poll(): rounded up, -1 for ever.
int milliseconds_until(Clock::time_point deadline) {
  if (deadline == kNoDeadline) { return -1; }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1'000'000'000));
}

Wire wait_for(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    pollfd entry = {fd, events, 0};
    const int ready = poll(&entry, 1, milliseconds_until(deadline));
    if (ready > 0) { return Wire::whole; }
    if (ready == 0) { return Wire::late; }
    if (errno != EINTR) { return Wire::closed; }
  }
}

bool try_again() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

Wire receive_exactly(int fd, char* bytes, size_t count, Clock::time_point deadline) {
  while (count > 0) {
    if (const Wire ready = wait_for(fd, POLLIN, deadline); ready != Wire::whole) { return ready; }
    const ssize_t got = recv(fd, bytes, count, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && !try_again())) { return Wire::closed; }
    if (got < 0) { continue; }
    bytes += got;
    count -= static_cast<size_t>(got);
  }
  return Wire::whole;
}

}  // namespace

Wire send_frame(int fd, const std::string& text, Clock::time_point deadline) {
  std::string frame;
  frame.reserve(text.size() + 4);
  for (int i = 0; i < 4; ++i) { frame.push_back(static_cast<char>(text.size() >> (8 * i))); }
  frame += text;
  for (size_t sent = 0; sent < frame.size();) {
    if (const Wire ready = wait_for(fd, POLLOUT, deadline); ready != Wire::whole) { return ready; }
    const ssize_t now =
        send(fd, frame.data() + sent, frame.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (now < 0 && !try_again()) { return Wire::closed; }
    if (now > 0) { sent += static_cast<size_t>(now); }
  }
  return Wire::whole;
}

Wire receive_frame(int fd, size_t most_bytes, Clock::time_point deadline, std::string* text) {
  char head[4];
  if (const Wire got = receive_exactly(fd, head, 4, deadline); got != Wire::whole) { return got; }
  size_t length = 0;
  for (int i = 0; i < 4; ++i) { length |= size_t{static_cast<uint8_t>(head[i])} << (8 * i); }
  if (length > most_bytes) { return Wire::too_large; }
  text->resize(length);
  return receive_exactly(fd, text->data(), length, deadline);
}

Json parse_untrusted(const std::string& text) {
  const auto watch_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > kDeepest) { throw Error("it is nested too deeply"); }
    return true;
  };
  try {
    return Json::parse(text, watch_depth);
  } catch (const Json::exception&) { throw Error("it is no JSON"); }
}

}  // namespace lorarun::policy
