// The live socket of a running run: newline-delimited JSON over AF_UNIX.
//
//   client  {"id": 7, "op": "tweak", "key": "lr", …}\n
//   server  {"id": 7, "ok": true, …}\n     or  {"id": 7, "ok": false, "error": {what, where,
//   fix}}\n
//           {"event": "end", …}\n          when the run ends
//
// One thread accepts, reads and writes.  It answers `status` itself, from the
// last snapshot, so that a run answers while a step works, and `interrupt` sets a
// flag; everything else waits for the main thread, which takes it at a step
// boundary:
//
//   thread: bytes -> lines -> queue        main: take() … reply(ticket, answer)
//
// Nothing a client does blocks the main thread or grows without end: a line has
// at most 64 KiB, a client at most 64 requests under way (then it is not read
// from), and one that does not read its answers is dropped.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/json.h"
#include "runtime/live/place.h"

namespace lorarun::live {

struct Request {
  int64_t ticket = 0;  // for reply()
  int64_t client = 0;  // the connection it came from
  std::string op;
  Json body;
};

struct ServerLimits {
  size_t line_bytes = 64 << 10;    // a longer line ends the connection
  size_t output_bytes = 4 << 20;   // answers that a client has not read yet
  size_t requests_of_client = 64;  // under way; more wait in the socket
  size_t clients = 32;             // more are told so and closed
  double stalled_s = 10;           // a client that reads nothing for so long is dropped
};

class Server {
 public:
  // Binds the socket of a run folder, announces it (place.h), and starts the thread.
  // Throws Error when the folder of sockets is not private, or somebody else listens.
  explicit Server(const fs::path& run_folder, ServerLimits limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // What `status` answers from now on.
  void set_snapshot(const Json& snapshot);

  // Gives the oldest request whose client is still there.
  std::optional<Request> take();

  // Waits until there is a request; false when there is none after `seconds`.
  bool wait(double seconds);

  // Answers a request; `answer` is an object.  One whose client has gone is dropped.
  void reply(int64_t ticket, Json answer);

  // True when the client of this request has gone or asked to interrupt it.
  bool is_interrupted(int64_t ticket) const;

  size_t clients() const;
  const Presence& presence() const;

  // Says {"event": "end", …} to all clients and closes; a second time does nothing.
  void close(Json farewell = Json::object());

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace lorarun::live
