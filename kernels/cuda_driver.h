// What the NVIDIA driver says of itself and of its cards, without CUDA headers and without
// LibTorch.
//
//   libcuda.so.1 -> cuDriverGetVersion -> cuInit -> cards -> trouble, or none
//
// The driver is a part of the machine and none of the program, so it is opened by name at run time.
// Nothing here makes a context: asking costs no memory of a card.
//
// Invariant: `trouble` is empty exactly when the driver started, is new enough and shows a card;
// where it is not empty, `remedy` says what to do.

#pragma once

#include <stdint.h>

#include <filesystem>
#include <string>
#include <vector>

namespace lorarun {

constexpr int kOldestCuda = 13000;  // what LibTorch's CUDA half was built with: 13.0
constexpr int kOldestCard = 75;     // compute capability 7.5; CUDA 13 knows none below

struct CudaCard {
  std::string name;  // "NVIDIA GeForce RTX 4090"
  int64_t memory_bytes = 0;
  int major = 0, minor = 0;  // compute capability
};

struct CudaDriver {
  bool is_there = false;  // a driver, or a card that lacks one: what a fall-back must explain
  int cuda_version = 0;   // the newest CUDA that it runs, 13000 for 13.0; 0 where nothing answered
  std::string release;    // "580.95.05" as the kernel module says it, "" where it says nothing
  std::vector<CudaCard> cards;
  std::string trouble, remedy;
};

// Asks the driver; the first call decides.  Never throws.
const CudaDriver& cuda_driver();

// Why LibTorch cannot use this card, or "".
std::string card_trouble(const CudaCard& card);

// A code of the driver in words: "no device (CUDA error 100)".
std::string words_of_cuda_error(int code);

// "13.0" of 13000
std::string words_of_cuda_version(int version);

// A display controller of NVIDIA on the PCI bus, whether or not a driver serves it.
bool has_nvidia_card(const std::filesystem::path& pci_devices = "/sys/bus/pci/devices");

}  // namespace lorarun
