// The header of a LoRA file: what trainers write and what front ends read.
//
//   ss_*          sd-scripts: A1111 and Forge read ss_base_model_version, ss_v2, ss_output_name
//   sshs_*        hashes that leave the metadata out: A1111 knows a file again by them
//   modelspec.*   Stability's specification 1.0.1
//   lorarun.*     our own: recipe, alpha
//
// All values are strings.  No dates: the same network gives the same file.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/io/safetensors.h"
#include "runtime/networks/lora_file.h"

namespace lorarun::networks {

using Metadata = std::map<std::string, std::string>;

// Adds what `metadata` does not say yet; `title` is the file's name without its ending.
void add_standard_metadata(Metadata& metadata, const std::vector<LoraEntry>& entries,
                           const std::string& title);

// Sets sshs_model_hash (SHA-256 of the data after the header) and sshs_legacy_hash (8 digits of the
// SHA-256 of bytes 0x100000 to 0x110000 of the file with only its ss_* metadata).
void set_hashes(Metadata& metadata, const std::vector<TensorToWrite>& tensors);

// The alphas that a PEFT file's B has baked in, by "<component>/<target>": header key
// lorarun.alpha.
void set_baked_alphas(Metadata& metadata, const std::map<std::string, double>& alphas);
std::map<std::string, double> baked_alphas(const Metadata& metadata);

// Alphas by diffusers' lora_adapter_metadata, which carries a PEFT LoraConfig per component.
// Gives none when the header does not have it.  Throws Error when it asks for DoRA.
class AdapterConfig {
 public:
  explicit AdapterConfig(const Metadata& metadata);

  // Gives the alpha of a target; `standard` where the header says nothing.
  double alpha_of(const LoraEntry& entry, double standard) const;

 private:
  struct Component {
    double alpha = 0;
    bool divides_by_root_of_rank = false;            // rsLoRA
    std::map<std::string, double> alpha_by_pattern;  // "^a.b" whole, "b" the path's end
  };

  std::map<std::string, Component> components_;
};

}  // namespace lorarun::networks
