// Runs the real program on a card: the pretended GPU, which is preloaded into it, or the real one
// that LORARUN_TEST_DEVICE names ("cuda").
//
//   TrainingFolder cpu(changes), card(changes);
//   cpu.train();  train_on_the_card(card);  expect_the_cpus_losses(card, cpu);

#pragma once

#include "tests/cli/training_folder.h"

namespace lorarun::pretend_tests {

using namespace cli;

inline std::string card() {
  const char* name = std::getenv("LORARUN_TEST_DEVICE");
  return name == nullptr ? "pretend" : name;
}
inline bool is_pretended() {
  return card() == "pretend";
}

// A variable of the environment while this lives; programs that start meanwhile get it.
class Variable {
 public:
  Variable(std::string name, const std::string& value) : name_(std::move(name)) {
    setenv(name_.c_str(), value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_.c_str()); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  std::string name_;
};

// The loader splits LD_PRELOAD at spaces, which the path of the build folder may hold: so by a
// link.
inline std::string library_of_the_card() {
  static const Folder place;
  static const fs::path link = [] {
    const fs::path made = place.path() / "libpretend.so";
    fs::create_symlink(fs::path(LORARUN_BINARY_DIR) / "libpretend.so", made);
    return made;
  }();
  return link.string();
}

inline fs::path report_in(const fs::path& folder) {
  return folder / "pretend.json";
}

// Starts the program with the card within reach; the words say whether it is used.
inline pid_t start_with_the_card(const std::vector<std::string>& words, const fs::path& folder) {
  if (!is_pretended()) { return start_program(words, folder); }
  const Variable library("LD_PRELOAD", library_of_the_card());
  const Variable report("PRETEND_REPORT", report_in(folder).string());
  return start_program(words, folder);
}

inline Outcome run_with_the_card(const std::vector<std::string>& words, const fs::path& folder) {
  return finish_program(start_with_the_card(words, folder), folder);
}

inline std::vector<std::string> on_the_card(std::vector<std::string> words) {
  words.insert(words.end(), {"--set", "device=" + card()});
  return words;
}

inline void train_on_the_card(const TrainingFolder& folder,
                              const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"r.lua"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = run_with_the_card(on_the_card(words), folder.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("memory was not counted"), std::string::npos) << outcome.err;
}

inline void train_on_the_cpu(const TrainingFolder& folder,
                             const std::vector<std::string>& more = {}) {
  const Outcome outcome = folder.train(more);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
}

// What the pretended GPU counted in its last process.
inline Json report_of(const fs::path& folder) {
  return read_json(report_in(folder));
}

// Six steps of float32 leave the order of sums as the only difference; of bfloat16, its roundings.
// A real card sums in another order in every product, and its convolutions take TF32.
constexpr double kFloat32 = 1e-5, kBFloat16 = 2e-2, kOnARealCard = 1e-2;

inline void expect_close(const std::vector<double>& found, const std::vector<double>& expected,
                         double tolerance) {
  if (!is_pretended()) { tolerance = std::max(tolerance, kOnARealCard); }
  ASSERT_EQ(found.size(), expected.size());
  ASSERT_FALSE(expected.empty());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], tolerance * std::abs(expected[i])) << "step " << i + 1;
  }
}

// Trains a recipe with these changes on both and compares the losses.
inline void expect_the_cpus_losses(const std::string& changes, double tolerance = kFloat32) {
  const TrainingFolder cpu(changes), there(changes);
  train_on_the_cpu(cpu);
  train_on_the_card(there);
  if (testing::Test::HasFatalFailure()) { return; }
  expect_close(there.losses(), cpu.losses(), tolerance);
}

}  // namespace lorarun::pretend_tests
