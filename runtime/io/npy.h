// NumPy's .npy files, written: one array of bytes with its shape.
//
//   "\x93NUMPY" 1 0 | u16 length | {'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 3), } |
//   data
//
// Source: NumPy's format description, version 1.0.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/files.h"

namespace lorarun {

// The magic, the length and the header of an array of uint8, padded so that data begins at a
// multiple of 64.
std::string npy_header(const std::vector<int64_t>& shape);

// Writes under a temporary name and renames, without waiting for the disk: for files that can be
// made again.  Throws Error naming the file.  Requires: bytes are as many as the shape says.
void write_npy(const fs::path& path, const std::vector<int64_t>& shape,
               std::span<const uint8_t> bytes);

}  // namespace lorarun
