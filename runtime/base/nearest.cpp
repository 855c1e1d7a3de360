#include "runtime/base/nearest.h"

#include <algorithm>

namespace lorarun {

// Optimal string alignment distance (Damerau 1964), three rolling rows.
int edit_distance(std::string_view a, std::string_view b) {
  const int columns = static_cast<int>(b.size()) + 1;
  std::vector<int> before_last(columns), last(columns), row(columns);
  for (int j = 0; j < columns; ++j) { last[j] = j; }
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) { row[j] = std::min(row[j], before_last[j - 2] + 1); }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  const int limit = std::max<int>(1, static_cast<int>(word.size()) / 3 + 1);
  std::optional<std::string> best;
  int best_distance = limit + 1;
  for (const std::string& name : known) {
    const int distance = edit_distance(word, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (const std::string& part : parts) { text += (text.empty() ? "" : separator) + part; }
  return text;
}

}  // namespace lorarun
