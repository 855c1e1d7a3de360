// The words after a verb: flags, flags with a value, and the rest.

#pragma once

#include <map>
#include <string>
#include <vector>

namespace lorarun::host {

class Arguments {
 public:
  // `switches` stand alone (--json), `valued` take the next word (--to kohya).
  // Throws Error for an unknown flag, naming the nearest, or a value that is missing.
  Arguments(const std::vector<std::string>& words, const std::vector<std::string>& switches,
            const std::vector<std::string>& valued);

  bool has(const std::string& flag) const { return values_.contains(flag); }
  std::string value(const std::string& flag, const std::string& absent) const;  // the last
  std::vector<std::string> values(const std::string& flag) const;  // all, in their order
  int64_t whole_number(const std::string& flag, int64_t absent) const;

  const std::vector<std::string>& plain() const { return plain_; }

  // The only plain word.  Throws Error saying that `what` is needed.
  std::string one(const std::string& what) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> plain_;
};

}  // namespace lorarun::host
