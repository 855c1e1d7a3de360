#include "runtime/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace lorarun {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = spdlog::stderr_color_mt("lorarun");
    made->set_pattern("%v");
    return made;
  }();
  return *instance;
}

}  // namespace

void set_log_level(LogLevel lowest) {
  switch (lowest) {
    case LogLevel::debug:
      logger().set_level(spdlog::level::debug);
      break;
    case LogLevel::info:
      logger().set_level(spdlog::level::info);
      break;
    case LogLevel::warn:
      logger().set_level(spdlog::level::warn);
      break;
    case LogLevel::error:
      logger().set_level(spdlog::level::err);
      break;
  }
}

void log_debug(const std::string& text) {
  logger().debug("{}", text);
}
void log_info(const std::string& text) {
  logger().info("{}", text);
}
void log_warn(const std::string& text) {
  logger().warn("warning: {}", text);
}
void log_error(const std::string& text) {
  logger().error("error: {}", text);
}

}  // namespace lorarun
