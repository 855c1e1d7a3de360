// Checkpoints: NAME-000250.safetensors (the LoRA that other programs load; whole weights as
// "<component>.<name>" when the network is full) and NAME-000250.state/ (everything needed to
// resume to the bit).
//
//   NAME-000250.state/state.json          step, loader cursor, policy state, seed, hashes
//   NAME-000250.state/tensors.safetensors raw float32 adapter, moments, EMA
//
// The state folder is written under a temporary name, flushed and renamed;
// then the LoRA file, which was checked before it got its name.  A checkpoint
// exists when both exist, so a kill at any moment leaves only whole checkpoints.
// Old ones go only after the new one is there; what a killed writer left goes at
// the next save or load.

#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/train/trainer.h"

namespace lorarun::train {

struct CheckpointPlace {
  std::filesystem::path folder;  // runs/NAME/checkpoints
  std::string name;              // NAME
  std::filesystem::path lora(int64_t step) const;
  std::filesystem::path state(int64_t step) const;
};

struct SaveOptions {
  std::string dialect = "peft";                 // peft, kohya, comfy
  std::string dtype = "float32";                // of the LoRA file
  int64_t keep = 0;                             // newest checkpoints kept; 0 = all
  std::vector<int64_t> pinned;                  // steps that are kept whatever `keep` says
  std::map<std::string, std::string> metadata;  // ss_*, modelspec.*, lorarun.recipe
  bool self_check = true;  // read the file back and compare the network's output
};

// Saves EMA weights in the LoRA file when EMA is on, and the raw weights beside
// them as NAME-000250.raw.safetensors.  `state` is what the loop wants back:
// cursor, policy state, step.
void save_checkpoint(const CheckpointPlace& place, int64_t step, Trainer& trainer,
                     const Json& state, const SaveOptions& options);

std::vector<int64_t> checkpoint_steps(const CheckpointPlace& place);  // whole ones, ascending

// Loads the newest whole checkpoint at or before `at_most`; gives its state, or nothing.
// Throws Error naming the checkpoint when its state is damaged or belongs to another network.
std::optional<Json> load_checkpoint(const CheckpointPlace& place, int64_t at_most,
                                    Trainer& trainer);

}  // namespace lorarun::train
