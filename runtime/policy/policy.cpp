#include "runtime/policy/policy.h"

namespace lorarun::policy {

namespace {

constexpr size_t kLongestText = 2000;

// Keeps new lines; other control characters could write anything on a terminal.
std::string printable(const std::string& text) {
  std::string clean = text.substr(0, kLongestText);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7F) { c = ' '; }
  }
  if (text.size() > kLongestText) { clean += " …"; }
  // what is no UTF-8 becomes U+FFFD
  return Json::parse(Json(clean).dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string text_of(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>() : "";
}

}  // namespace

Json to_json(const Source& source) {
  return {{"text", source.text},           {"name", source.name},
          {"sandbox", source.sandbox},     {"constructors", source.constructors},
          {"schedules", source.schedules}, {"parts", source.parts},
          {"params", source.params},       {"lenient", source.lenient}};
}

Source source_of(const Json& json) {
  return {json.at("text"),      json.at("name"),  json.at("sandbox"), json.at("constructors"),
          json.at("schedules"), json.at("parts"), json.at("params"),  json.at("lenient")};
}

bool Policy::has(const std::string& hook) const {
  const auto on = declaration().find("on");
  return on != declaration().end() && on->is_object() && on->contains(hook);
}

Error presentable(const Error& error) {
  Error clean(printable(error.headline()));
  if (!error.place().empty()) { clean.where(printable(error.place())); }
  if (!error.remedy().empty()) { clean.fix(printable(error.remedy())); }
  return clean;
}

Json to_json(const Error& error) {
  return {{"what", error.headline()}, {"where", error.place()}, {"fix", error.remedy()}};
}

Error error_of(const Json& json) {
  Error error(text_of(json, "what"));
  if (const std::string place = text_of(json, "where"); !place.empty()) { error.where(place); }
  if (const std::string fix = text_of(json, "fix"); !fix.empty()) { error.fix(fix); }
  return presentable(error);
}

}  // namespace lorarun::policy
