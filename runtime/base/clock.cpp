#include "runtime/base/clock.h"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <sstream>

namespace lorarun {

std::string utc_now() {
  const double now = unix_now_s();
  const std::time_t whole = static_cast<std::time_t>(now);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char text[40];
  const size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + n, sizeof text - n, ".%03dZ",
                static_cast<int>((now - std::floor(now)) * 1000));
  return text;
}

double unix_now_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double steady_now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double seconds_since_process_start() {
  std::string stat, uptime;
  std::getline(std::ifstream("/proc/self/stat"), stat);
  std::getline(std::ifstream("/proc/uptime"), uptime);
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) {
    fields >> field;
  }  // the 22nd field of proc(5): start time in ticks
  return std::stod(uptime) - std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string human_duration(double seconds) {
  const long whole = std::lround(seconds);
  char text[40];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  } else if (whole >= 60) {
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld s", whole);
  }
  return text;
}

}  // namespace lorarun
