// Frames between the trainer and a policy process: four bytes of length, least
// first, then so many bytes of JSON.
//
// Both ends wait with poll() up to a deadline and never longer; the reader says
// beforehand how long a frame may be, and how deeply nested.

#pragma once

#include <chrono>
#include <string>

#include "runtime/base/json.h"

namespace lorarun::policy {

using Clock = std::chrono::steady_clock;

enum class Wire {
  whole,      // the frame is there, or gone
  closed,     // the other end is gone
  late,       // the deadline passed
  too_large,  // the other end announced more than allowed
};

constexpr size_t kLargestRequest = size_t{64} << 20;
constexpr Clock::time_point kNoDeadline = Clock::time_point::max();

Wire send_frame(int fd, const std::string& text, Clock::time_point deadline);
Wire receive_frame(int fd, size_t most_bytes, Clock::time_point deadline, std::string* text);

// Parses an answer that nobody vouches for.  Throws Error when it is no JSON or deeper than 80.
Json parse_untrusted(const std::string& text);

}  // namespace lorarun::policy
