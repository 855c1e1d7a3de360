// What LibTorch's meta device lacks in C++: a few operations that give tensors of the right shape.
//
// Each keeps what the fused operation of a card keeps: attention its inputs, its output and one
// number a row, never the table of scores; a normalisation its mean and inverse deviation.

#pragma once

namespace lorarun::imagined {

// Registers them with LibTorch's dispatcher; later calls do nothing.
void add_kernels();

}  // namespace lorarun::imagined
