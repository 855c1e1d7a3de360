// print(x): rows of numbers in aligned columns, long dimensions shortened, and
// one closing line with shape, dtype and device.

#include <cmath>
#include <cstdio>

#include "runtime/bind/tensor_wrap.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::bind {

namespace {

constexpr int64_t kEdge = 4;  // numbers shown at each end of a long dimension

// One way of writing all numbers of a tensor.
struct Style {
  bool whole = false, scientific = false;
  int width = 0;
};

std::string number_text(double value, const Style& style) {
  char text[48];
  if (!std::isfinite(value)) {
    std::snprintf(text, sizeof text, "%s", std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
  } else {
    const char* format = style.whole ? "%.0f" : style.scientific ? "%.3e" : "%.4f";
    std::snprintf(text, sizeof text, format, value);
  }
  std::string padded = text;
  const auto width = static_cast<size_t>(style.width);
  return padded.size() < width ? std::string(width - padded.size(), ' ') + padded : padded;
}

// The places shown of a dimension of n; -1 stands for "…".
std::vector<int64_t> shown(int64_t n) {
  std::vector<int64_t> places;
  for (int64_t i = 0; i < n; ++i) {
    if (n > 2 * kEdge + 1 && i == kEdge) {
      places.push_back(-1);
      i = n - kEdge;
    }
    places.push_back(i);
  }
  return places;
}

Style style_of(const Tensor& x) {
  Style style;
  const Tensor finite = x.masked_select(x.isfinite());
  if (finite.numel() == 0) { return style; }
  const double largest = finite.abs().max().item<double>();
  style.whole = finite.eq(finite.round()).all().item<bool>() && largest < 1e9;
  style.scientific = !style.whole && (largest >= 1e5 || largest < 1e-3);
  const int low = static_cast<int>(number_text(finite.min().item<double>(), style).size());
  const int high = static_cast<int>(number_text(finite.max().item<double>(), style).size());
  style.width = std::max(low, high);
  return style;
}

std::string row_text(const Tensor& row, const Style& style) {
  std::string text;
  for (const int64_t i : shown(row.size(0))) {
    text += "  ";
    text += i < 0 ? "…" : number_text(row[i].item<double>(), style);
  }
  return text + "\n";
}

void add_matrices(const Tensor& x, const std::string& place, const Style& style,
                  std::string* text) {
  if (x.dim() == 1) {
    *text += row_text(x, style);
  } else if (x.dim() == 2) {
    if (!place.empty()) { *text += "[" + place + "]\n"; }
    for (const int64_t i : shown(x.size(0))) { *text += i < 0 ? "  …\n" : row_text(x[i], style); }
  } else {
    for (const int64_t i : shown(x.size(0))) {
      const std::string part = i < 0 ? "" : std::to_string(i + 1);
      if (i < 0) {
        *text += "…\n";
      } else {
        add_matrices(x[i], place.empty() ? part : place + ", " + part, style, text);
      }
    }
  }
}

}  // namespace

std::string print_tensor(const Tensor& tensor) {
  std::string text;
  if (tensor.numel() > 0) {
    const at::NoGradGuard guard;
    const Tensor x = tensor.detach().to(at::kCPU, at::kDouble);
    const Style style = style_of(x);
    if (x.dim() == 0) {
      text = "  " + number_text(x.item<double>(), style) + "\n";
    } else {
      add_matrices(x, "", style, &text);
    }
  }
  text += "Tensor " + shape_text(tensor.sizes()) + " " + name_of_dtype(tensor.scalar_type()) + " " +
          tensor.device().str();
  return text + (tensor.requires_grad() ? " grad" : "");
}

}  // namespace lorarun::bind
