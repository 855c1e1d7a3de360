// Pictures as training will see them, as files: to look at them, and for other programs.
//
//   a.jpg -> OUT/a.jpg_832x1216.npy      uint8 [height, width, 3]
//
// A mirrored copy has "_flipped" before its ending.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/data/dataset.h"

namespace lorarun::data {

struct Prepared {
  int64_t written = 0;
  std::vector<std::string> broken;  // "a.png: the file ends after 300 of 4,096 bytes"
};

// Resizes and crops every picture of the data set, on all cores.  A broken picture is named and
// left out.  Throws Error when the folder cannot be written to.
Prepared prepare_pictures(const Dataset& dataset, const std::filesystem::path& out);

}  // namespace lorarun::data
