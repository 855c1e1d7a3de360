// lorarun's kernels on tensors of a card: test_tensor's OnDevice tests, which wait for one
// elsewhere.

#include <gmock/gmock.h>

#include "tests/pretend/on_the_card.h"

namespace lorarun::pretend_tests {
namespace {

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) { return "no shell"; }
  char buffer[4096];
  while (const size_t got = fread(buffer, 1, sizeof buffer, pipe)) { output.append(buffer, got); }
  pclose(pipe);
  return output;
}

TEST(OnTheCard, EveryKernelGivesWhatItsTwinGives) {
  const Folder folder;
  const std::string preload = is_pretended() ? "LD_PRELOAD=" + library_of_the_card() : "";
  const std::string variables = preload + " LORARUN_TEST_DEVICE=" + card();
  const std::string tests = (program().parent_path() / "test_tensor").string();
  const std::string output =
      output_of("cd '" + folder.path().string() + "' && " + variables + " timeout 100 '" + tests +
                "' --gtest_filter='OnDevice.*' --gtest_color=no 2>&1");
  EXPECT_THAT(output, testing::HasSubstr("[  PASSED  ]"));
  EXPECT_THAT(output, testing::HasSubstr("ALaunchThatFails"));
  EXPECT_THAT(output, testing::Not(testing::HasSubstr("FAILED")));
  if (is_pretended()) { EXPECT_THAT(output, testing::Not(testing::HasSubstr("SKIPPED"))); }
}

}  // namespace
}  // namespace lorarun::pretend_tests
