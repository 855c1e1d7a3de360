#include "runtime/tensor/tensor.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "runtime/base/error.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun {
namespace {

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

TEST(Dtype, LongAndShortNamesMeanTheSame) {
  EXPECT_EQ(dtype_from_name("bf16"), at::kBFloat16);
  EXPECT_EQ(dtype_from_name("bfloat16"), at::kBFloat16);
  EXPECT_EQ(name_of_dtype(at::kFloat), "float32");
  EXPECT_EQ(dtype_from_safetensors(safetensors_name(at::kHalf)), at::kHalf);
}

TEST(Dtype, AnUnknownNameSuggestsTheNearest) {
  EXPECT_NE(message_of([] { dtype_from_name("flaot32"); }).find("did you mean 'float32'"),
            std::string::npos);
}

TEST(ExpectShape, NamesTheTensorItsShapeAndWhatIsExpected) {
  const std::string text = message_of([] {
    expect_shape(at::zeros({4, 4, 128, 128}), "B C h w", {{"C", 16}}, "latent");
  });
  EXPECT_NE(text.find("latent has shape [4, 4, 128, 128]"), std::string::npos) << text;
  EXPECT_NE(text.find("C = 16"), std::string::npos) << text;
}

TEST(ExpectShape, AcceptsAnySizeForLettersThatAreNotFixed) {
  expect_shape(at::zeros({3, 16, 5, 7}), "B C h w", {{"C", 16}}, "latent");
}

TEST(KeyedTensor, IsTheSameWhateverElseWasDrawn) {
  const Tensor first = keyed_normal(42, "noise", 3, 1, {16, 6, 10});
  keyed_uniform(42, "caption", 3, 1, {5});
  EXPECT_TRUE(first.equal(keyed_normal(42, "noise", 3, 1, {16, 6, 10})));
  EXPECT_FALSE(first.equal(keyed_normal(42, "noise", 4, 1, {16, 6, 10})));
}

TEST(TensorFile, GivesBackWhatWasSavedInEveryType) {
  const auto path = std::filesystem::temp_directory_path() / "lorarun_tensor_file_test.safetensors";
  NamedTensors saved;
  saved["a.weight"] = keyed_normal(1, "noise", 1, 0, {3, 5});
  saved["half"] = saved["a.weight"].to(at::kBFloat16);
  saved["count"] = at::arange(7);
  saved["nothing"] = at::empty({0, 4});
  saved["slice"] = saved["a.weight"].t();  // not contiguous
  save_tensors(path, saved, {{"made by", "a test"}});
  const NamedTensors loaded = load_tensors(path);
  ASSERT_EQ(loaded.size(), saved.size());
  for (const auto& [name, tensor] : saved) { EXPECT_TRUE(loaded.at(name).equal(tensor)) << name; }
  std::filesystem::remove(path);
}

TEST(Memory, PeakIsAtLeastWhatIsHeldNow) {
  EXPECT_GE(peak_process_bytes(), process_bytes());
}

}  // namespace
}  // namespace lorarun
