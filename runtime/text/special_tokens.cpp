#include "runtime/text/special_tokens.h"

#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"

namespace lorarun {

namespace {

struct Found {
  size_t at = std::string_view::npos;
  const SpecialToken* token = nullptr;
};

// The first place of a token from `from` on; of several at one place the longest.
Found find_next(std::string_view text, size_t from, const std::vector<SpecialToken>& tokens,
                bool normalized) {
  Found best;
  for (const SpecialToken& token : tokens) {
    if (token.normalized != normalized || token.content.empty()) { continue; }
    const size_t at = text.find(token.content, from);
    if (at == std::string_view::npos) { continue; }
    const bool longer = at == best.at && token.content.size() > best.token->content.size();
    if (at < best.at || longer) { best = {at, &token}; }
  }
  return best;
}

Json read_json_if_there(const fs::path& path) {
  return fs::exists(path) ? read_json(path) : Json::object();
}

// An entry is a plain string or an object with "content" and "normalized".
std::optional<SpecialTokenRole> as_role(const Json& file, const std::string& role) {
  const auto entry = file.find(role);
  if (entry == file.end()) { return std::nullopt; }
  if (entry->is_string()) { return SpecialTokenRole{entry->get<std::string>(), false}; }
  if (!entry->is_object() || !entry->contains("content")) { return std::nullopt; }
  return SpecialTokenRole{entry->at("content").get<std::string>(),
                          entry->value("normalized", false)};
}

// tokenizer_config.json may describe its plain strings further, by id.
void refine_by_decoder(const Json& config, SpecialTokenRole& role) {
  const auto decoder = config.find("added_tokens_decoder");
  if (decoder == config.end() || !decoder->is_object()) { return; }
  for (const Json& entry : *decoder) {
    if (entry.value("content", "") == role.content) {
      role.normalized = entry.value("normalized", false);
    }
  }
}

}  // namespace

std::vector<TextPart> split_at_special_tokens(std::string_view text,
                                              const std::vector<SpecialToken>& tokens,
                                              bool normalized) {
  std::vector<TextPart> parts;
  size_t from = 0;
  while (from < text.size()) {
    const Found next = find_next(text, from, tokens, normalized);
    const size_t until = next.token ? next.at : text.size();
    if (until > from) { parts.push_back({text.substr(from, until - from), -1}); }
    if (!next.token) { break; }
    parts.push_back({text.substr(next.at, next.token->content.size()), next.token->id});
    from = next.at + next.token->content.size();
  }
  return parts;
}

SpecialTokenRole read_special_token(const fs::path& folder, const std::string& role,
                                    const std::string& standard) {
  const Json config = read_json_if_there(folder / "tokenizer_config.json");
  const Json map = read_json_if_there(folder / "special_tokens_map.json");
  for (const Json* file : {&config, &map}) {
    if (!file->is_object()) {
      throw Error("the tokenizer's settings are not a JSON object")
          .where(folder.string())
          .fix("fetch tokenizer_config.json and special_tokens_map.json again");
    }
  }
  const auto in_config = as_role(config, role), in_map = as_role(map, role);
  SpecialTokenRole found = in_config ? *in_config : in_map.value_or(SpecialTokenRole{standard});
  if (in_map && in_map->content == found.content && in_map->normalized) { found.normalized = true; }
  refine_by_decoder(config, found);
  return found;
}

}  // namespace lorarun
