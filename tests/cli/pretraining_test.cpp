// The recipes that made the committed base make it again: the first steps of each stage are those
// that were recorded.
//
// To the bit on the kind of CPU that they were recorded on; elsewhere to a tolerance, because
// libraries choose other kernels there.  Recorded on an AMD EPYC (AVX2), with 64 pictures and one
// thread.

#include <cmath>

#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

const std::string kRecordedOn = "vendor_id=AuthenticAMD cpu family=25 model=1 stepping=1";
constexpr double kTolerance = 2e-3;  // relative

// The lines of /proc/cpuinfo that tell one kind of CPU from another.
std::string kind_of_cpu() {
  std::ifstream file("/proc/cpuinfo");
  std::map<std::string, std::string> found;
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || colon + 2 > line.size()) { continue; }
    found[line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1)] = line.substr(colon + 2);
  }
  std::string text;
  for (const char* key : {"vendor_id", "cpu family", "model", "stepping"}) {
    text += (text.empty() ? "" : " ") + (key + ("=" + found[key]));
  }
  return text;
}

std::vector<double> first_losses(const std::string& recipe, const std::string& name,
                                 const std::vector<std::string>& more = {}) {
  const Folder folder;
  std::vector<std::string> words = {LORARUN_SOURCE_DIR "/recipes/tiny_flux/" + recipe, "--steps",
                                    "3", "--pictures", "64"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = run_program(words, folder.path());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return losses_in(folder.path() / "runs" / name / "metrics.jsonl");
}

void expect_as_recorded(const std::vector<double>& losses, const std::vector<double>& recorded) {
  if (kind_of_cpu() == kRecordedOn) {
    EXPECT_EQ(losses, recorded);
    return;
  }
  ASSERT_EQ(losses.size(), recorded.size());
  for (size_t i = 0; i < losses.size(); ++i) {
    EXPECT_NEAR(losses[i], recorded[i], kTolerance * recorded[i]) << "step " << i + 1;
  }
}

TEST(Pretraining, OfTheVaeBeginsAsRecorded) {
  expect_as_recorded(first_losses("vae.lua", "tiny_flux_vae"),
                     {5.549271106719971, 5.3082685470581055, 3.9101710319519043});
}

TEST(Pretraining, OfTheTransformerBeginsAsRecorded) {
  expect_as_recorded(first_losses("transformer.lua", "tiny_flux", {"--set", "render.steps=1"}),
                     {1.9367221593856812, 1.896888017654419, 1.990403175354004});
}

// This stage and the next go on from what is there: recorded on the committed base.

TEST(Pretraining, OfTheGuidanceBeginsAsRecorded) {
  expect_as_recorded(
      first_losses("guidance.lua", "tiny_flux_guidance", {"--set", "render.steps=1"}),
      {0.40051019191741943, 0.3286324143409729, 0.4145277738571167});
}

TEST(Pretraining, OfTheDecoderBeginsAsRecorded) {
  expect_as_recorded(first_losses("vae_decoder.lua", "tiny_flux_decoder"),
                     {0.02653191238641739, 0.01710711419582367, 0.025587815791368484});
}

}  // namespace
}  // namespace lorarun::cli
