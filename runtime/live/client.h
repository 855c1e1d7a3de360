// The other end of the live socket (server.h): asks a run and waits for its answers.
//
// Before a byte is sent, the socket and its folder must be this user's own and
// closed to others, and the process behind it must run as this user.

#pragma once

#include <optional>
#include <string>

#include "runtime/base/json.h"
#include "runtime/live/place.h"

namespace lorarun::live {

class Client {
 public:
  // Connects to the run of a folder.  Throws Error when none runs there, or when the
  // socket is not private.
  explicit Client(const fs::path& run_folder);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends a request and gives its answer.  Throws Error (exit code 1) when the run ended or
  // did not answer in time.
  Json call(Json request, double timeout_s);

  void send(const Json& message);

  // Gives the next message, or nothing when none came in time.  Throws Error at the end.
  std::optional<Json> next(double timeout_s);

  int fd() const { return fd_; }

  // What the run said when it ended, if it did.
  const std::optional<Json>& farewell() const { return farewell_; }

 private:
  std::optional<Json> buffered();
  [[noreturn]] void fail_ended() const;

  fs::path run_folder_;
  int fd_ = -1;
  int64_t last_id_ = 0;
  std::string input_;
  std::optional<Json> farewell_;
};

}  // namespace lorarun::live
