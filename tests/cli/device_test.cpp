// Devices by name, and machines with a driver: what the program does there, and what it says where
// a card cannot be used.  The driver is a stub (tests/cli/stubs); no test here needs a card.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/json.h"
#include "tests/cli/stubbed_driver.h"
#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Json doctor() {
  const Folder folder;
  const Outcome outcome = run_program({"doctor", "--json"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return Json::parse(outcome.out);
}

std::string wrong_of(const Json& found) {
  return found["wrong"].dump();
}

// What rendering on this device says; the model's folder is not reached.
Outcome sample_on(const std::string& device) {
  const Folder folder;
  return run_program({"sample", "none", "--prompt", "x", "--out", "o", "--device", device},
                     folder.path());
}

void expect_refused(const Outcome& outcome, const std::vector<std::string>& parts) {
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("error: "), HasSubstr("at: "), HasSubstr("fix: ")));
  for (const std::string& part : parts) { EXPECT_THAT(outcome.err, HasSubstr(part)); }
}

TEST(DeviceName, OfNoDeviceNamesTheNearest) {
  expect_refused(sample_on("gpu"), {"no device named 'gpu'", "--device", "did you mean 'cuda'?"});
  expect_refused(sample_on("cuda:two"), {"no device named 'cuda:two'", "did you mean 'cuda:1'?"});
  expect_refused(sample_on("cpu:3"), {"no device named 'cpu:3'"});
}

TEST(DeviceName, InARecipeIsRefusedAtItsKey) {
  const TrainingFolder folder("device = 'gpu'");
  expect_refused(folder.train(), {"no device named 'gpu'", "r.lua, device", "'cuda'"});
  EXPECT_FALSE(fs::exists(folder.path() / "runs/run"));
}

TEST(DeviceName, InARecipeLooksWrongInItsPlan) {
  const TrainingFolder folder;
  const Outcome plan = run_program({"plan", "r.lua", "--set", "device=gpu"}, folder.path());
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, AllOf(HasSubstr("no device named 'gpu'"), HasSubstr("'cuda'")));
}

TEST(DeviceName, InAScriptIsRefusedLikeEverywhere) {
  const Folder folder;
  folder.write("s.lua", "lorarun.tensor.zeros({2}, { device = 'gpu' })");
  const Outcome outcome = run_program({"--trust", "s.lua"}, folder.path());
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("no device named 'gpu'"), HasSubstr("'cuda'")));
}

TEST(Driver, TellsTheDoctorOfItsCards) {
  Machine machine(kMarks);
  machine.set("STUB_CUDA_CARDS", "2");
  const Json found = doctor();
  EXPECT_EQ(found["cuda_version"], 13000);
  ASSERT_THAT(found["cards"], SizeIs(2));
  EXPECT_EQ(found["cards"][1]["device"], "cuda:1");
  EXPECT_EQ(found["cards"][1]["name"], "Stub Card 24");
  EXPECT_EQ(found["cards"][1]["memory_bytes"], int64_t{24} << 30);
  EXPECT_EQ(found["cards"][1]["capability"], "9.0");
  EXPECT_TRUE(machine.was_loaded());
}

// LibTorch decides at the first question about CUDA whether it has any.  These are the CUDA
// runtime's own words, so LibTorch asked it: its CUDA half was loaded in time.
const std::string kAskedTheRuntime = "sees none: Error ";

TEST(Driver, BringsLibTorchsOwnCudaHalfIntoTheProgramInTime) {
  const Machine machine;
  const Json found = doctor();
  EXPECT_THAT(found["cuda_libraries"], HasSubstr("libtorch_cuda.so"));
  EXPECT_THAT(found["why_no_cuda"].get<std::string>(), HasSubstr(kAskedTheRuntime));
  EXPECT_THAT(sample_on("cuda").err, HasSubstr(kAskedTheRuntime));
  EXPECT_THAT(TrainingFolder("steps = 1").train().err, HasSubstr(kAskedTheRuntime));
}

TEST(Driver, BringsItIntoAScriptBeforeTheScriptComputes) {
  const Machine machine;
  const Folder folder;
  folder.write("s.lua", "local m = lorarun.model.open('" + kMicro +
                            "')\nm:encode_image(lorarun.tensor.zeros({ 1, 3, 64, 64 }))\n"
                            "lorarun.device.open('cuda')");
  const Outcome outcome = run_program({"--trust", "s.lua"}, folder.path());
  EXPECT_THAT(outcome.err, HasSubstr(kAskedTheRuntime));
}

TEST(Driver, TooOldForCuda13IsNamedWithTheReleaseThatIsNeeded) {
  Machine machine(kMarks);
  machine.set("STUB_CUDA_VERSION", "12040");
  EXPECT_THAT(wrong_of(doctor()),
              AllOf(HasSubstr("too old"), HasSubstr("runs CUDA 12.4"), HasSubstr("580 or newer")));
  expect_refused(sample_on("cuda"), {"runs CUDA 12.4, and 13.0 is needed", "580 or newer"});
  EXPECT_FALSE(machine.was_loaded());
}

TEST(Driver, ThatDoesNotStartSaysWhyInWords) {
  const std::map<std::string, std::string> words = {{"3", "not initialised (CUDA error 3)"},
                                                    {"100", "it sees no card (CUDA error 100)"},
                                                    {"802", "nvidia-fabricmanager"},
                                                    {"803", "of two releases (CUDA error 803)"},
                                                    {"804", "cuda-compat"},
                                                    {"999", "nvidia_uvm"},
                                                    {"777", "CUDA error 777"}};
  Machine machine(kMarks);
  for (const auto& [code, said] : words) {
    machine.set("STUB_CUDA_INIT", code);
    expect_refused(sample_on("cuda:1"), {said});
  }
}

TEST(Driver, WhoseCardsAreHiddenNamesTheVariable) {
  Machine machine(kMarks);
  machine.set("STUB_CUDA_CARDS", "0");
  machine.set("CUDA_VISIBLE_DEVICES", "7");
  expect_refused(sample_on("cuda"), {"CUDA_VISIBLE_DEVICES is '7'", "unset it"});
}

TEST(Driver, WithACardThatCuda13DoesNotKnowSaysSo) {
  Machine machine(kMarks);
  machine.set("STUB_CUDA_CAPABILITY", "61");
  EXPECT_THAT(wrong_of(doctor()),
              AllOf(HasSubstr("compute capability 6.1"), HasSubstr("7.5 (Turing) and newer")));
}

TEST(Driver, WithoutALibraryBesideItNamesTheLibraryAndHowToGetIt) {
  const Machine machine(kLacking);
  const std::string what = "libstub_beside.so is missing";
  EXPECT_THAT(wrong_of(doctor()), AllOf(HasSubstr(what), HasSubstr("./lorarun --build-only")));
  expect_refused(sample_on("cuda"), {what, "./lorarun --build-only"});
}

// A copy of the program with a plugin beside it that another build made.
Json doctor_with_plugin(const fs::path& plugin) {
  const Folder folder;
  fs::copy_file(program(), folder.path() / "lorarun");
  fs::copy_file(plugin, folder.path() / "liblorarun_cuda.so");
  fs::create_symlink(program().parent_path() / "lorarun-policy", folder.path() / "lorarun-policy");
  const pid_t child = start(folder.path() / "lorarun", {"doctor", "--json"}, folder.path());
  return Json::parse(finish_program(child, folder.path()).out);
}

TEST(Plugin, OfAnotherBuildIsRefusedWithTheRemedy) {
  const Machine machine(kMarks);
  const Json found = doctor_with_plugin(kMarks);  // any library without the table
  EXPECT_FALSE(found["plugin"].get<bool>());
  EXPECT_THAT(wrong_of(found), AllOf(HasSubstr("the kernels' plugin is not used"),
                                     HasSubstr("of another build"), HasSubstr("--build-only")));
}

TEST(CudaHalf, IsNotLoadedByVerbsThatNeedNoDevice) {
  const Machine machine(kMarks);
  const TrainingFolder folder("device = 'cpu', steps = 1");
  ASSERT_EQ(folder.train().exit_code, 0);
  EXPECT_FALSE(machine.was_loaded()) << "training with device = 'cpu'";
  const std::vector<std::vector<std::string>> all = {
      {"--help"},
      {"--version"},
      {"runs"},
      {"status", "run"},
      {"log", "run"},
      {"r.lua", "--help"},
      {"report", "run"},
      {"r.lua", "--explain"},
      {"inspect", "runs/run/checkpoints/run-000001.safetensors"}};
  for (const auto& words : all) {
    const Outcome outcome = run_program(words, folder.path());
    EXPECT_EQ(outcome.exit_code, 0) << words[0] << ": " << outcome.err;
    EXPECT_FALSE(machine.was_loaded()) << words[0];
  }
}

TEST(CudaHalf, IsLoadedByWhatMayUseACard) {
  const Machine machine(kMarks);
  const TrainingFolder folder("device = 'auto', steps = 1");
  folder.write("s.lua", "print(lorarun.cuda_devices())");
  run_program({"doctor"}, folder.path());
  EXPECT_TRUE(machine.was_loaded());
  run_program({"--trust", "s.lua"}, folder.path());
  EXPECT_TRUE(machine.was_loaded());
  folder.train();
  EXPECT_TRUE(machine.was_loaded());
  sample_on("cuda");
  EXPECT_TRUE(machine.was_loaded());
  sample_on("cpu");
  EXPECT_FALSE(machine.was_loaded());
}

TEST(AutoDevice, ThatPassesACardByTrainsAndSaysWhyOnce) {
  Machine machine(kMarks);
  machine.set("STUB_CUDA_VERSION", "12020");
  const TrainingFolder folder("steps = 1");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string said = "the CPU is used, though a card or its driver is there";
  const size_t first = outcome.err.find(said);
  ASSERT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(said, first + 1), std::string::npos);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("runs CUDA 12.2"), HasSubstr("fix: update the driver")));
  const auto warnings = events_in(folder.run("journal.jsonl"), "warn");
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_EQ(warnings[0]["key"], "device");
  EXPECT_EQ(Json::parse(read_all(folder.run("manifest.json")))["device"], "cpu");
}

// FLUX.1-dev's denoiser as far as its config.json tells: 11.9 billion numbers.
void write_large_base(const Folder& folder) {
  folder.write("base/model_index.json", R"({"_class_name": "FluxPipeline"})");
  folder.write("base/transformer/config.json",
               R"({"_class_name": "FluxTransformer2DModel", "patch_size": 1, "in_channels": 64,
                   "num_layers": 19, "num_single_layers": 38, "attention_head_dim": 128,
                   "num_attention_heads": 24, "joint_attention_dim": 4096,
                   "pooled_projection_dim": 768, "guidance_embeds": true,
                   "axes_dims_rope": [16, 56, 56]})");
  folder.write("r.lua", recipe_text("base", ""));
}

TEST(AutoDevice, RefusesALargeModelWhereItFindsOnlyTheCpu) {
  Machine machine(kMarks);
  machine.set("STUB_CUDA_VERSION", "12020");
  const TrainingFolder folder;
  write_large_base(folder);
  expect_refused(folder.train(), {"the denoiser has 11.9 billion parameters", "runs CUDA 12.2",
                                  "r.lua, device", "device = \"cpu\""});
  EXPECT_FALSE(fs::exists(folder.path() / "runs/run"));
}

TEST(AutoDevice, LetsALargeModelPassWhereTheRecipeSaysCpu) {
  const TrainingFolder folder;
  write_large_base(folder);
  const Outcome outcome = folder.train({"--set", "device=cpu"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(Not(HasSubstr("billion")), Not(IsEmpty())));
}

TEST(Start, SaysWhereItComputesWhatItTrainsAndHowToReachIt) {
  const TrainingFolder folder("device = 'cpu', steps = 1");
  const Outcome outcome = folder.train();
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("device      cpu\n"), HasSubstr("micro_flux (flux, float32)\n"),
                    HasSubstr("run         runs/run\n"), HasSubstr("lorarun attach run\n")));
  const Json manifest = Json::parse(read_all(folder.run("manifest.json")));
  EXPECT_EQ(manifest["model"]["family"], "flux");
  EXPECT_EQ(manifest["model"]["dtype"], "float32");
  EXPECT_EQ(manifest["model"]["path"], kMicro);
  EXPECT_EQ(manifest["folder"], fs::canonical(folder.run("")).string());
  const Outcome status = run_program({"status", "run"}, folder.path());
  EXPECT_THAT(status.out, AllOf(HasSubstr("device     cpu"), HasSubstr("(flux, float32)")));
  EXPECT_THAT(read_all(folder.run("report.html")), HasSubstr("(flux, float32)"));
}

}  // namespace
}  // namespace lorarun::cli
