// What the pretended GPU counts: launches, copies and host reads, by step of training.
//
// The program marks stretches of its work (runtime/tensor/stretch.h); here they decide what is
// counted and what is forbidden:
//
//   "step"      one training step: its counts become one entry of the report
//   "compute"   work that must not wait for the device: a host read inside it fails
//
// At the end of the process the report goes to the file that PRETEND_REPORT names:
//
//   {"steps": [{"launches": 612, "copies_in": 3, "host_reads": 1, "peak_bytes": 91234}],
//    "peak_bytes": 91234, "operations": {"aten::mm": 418}}

#pragma once

#include <cstdint>
#include <string>

namespace pretend {

// An operation, or a kernel of the program, ran on the device.
void count_launch(const std::string& operation);

// Bytes went from the host to the device.
void count_copy_in();

// The host waited for a value of the device.  Throws c10::Error that names the operation when this
// happens inside "compute".
void count_host_read(const std::string& operation);

}  // namespace pretend
