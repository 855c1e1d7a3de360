// docs/requirements.md against the tree: every proof that it names is there.
//
//   | A11 | what is asked for | works | what is there: `Suite.Name`, `name_spec` (“a sentence”) |
//
//   works     one test at least proves it
//   partly    what is there, and what is missing
//   not yet   nothing is there
//
// In the last cell these are looked up; all else between backquotes is a word:
//
//   Suite.Name  Suite.*  Suite*        C++ tests, which `./lorarun test WORD` finds
//   name_spec, wrapper                 a file of tests/lua, or tests/wrapper/run; (“…”, “…”) behind
//                                      it are tests in there
//   folder/file                        a file of the tree, also in a command
//   lorarun verb …                     a verb of the program
//   test_name                          no word of `./lorarun test`: always wrong

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tests/house/tree.h"

namespace lorarun::house {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What can be named as a proof.
struct Proofs {
  std::set<std::string> tests;                             // "Suite.Name"
  std::map<std::string, std::set<std::string>> sentences;  // of a spec, of "wrapper"
  std::set<std::string> verbs;
};

std::set<std::string> all_matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    const std::string second = at->size() > 2 ? "." + at->str(2) : "";
    found.insert(at->str(1) + second);
  }
  return found;
}

// A program is made of the files right below tests/<suite>.
std::set<std::string> tests_of_the_tree() {
  static const std::regex test(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\))");
  std::set<std::string> tests;
  for (const std::string& file : files_below("tests", {".cpp"})) {
    if (std::count(file.begin(), file.end(), '/') != 2) { continue; }
    tests.merge(all_matches(read_text(kRoot / file), test));
  }
  return tests;
}

std::map<std::string, std::set<std::string>> sentences_of_the_tree() {
  static const std::regex in_lua(R"rx(\btest\("([^"]+)")rx"), in_shell(R"rx(\bcheck "([^"]+)")rx");
  std::map<std::string, std::set<std::string>> all;
  for (const std::string& file : files_below("tests/lua", {".lua"})) {
    all[fs::path(file).stem()] = all_matches(read_text(kRoot / file), in_lua);
  }
  all["wrapper"] = all_matches(read_text(kRoot / "tests/wrapper/run"), in_shell);
  return all;
}

Proofs proofs_of_the_tree() {
  Proofs proofs{.tests = tests_of_the_tree(), .sentences = sentences_of_the_tree(), .verbs = {}};
  for (const char* folder : {"lua/lorarun/verbs", "runtime/host/verbs"}) {
    for (const std::string& file : files_below(folder, {".lua", ".cpp"})) {
      proofs.verbs.insert(fs::path(file).stem());
    }
  }
  return proofs;
}

struct Row {
  std::string id, state, text;  // the last cell
};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (size_t from = 1, to; (to = line.find('|', from)) != std::string::npos; from = to + 1) {
    const size_t first = line.find_first_not_of(' ', from),
                 last = line.find_last_not_of(' ', to - 1);
    cells.push_back(first < to ? line.substr(first, last - first + 1) : "");
  }
  return cells;
}

std::vector<Row> rows_of(const std::string& page) {
  static const std::regex row(R"(\| [A-Z]\d\d \|.*)");
  std::vector<Row> rows;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_match(line, row)) { continue; }
    const std::vector<std::string> cells = cells_of(line);
    const bool whole = cells.size() == 4;
    rows.push_back({cells[0], whole ? cells[2] : "no row of four cells", whole ? cells[3] : ""});
  }
  return rows;
}

// Is in the tree: "Suite.Name" as it stands, "Suite.*" where it begins so.
bool is_test(const std::string& word, const std::set<std::string>& tests) {
  if (!word.ends_with('*')) { return tests.contains(word); }
  const std::string start = word.substr(0, word.size() - 1);
  const auto first = tests.lower_bound(start);
  return first != tests.end() && first->starts_with(start);
}

// Folders of the root that hold what a proof may name; "runs/NAME" is somebody's run.
bool is_path(const std::string& word) {
  static const std::set<std::string> folders = {"bench", "docs",    "examples", "kernels",
                                                "lua",   "recipes", "runtime",  "tests"};
  const size_t slash = word.find('/');
  return slash != std::string::npos && folders.contains(word.substr(0, slash));
}

// One word between backquotes: whether it names a test, and what is wrong with it.
struct Checked {
  bool proves = false;
  std::string problem;
};

Checked checked_command(const std::string& span, const Proofs& proofs) {
  std::istringstream words(span);
  std::string word;
  words >> word;
  for (bool first = true; words >> word; first = false) {
    if (is_path(word) && !fs::exists(kRoot / word)) { return {false, word + " is no file"}; }
    const bool verb = first && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == word.npos;
    if (verb && !proofs.verbs.contains(word)) { return {false, word + " is no verb"}; }
  }
  return {};
}

Checked checked_word(const std::string& span, const Proofs& proofs) {
  static const std::regex test(R"([A-Z]\w*\.\w*\w\*?|[A-Z]\w*\.?\*)");
  if (std::regex_match(span, test)) {
    const bool there = is_test(span, proofs.tests);
    return {there, there ? "" : "no test is called " + span};
  }
  if (span.ends_with("_spec") || span == "wrapper") {
    const bool there = proofs.sentences.contains(span);
    return {there, there ? "" : "there is no " + span};
  }
  if (span.starts_with("test_")) { return {false, span + " is no word of ./lorarun test"}; }
  if (span.starts_with("lorarun ") || span.starts_with("./lorarun ")) {
    return checked_command(span, proofs);
  }
  if (is_path(span) && !fs::exists(kRoot / span)) { return {false, span + " is no file"}; }
  return {};
}

// The sentences between curly quotes that stand at the beginning: " (“one”, “two”)".
std::vector<std::string> quoted_after(const std::string& text) {
  const std::string open = "“", close = "”";
  std::vector<std::string> sentences;
  std::string before = " (";
  for (size_t at = 0; text.compare(at, before.size() + open.size(), before + open) == 0;) {
    const size_t from = at + before.size() + open.size(), to = text.find(close, from);
    if (to == std::string::npos) { break; }
    sentences.push_back(text.substr(from, to - from));
    at = to + close.size();
    before = ", ";
  }
  return sentences;
}

struct Cell {
  bool proves = false;
  std::vector<std::string> problems;
};

Cell checked_cell(const std::string& text, const Proofs& proofs) {
  Cell cell;
  for (size_t from, to = 0; (from = text.find('`', to)) != std::string::npos; ++to) {
    to = text.find('`', from + 1);
    if (to == std::string::npos) { break; }
    const std::string span = text.substr(from + 1, to - from - 1);
    const Checked word = checked_word(span, proofs);
    cell.proves = cell.proves || word.proves;
    if (!word.problem.empty()) { cell.problems.push_back(word.problem); }
    const auto known = proofs.sentences.find(span);
    if (known == proofs.sentences.end()) { continue; }
    for (const std::string& sentence : quoted_after(text.substr(to + 1))) {
      if (known->second.contains(sentence)) { continue; }
      cell.problems.push_back(span + " has no test “" + sentence + "”");
    }
  }
  return cell;
}

std::vector<std::string> problems_of(const Row& row, const Proofs& proofs) {
  Cell cell = checked_cell(row.text, proofs);
  if (row.state == "works" && !cell.proves) {
    cell.problems.push_back("works, and no test says so");
  }
  if (row.state == "partly" && row.text.empty()) {
    cell.problems.push_back("partly, and nothing says what is missing");
  }
  if (row.state != "works" && row.state != "partly" && row.state != "not yet") {
    cell.problems.push_back("'" + row.state + "' is no state");
  }
  return cell.problems;
}

std::string count_of(const std::vector<Row>& rows) {
  const auto with = [&rows](const std::string& state) {
    const auto is_so = [&state](const Row& row) { return row.state == state; };
    return std::to_string(std::count_if(rows.begin(), rows.end(), is_so));
  };
  return "Now: " + with("works") + " work, " + with("partly") + " partly, " + with("not yet") +
         " not yet, of " + std::to_string(rows.size()) + ".";
}

// "A11: no test is called …", in the order of the page.
std::vector<std::string> problems_of(const std::string& page, const Proofs& proofs) {
  const std::vector<Row> rows = rows_of(page);
  std::vector<std::string> all;
  std::set<std::string> seen;
  for (const Row& row : rows) {
    if (!seen.insert(row.id).second) { all.push_back(row.id + ": stands there twice"); }
    for (const std::string& problem : problems_of(row, proofs)) {
      all.push_back(row.id + ": " + problem);
    }
  }
  if (page.find(count_of(rows)) == page.npos) { all.push_back("it should say: " + count_of(rows)); }
  return all;
}

const Proofs kFew = {.tests = {"Fox.Runs", "Fox.Sleeps"},
                     .sentences = {{"fox_spec", {"a fox runs", "a fox sleeps"}}},
                     .verbs = {"plan"}};

TEST(Proofs, OfAnHonestPageAreFound) {
  const std::string page =
      "Now: 3 work, 1 partly, 1 not yet, of 5.\n"
      "| A01 | a fox | works | it runs: `Fox.Runs`, `run.speed` |\n"
      "| A02 | foxes | works | `Fox.*`, `Fo*`; `lorarun plan RECIPE` |\n"
      "| A03 | words | works | `fox_spec` (“a fox runs”, “a fox sleeps”), `tests/house/tree.h` |\n"
      "| A04 | a wolf | partly | a fox |\n"
      "| A05 | a bear | not yet |  |\n";
  EXPECT_THAT(problems_of(page, kFew), IsEmpty());
}

TEST(Proofs, ThatAreNotThereAreNamedWithTheirRow) {
  const std::string page =
      "Now: 9 work, 0 partly, 0 not yet, of 9.\n"
      "| A01 | a fox | works | `Fox.Flies` |\n"
      "| A02 | a wolf | works | `Wolf*`, `Fox.Runs` |\n"
      "| A03 | words | partly | `fox_spec` (“a fox runs”, “a fox flies”), `wolf_spec` |\n"
      "| A03 | a file | partly | `tests/house/fox.h` |\n"
      "| A04 | a verb | works | `Fox.Runs`, `lorarun hunt`, `lorarun plan recipes/fox.lua` |\n"
      "| A05 | a program | works | `test_fox` |\n"
      "| A06 | nothing | works | it is there, in `tests/house/tree.h` |\n"
      "| A07 | nothing | partly |  |\n"
      "| A08 | a state | maybe | |\n";
  EXPECT_THAT(
      problems_of(page, kFew),
      ElementsAre("A01: no test is called Fox.Flies", "A01: works, and no test says so",
                  "A02: no test is called Wolf*", "A03: fox_spec has no test “a fox flies”",
                  "A03: there is no wolf_spec", "A03: stands there twice",
                  "A03: tests/house/fox.h is no file", "A04: hunt is no verb",
                  "A04: recipes/fox.lua is no file", "A05: test_fox is no word of ./lorarun test",
                  "A05: works, and no test says so", "A06: works, and no test says so",
                  "A07: partly, and nothing says what is missing", "A08: 'maybe' is no state",
                  HasSubstr("it should say: Now: 5 work, 3 partly, 0 not yet, of 9.")));
}

TEST(Proofs, AreReadFromTheTree) {
  const Proofs proofs = proofs_of_the_tree();
  EXPECT_TRUE(proofs.tests.contains("Proofs.AreReadFromTheTree"));
  EXPECT_TRUE(proofs.tests.contains("FullGradients.OfTheTransformerEqualDiffusers"));
  EXPECT_TRUE(
      proofs.sentences.at("knobs_spec").contains("phases by epoch count steps of an epoch"));
  EXPECT_GT(proofs.sentences.at("wrapper").size(), 20u);
  EXPECT_TRUE(proofs.verbs.contains("plan") && proofs.verbs.contains("sample"));
}

TEST(Proofs, OfTheRequirementsAreThere) {
  const std::string page = read_text(kRoot / "docs/requirements.md");
  EXPECT_GT(rows_of(page).size(), 200u);
  for (const std::string& problem : problems_of(page, proofs_of_the_tree())) {
    ADD_FAILURE() << problem;
  }
}

}  // namespace
}  // namespace lorarun::house
