#include "runtime/train/readings.h"

#include "runtime/base/error.h"

namespace lorarun::train {

size_t Readings::add(const Tensor& numbers) {
  waiting_.push_back(numbers.detach().reshape(-1));
  return numbers_.size() + waiting_.size() - 1;
}

void Readings::read() {
  if (waiting_.empty()) { return; }
  const Tensor all = at::cat(waiting_).to(at::kCPU).to(at::kDouble);
  const double* next = all.const_data_ptr<double>();
  for (const Tensor& one : waiting_) {
    numbers_.emplace_back(next, next + one.numel());
    next += one.numel();
  }
  waiting_.clear();
}

const std::vector<double>& Readings::at(size_t place) const {
  LR_CHECK(place < numbers_.size(), "a number is used before it was read");
  return numbers_[place];
}

double Readings::number(size_t place) const {
  LR_CHECK(at(place).size() == 1, "one number");
  return at(place).front();
}

}  // namespace lorarun::train
