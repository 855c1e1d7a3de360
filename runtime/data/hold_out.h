// Pictures that are measured and never trained on.
//
//   data set --hold_out()--> what is left for training  +  the held-out pictures
//
// Which ones is a function of the seed: the last ones of the permutation "holdout" of all pictures
// that are not prior ones.  A picture goes with all its repeats, sizes and its mirrored copy; among
// the held-out items each size of a picture stands once, as it is.

#pragma once

#include <cstdint>

#include "runtime/data/dataset.h"

namespace lorarun::data {

// Takes `pictures` pictures out of the data set and gives them as one of their own; the hash of the
// data set stays that of all.  Throws Error when nothing would be left to train on.
Dataset hold_out(Dataset& dataset, int64_t pictures, uint64_t seed);

}  // namespace lorarun::data
