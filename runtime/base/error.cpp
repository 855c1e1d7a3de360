#include "runtime/base/error.h"

#include "runtime/base/nearest.h"

namespace lorarun {

Error::Error(std::string what_went_wrong) : headline_(std::move(what_went_wrong)) {
  compose();
}

Error& Error::where(std::string place) {
  if (place_.empty()) { place_ = std::move(place); }
  compose();
  return *this;
}

Error& Error::fix(std::string remedy) {
  remedy_ = std::move(remedy);
  compose();
  return *this;
}

Error& Error::fix(const std::string& unknown, const std::vector<std::string>& known,
                  const std::string& plural) {
  std::string remedy;
  if (const auto close = nearest(unknown, known)) { remedy = "did you mean '" + *close + "'?  "; }
  return fix(remedy + plural + ": " + join(known, ", "));
}

Error& Error::while_working() {
  exit_code_ = 1;
  return *this;
}

void Error::compose() {
  text_ = headline_;
  if (!place_.empty()) { text_ += "\n   at: " + place_; }
  if (!remedy_.empty()) { text_ += "\n  fix: " + remedy_; }
}

void report_bug(const char* condition, const char* file, int line, const std::string& why) {
  Error bug("a bug in lorarun: " + why + " (" + condition + ")");
  bug.where(std::string(file) + ":" + std::to_string(line));
  bug.fix("please report this text with the recipe that led to it");
  throw bug.while_working();
}

}  // namespace lorarun
