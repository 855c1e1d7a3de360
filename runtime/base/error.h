// Errors that somebody can fix: what went wrong, where, and what to do next.
//
//   error: no network named 'lokra'
//      at: recipes/flux_character.lua, network.kind
//     fix: did you mean 'lokr'?  networks: full, loha, lokr, lora
//
// Error is for the user's recipe, files or machine; LR_CHECK is for our own
// bugs and asks for a report.

#pragma once

#include <exception>
#include <string>
#include <vector>

namespace lorarun {

class Error : public std::exception {
 public:
  explicit Error(std::string what_went_wrong);

  // Adds the place: a file with its key or line.  The first place given stays.
  Error& where(std::string place);

  // Adds the remedy.
  Error& fix(std::string remedy);

  // Adds the remedy "did you mean 'x'?  <kind>s: a, b, c" for an unknown name.
  Error& fix(const std::string& unknown, const std::vector<std::string>& known,
             const std::string& plural = "known names");

  // Marks that the request was right but the work failed: exit code 1 instead of 2.
  Error& while_working();

  const std::string& headline() const { return headline_; }
  const std::string& place() const { return place_; }
  const std::string& remedy() const { return remedy_; }
  int exit_code() const { return exit_code_; }

  // "headline\n   at: place\n  fix: remedy" without the absent lines.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void compose();

  std::string headline_, place_, remedy_, text_;
  int exit_code_ = 2;
};

// Our own bug: names the broken condition and asks for a report.  Exit code 1.
[[noreturn]] void report_bug(const char* condition, const char* file, int line,
                             const std::string& why);

#define LR_CHECK(condition, why)                                                      \
  do {                                                                                \
    if (!(condition)) { ::lorarun::report_bug(#condition, __FILE__, __LINE__, why); } \
  } while (false)

}  // namespace lorarun
