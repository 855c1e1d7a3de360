// Time: the wall clock for records, the steady clock for durations.

#pragma once

#include <string>

namespace lorarun {

std::string utc_now();                       // "2026-11-21T05:00:00.123Z"
double unix_now_s();                         // seconds since 1970, for TensorBoard
double steady_now_s();                       // seconds from an arbitrary start
double seconds_since_process_start();        // imports and loading counted (/proc/self/stat)
std::string human_duration(double seconds);  // "1 h 05 min", "3 min 20 s", "12 s"

}  // namespace lorarun
