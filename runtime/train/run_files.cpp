#include "runtime/train/run_files.h"

#include <array>
#include <sstream>
#include <utility>

#include "runtime/base/clock.h"

namespace lorarun::train {
namespace {

constexpr std::array kMetricKeys = {"step",  "epoch", "loss",   "grad_norm", "lr",
                                    "sigma", "items", "bucket", "seconds",   "images_per_second"};

// The known keys first and in this order, then what else there is.
OrderedJson ordered(const Json& line) {
  OrderedJson result;
  for (const char* key : kMetricKeys) {
    if (line.contains(key)) { result[key] = line[key]; }
  }
  for (const auto& [key, value] : line.items()) {
    if (!result.contains(key)) { result[key] = value; }
  }
  return result;
}

bool is_metric(const Json& line) {
  return line.is_object() && line.contains("step") && line["step"].is_number_integer();
}

// Drops torn lines and those of steps that will be trained again; gives the latter.
Json cut_after(const std::filesystem::path& path, int64_t step, int64_t attempt) {
  Json cut = Json::array();
  if (!std::filesystem::exists(path)) { return cut; }
  std::istringstream lines(read_text(path));
  std::string kept;
  bool dropped = false;
  for (std::string line; std::getline(lines, line);) {
    const Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (is_metric(parsed) &&
        (parsed["step"].get<int64_t>() <= step || parsed.value("attempt", int64_t{1}) < attempt)) {
      kept += line + "\n";
      continue;
    }
    dropped = true;
    if (is_metric(parsed)) { cut.push_back(parsed); }
  }
  if (dropped) { write_atomically(path, kept); }
  return cut;
}

}  // namespace

RunFiles::RunFiles(const std::filesystem::path& folder, int64_t step, int64_t attempt)
    : cut_(cut_after(folder / "metrics.jsonl", step, attempt)),
      attempt_(attempt),
      metrics_(folder / "metrics.jsonl"),
      journal_(folder / "journal.jsonl"),
      tensorboard_(folder) {
  if (step > 0) { tensorboard_.forget_from(step + 1); }
}

void RunFiles::journal(const Json& event) {
  OrderedJson line;
  line["time"] = utc_now();
  for (const char* key : {"step", "event", "origin"}) {
    if (event.contains(key)) { line[key] = event[key]; }
  }
  for (const auto& [key, value] : event.items()) {
    if (!line.contains(key)) { line[key] = value; }
  }
  if (event.value("event", "") == "resume" && !cut_.empty()) {
    line["cut"] = std::exchange(cut_, Json::array());
  }
  journal_.append(to_line(line));
}

void RunFiles::metrics(const Json& line) {
  OrderedJson written = ordered(line);
  if (attempt_ > 1) { written["attempt"] = attempt_; }
  metrics_.append(to_line(written));
  const auto step = line.at("step").get<int64_t>();
  for (const char* key : {"loss", "grad_norm", "images_per_second"}) {
    if (line.contains(key) && line[key].is_number()) {
      tensorboard_.scalar(step, key, line[key].get<double>());
    }
  }
  if (!line.contains("lr") || !line["lr"].is_object()) { return; }
  const Json rates = line["lr"];
  for (const auto& [group, rate] : rates.items()) {
    tensorboard_.scalar(step, "lr/" + group, rate.get<double>());
  }
}

void RunFiles::picture(int64_t step, const std::string& tag, const Image& image) {
  tensorboard_.picture(step, tag, image.width, image.height, encode_png(image));
}

void RunFiles::scalar(int64_t step, const std::string& tag, double value) {
  tensorboard_.scalar(step, tag, value);
}

void RunFiles::flush() {
  metrics_.flush_to_disk();
  journal_.flush_to_disk();
}

}  // namespace lorarun::train
