// Who holds a device's memory, for the moment when it runs out.
//
//   models and trainers of the program, by weak pointers  ->  bytes by owner
//
// Nothing is kept in step with what loads and goes: the owners are asked when the question comes.
// What belongs to none of them is activations: what a step or a picture holds on its way.

#pragma once

#include <map>
#include <memory>
#include <string>

#include "runtime/models/registry.h"
#include "runtime/train/trainer.h"

namespace lorarun::bind {

void watch(const std::shared_ptr<models::Model>& model, at::Device device);
void watch(const std::shared_ptr<train::Trainer>& trainer);

// "weights", "adapters", "state", "text encoders", "VAE": bytes on the device; absent: none.
std::map<std::string, int64_t> owned_bytes(at::Device device);

// The device of the newest model that is still there, or the CPU.
at::Device device_in_use();

}  // namespace lorarun::bind
