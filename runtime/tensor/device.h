// Devices by name: the one place where a word of a recipe or a command line becomes a device.
//
//   "cpu"               the processor
//   "cuda" "cuda:1"     a card, by its number; "cuda" is cuda:0
//   "auto"              the first card that works, else the processor
//   "pretend"           a backend that a preloaded library added to LibTorch under that name
//
// The first name of a card loads LibTorch's CUDA half (kernels/cuda_loader.h), so what needs no
// card waits for none.  LibTorch decides at the first question about CUDA whether it has any: a
// name is asked for here before anything is computed, and scripts call prepare_devices().
//
// Invariant: a device that this file gives works; a card always has its number.

#pragma once

#include <string>

#include "runtime/tensor/torch.h"

namespace lorarun {

// Throws Error: an unknown name with the nearest, a number beyond the last card, a driver that is
// missing, too old or refuses, a library that is missing.  `where` is the place of the word.
at::Device device_from_name(const std::string& name, const std::string& where = "");

// The same, and "meta": LibTorch's device of shapes without numbers (tensor/imagined.h), where
// plans rehearse.
at::Device device_or_meta_from_name(const std::string& name, const std::string& where = "");

// What "auto" is here.  `why_cpu` says why a card or a driver that is there is not used; it is
// empty where a card is used, and where there is nothing to use.
struct AutoDevice {
  std::string name;  // "cuda", "cuda:1" or "cpu"
  std::string why_cpu, remedy;
};
const AutoDevice& auto_device();

// What people and plans want to know of a device; 0 and "" where it is not known.
struct DeviceFacts {
  std::string name;  // "cuda:1"
  std::string card;  // "NVIDIA H100 80GB HBM3"; of an added backend its name
  int64_t memory_bytes = 0, free_bytes = 0;
};
DeviceFacts facts_of(at::Device device);

int64_t cuda_device_count();

// Why no card can be used, or "" and "".  Loads LibTorch's CUDA half where a driver is.
struct CudaTrouble {
  std::string what, remedy;
};
const CudaTrouble& cuda_trouble();

// For what may ask for any device at any time: a script.  Loads what a driver can use, or nothing.
void prepare_devices();

}  // namespace lorarun
