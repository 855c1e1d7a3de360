// The log: what people read on the terminal while a run works.
//
// Everything goes to standard error, so that standard output stays free for
// what programs read (--json).  spdlog does the work behind this header.

#pragma once

#include <string>

namespace lorarun {

enum class LogLevel { debug, info, warn, error };

void set_log_level(LogLevel lowest);
void log_debug(const std::string& text);
void log_info(const std::string& text);
void log_warn(const std::string& text);   // "warning: …"
void log_error(const std::string& text);  // "error: …"

}  // namespace lorarun
