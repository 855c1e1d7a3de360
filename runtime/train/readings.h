// Numbers that a step leaves on the device, read all together: each read waits for the device, so
// a step reads once.
//
//   const size_t place = readings.add(losses);      … more …
//   readings.read();                                 the one wait
//   readings.at(place)                               the numbers

#pragma once

#include <vector>

#include "runtime/tensor/torch.h"

namespace lorarun::train {

class Readings {
 public:
  // Takes the numbers of a tensor of any shape; gives their place.
  size_t add(const Tensor& numbers);

  void read();

  // Requires: read() came after the add() that gave this place.
  const std::vector<double>& at(size_t place) const;
  double number(size_t place) const;  // of a tensor that holds one

 private:
  std::vector<Tensor> waiting_;
  std::vector<std::vector<double>> numbers_;
};

}  // namespace lorarun::train
