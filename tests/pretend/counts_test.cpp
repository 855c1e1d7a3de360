// What a step costs on a card, counted by the pretended one.  The limits are what the tiny run
// needs today; they fall as the code gets better.

#include "tests/pretend/on_the_card.h"

namespace lorarun::pretend_tests {
namespace {

class Counts : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_pretended()) {
      GTEST_SKIP() << "pending: no pretended GPU, and a real card counts nothing";
    }
  }
};

// The counts of the last step of a run with these changes.
Json last_step(const std::string& changes, const std::vector<std::string>& more = {}) {
  const TrainingFolder folder(changes);
  train_on_the_card(folder, more);
  return report_of(folder.path()).at("steps").back();
}

int64_t count(const Json& step, const char* what) {
  return step.at(what).get<int64_t>();
}

TEST_F(Counts, AStepReadsTheDeviceOnce) {
  EXPECT_LE(count(last_step(""), "host_reads"), 1);
  EXPECT_LE(count(last_step("batch = 1, accumulate = 3,"), "host_reads"), 1);
}

TEST_F(Counts, EveryNumberOfDropoutIsMadeOnTheDevice) {
  const Json without = last_step(""),
             with = last_step("network = lora { rank = 2, dropout = 0.2 },");
  EXPECT_EQ(count(with, "copies_in"), count(without, "copies_in"));
}

TEST_F(Counts, TheTinyStepStaysUnderItsLimits) {
  const Json step = last_step("");
  EXPECT_LE(count(step, "launches"), 945) << step;
  EXPECT_LE(count(step, "copies_in"), 5) << step;
  EXPECT_LE(count(step, "peak_bytes"), 7'370'000) << step;
}

// A random base of this many blocks of each kind.
void write_base(const fs::path& folder, int double_blocks, int single_blocks) {
  fs::copy(kMicro, folder, fs::copy_options::recursive);
  fs::remove(folder / "transformer/diffusion_pytorch_model.safetensors");
  Json config = read_json(folder / "transformer/config.json");
  config["num_layers"] = double_blocks;
  config["num_single_layers"] = single_blocks;
  std::ofstream(folder / "transformer/config.json") << config;
  std::ofstream(folder / "transformer/random.json") << R"({"seed": 1})";
}

int64_t launches_with(int double_blocks, int single_blocks) {
  const Folder base;
  write_base(base.path() / "base", double_blocks, single_blocks);
  const std::string model = "model = flux { path = '" + (base.path() / "base").string() +
                            "', dtype = 'float32' }, batch = 1, steps = 2, ema = 0,";
  return count(last_step(model), "launches");
}

// At true depth a step is the sum of its blocks, and their sizes change no count.
TEST_F(Counts, AFluxBlockLaunchesNoMoreThanItDid) {
  const int64_t one = launches_with(1, 1);
  const int64_t a_double_block = launches_with(2, 1) - one,
                a_single_block = launches_with(1, 2) - one;
  EXPECT_LE(a_double_block, 262);
  EXPECT_LE(a_single_block, 115);
  std::printf("launches of a double block %ld, of a single block %ld\n", a_double_block,
              a_single_block);
}

}  // namespace
}  // namespace lorarun::pretend_tests
