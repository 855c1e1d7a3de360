#include "runtime/data/caption.h"

#include <sstream>

#include "runtime/base/files.h"
#include "runtime/text/utf8.h"

namespace lorarun::data {
namespace {

std::string replaced(std::string text, const std::string& name, const std::string& value) {
  for (size_t at = text.find(name); at != std::string::npos;
       at = text.find(name, at + value.size())) {
    text.replace(at, name.size(), value);
  }
  return text;
}

std::string spaces_collapsed(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) { line += (line.empty() ? "" : " ") + word; }
  return line;
}

}  // namespace

std::optional<std::string> read_caption(const std::filesystem::path& picture) {
  std::filesystem::path path = picture;
  path.replace_extension(".txt");
  if (!std::filesystem::exists(path)) { return std::nullopt; }
  std::string text = read_text(path);
  if (text.starts_with("\xEF\xBB\xBF")) { text.erase(0, 3); }  // byte order mark
  expect_utf8(text, path.string());
  return spaces_collapsed(text);
}

std::string compose_caption(const std::optional<std::string>& written, const ImageSet& set) {
  const bool names_trigger = !set.trigger.empty() && !set.prior;
  std::string text = written.value_or(
      set.caption.empty() ? (names_trigger ? "{trigger} {class}" : "{class}") : set.caption);
  text = replaced(text, "{trigger}", set.prior ? "" : set.trigger);
  text = spaces_collapsed(replaced(text, "{class}", set.class_word));
  if (names_trigger && text.find(set.trigger) == std::string::npos) {
    text = text.empty() ? set.trigger : set.trigger + ", " + text;
  }
  return text;
}

}  // namespace lorarun::data
