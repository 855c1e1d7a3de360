#include "runtime/live/line.h"

namespace lorarun::live {

namespace {

constexpr int kDeepest = 16;

}  // namespace

std::optional<Json> parse_line(const std::string& line, std::string* why_not) {
  bool is_too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    is_too_deep = is_too_deep || depth > kDeepest;
    return !is_too_deep;
  };
  Json value = Json::parse(line, watch, /*allow_exceptions=*/false);
  if (is_too_deep) {
    *why_not = "the request is nested deeper than " + std::to_string(kDeepest);
  } else if (value.is_discarded()) {
    *why_not = "the line is no JSON";
  } else if (!value.is_object()) {
    *why_not = "a request is a JSON object";
  } else {
    return value;
  }
  return std::nullopt;
}

}  // namespace lorarun::live
