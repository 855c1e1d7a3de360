#include "kernels/cuda_driver.h"

#include <gtest/gtest.h>

#include <fstream>

#include "kernels/cuda_loader.h"

namespace lorarun {
namespace {

namespace fs = std::filesystem;

// A PCI bus with one device, as the kernel shows it.
class PciBus {
 public:
  PciBus(const std::string& vendor, const std::string& kind) {
    std::string name = (fs::temp_directory_path() / "lorarun-pci-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    fs::create_directories(folder_ / "0000:01:00.0");
    std::ofstream(folder_ / "0000:01:00.0/vendor") << vendor << "\n";
    std::ofstream(folder_ / "0000:01:00.0/class") << kind << "\n";
  }
  ~PciBus() { fs::remove_all(folder_); }
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

TEST(CudaDriver, KnowsANvidiaCardOnTheBusThatNoDriverServes) {
  EXPECT_TRUE(has_nvidia_card(PciBus("0x10de", "0x030200").folder()));
  EXPECT_FALSE(has_nvidia_card(PciBus("0x10de", "0x040300").folder())) << "the sound of a card";
  EXPECT_FALSE(has_nvidia_card(PciBus("0x1002", "0x030000").folder())) << "another maker's card";
  EXPECT_FALSE(has_nvidia_card("/no/such/folder"));
}

TEST(CudaDriver, SaysItsCodesInWords) {
  EXPECT_EQ(words_of_cuda_error(3), "it is not initialised (CUDA error 3)");
  EXPECT_EQ(words_of_cuda_error(100), "it sees no card (CUDA error 100)");
  EXPECT_EQ(words_of_cuda_error(4711), "CUDA error 4711");
  EXPECT_EQ(words_of_cuda_version(13000), "13.0");
  EXPECT_EQ(words_of_cuda_version(12080), "12.8");
}

TEST(CudaDriver, TakesCardsFromTuringOn) {
  EXPECT_EQ(card_trouble({.name = "T4", .memory_bytes = 0, .major = 7, .minor = 5}), "");
  EXPECT_EQ(card_trouble({.name = "B200", .memory_bytes = 0, .major = 10, .minor = 0}), "");
  EXPECT_EQ(card_trouble({.name = "V100", .memory_bytes = 0, .major = 7, .minor = 0}),
            "V100 has compute capability 7.0; CUDA 13 runs on 7.5 (Turing) and newer");
}

TEST(CudaDriver, HasARemedyForItsTrouble) {
  const CudaDriver& driver = cuda_driver();
  EXPECT_EQ(driver.trouble.empty(), driver.remedy.empty());
  EXPECT_EQ(driver.trouble.empty(), !driver.cards.empty());
}

TEST(CudaLoader, SaysWhyItsLibrariesAndItsPluginAreNotThere) {
  const CudaLibraries& libraries = load_cuda_libraries();
  EXPECT_EQ(libraries.trouble.empty(), libraries.remedy.empty());
  std::string why_not;
  if (libraries.trouble.empty()) { return; }
  EXPECT_EQ(load_cuda_plugin(why_not), nullptr);
  EXPECT_EQ(why_not, libraries.trouble);
}

}  // namespace
}  // namespace lorarun
