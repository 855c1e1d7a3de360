#include "runtime/base/json.h"

#include "runtime/base/error.h"
#include "runtime/base/files.h"

namespace lorarun {

Json parse_json(const std::string& text, const std::string& place) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    throw Error("this is not valid JSON, from byte " + std::to_string(e.byte) + " on")
        .where(place)
        .fix("repair the file or fetch it again");
  }
}

Json read_json(const std::filesystem::path& path) {
  return parse_json(read_text(path), path.string());
}

std::string to_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_line(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace lorarun
