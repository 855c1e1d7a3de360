#include "runtime/tensor/device.h"

#include <c10/core/impl/FakeGuardImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"

namespace lorarun {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kAdded = c10::DeviceType::PrivateUse1;

// Eight devices of a backend that somebody added, under the name "added".
class DeviceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const c10::impl::DeviceGuardImplRegistrar registrar(
        kAdded, new c10::impl::FakeGuardImpl<kAdded>());
    c10::register_privateuse1_backend("added");
  }

  static std::string refusal(const std::string& name) {
    try {
      device_from_name(name, "recipe.lua, device");
    } catch (const Error& error) { return error.what(); }
    return "nothing was refused";
  }
};

TEST_F(DeviceTest, GivesTheProcessorWithoutANumber) {
  EXPECT_EQ(device_from_name("cpu"), at::Device(at::kCPU));
  EXPECT_EQ(device_from_name("cpu:0"), at::Device(at::kCPU));
  EXPECT_THAT(refusal("cpu:1"), HasSubstr("no device named 'cpu:1'"));
}

TEST_F(DeviceTest, GivesAnAddedBackendByItsNameAndNumber) {
  EXPECT_EQ(device_from_name("added"), at::Device(kAdded, 0));
  EXPECT_EQ(device_from_name("added:7"), at::Device(kAdded, 7));
  EXPECT_EQ(facts_of(device_from_name("added:1")).name, "added:1");
  EXPECT_EQ(facts_of(device_from_name("added:1")).card, "added");
}

TEST_F(DeviceTest, RefusesANumberBeyondTheLast) {
  EXPECT_THAT(refusal("added:8"),
              AllOf(HasSubstr("there is no added:8; this machine has 8 devices of that kind"),
                    HasSubstr("at: recipe.lua, device"), HasSubstr("fix: ")));
}

TEST_F(DeviceTest, RefusesWhatIsNoNameWithTheNearest) {
  EXPECT_THAT(refusal("gpu"), AllOf(HasSubstr("at: recipe.lua, device"), HasSubstr("'cuda'?")));
  EXPECT_THAT(refusal("gpu:1"), HasSubstr("did you mean 'cuda'?"));
  EXPECT_THAT(refusal("cdua"), HasSubstr("did you mean 'cuda'?"));
  EXPECT_THAT(refusal("aded"), HasSubstr("did you mean 'added'?"));
  for (const std::string name : {"", ":", "cuda:", "cuda:-1", "cuda:1x", "added:99999999999"}) {
    EXPECT_THAT(refusal(name), HasSubstr("no device named '" + name + "'")) << name;
  }
}

TEST_F(DeviceTest, SaysOfACardThatCannotBeUsedWhatToDo) {
  if (cuda_device_count() > 0) { GTEST_SKIP() << "this machine has a card"; }
  EXPECT_THAT(refusal("cuda"), AllOf(HasSubstr("no card can be used: "), HasSubstr("fix: "),
                                     HasSubstr("lorarun doctor")));
}

TEST_F(DeviceTest, AutoIsADeviceThatWorks) {
  EXPECT_EQ(device_from_name("auto"), device_from_name(auto_device().name));
  EXPECT_EQ(auto_device().name == "cpu", cuda_device_count() == 0);
}

}  // namespace
}  // namespace lorarun
