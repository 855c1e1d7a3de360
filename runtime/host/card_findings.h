// What `lorarun doctor` finds of cards: driver, LibTorch's CUDA half, each card, the plugin.
//
//   findings   {driver, cuda_version, cuda, why_no_cuda, cards: [{device, name, …}], plugin, …}
//   problems   what is wrong of it, each a sentence that ends with the remedy
//   lines      the same for people: {label, text}
//
// A card is an entry for each device that tensors can be on beside the CPU, also one that a
// preloaded library added to LibTorch.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/json.h"

namespace lorarun::host {

Json find_cards();

void add_card_problems(const Json& found, Json* wrong);

std::vector<std::pair<std::string, std::string>> lines_of_cards(const Json& found);

}  // namespace lorarun::host
