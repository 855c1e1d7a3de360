// The policy process's side of the conversation.
//
//   {"do": "open", "source": {…}, "instructions": {…}}     -> {"declaration": {…}}
//   {"do": "decide", "hook": …, "state": …, "run": …}      -> {"answer": …, "state": …}
//   {"do": "rehearse", "hook": …, "state": …, "runs": […]} -> {"answers": […], "state": …}
//   {"do": "migrate", "state": …, "from": …}               -> {"state": …}
//   {"do": "report"}                                       -> the wall's report
//   a failure                                              -> {"error": {what, where, fix}}

#pragma once

#include "runtime/base/json.h"

namespace lorarun::policy {

constexpr size_t kLargestAnswer = size_t{1} << 20;
constexpr size_t kLargestRehearsal = size_t{16} << 20;  // of at most kMostRehearsed snapshots
constexpr size_t kMostRehearsed = 4096;

// Answers requests until the other end closes.
void serve(int socket, const Json& wall_report);

}  // namespace lorarun::policy
