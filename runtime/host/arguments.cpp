#include "runtime/host/arguments.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace lorarun::host {

namespace {

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

Arguments::Arguments(const std::vector<std::string>& words,
                     const std::vector<std::string>& switches,
                     const std::vector<std::string>& valued) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      plain_.push_back(words[i]);
    } else if (contains(switches, words[i])) {
      values_[words[i]] = {""};
    } else if (!contains(valued, words[i])) {
      std::vector<std::string> known = switches;
      known.insert(known.end(), valued.begin(), valued.end());
      throw Error("unknown flag '" + words[i] + "'")
          .where("the command line")
          .fix(words[i], known, "flags");
    } else if (i + 1 == words.size()) {
      throw Error(words[i] + " needs a value").where("the command line");
    } else {
      values_[words[i]].push_back(words[i + 1]);
      ++i;
    }
  }
}

std::string Arguments::value(const std::string& flag, const std::string& absent) const {
  const auto at = values_.find(flag);
  return at == values_.end() ? absent : at->second.back();
}

std::vector<std::string> Arguments::values(const std::string& flag) const {
  const auto at = values_.find(flag);
  return at == values_.end() ? std::vector<std::string>{} : at->second;
}

int64_t Arguments::whole_number(const std::string& flag, int64_t absent) const {
  if (!has(flag)) { return absent; }
  const std::string text = value(flag, "");
  try {
    size_t used = 0;
    const int64_t number = std::stoll(text, &used);
    if (used == text.size()) { return number; }
  } catch (const std::exception&) {}
  throw Error(flag + " needs a whole number, not '" + text + "'").where("the command line");
}

std::string Arguments::one(const std::string& what) const {
  if (plain_.size() == 1) { return plain_[0]; }
  throw Error("give " + what).where("the command line");
}

}  // namespace lorarun::host
