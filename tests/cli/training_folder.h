// A folder with six small pictures and a recipe over the micro base.

#pragma once

#include <gtest/gtest.h>

#include "runtime/base/json.h"
#include "runtime/io/image.h"
#include "tests/cli/run_program.h"

namespace lorarun::cli {

inline const std::string kMicro = source_folder() + "/tests/golden/micro_flux";

// A picture of two colours that differ by its number.
inline void write_picture(const fs::path& path, int number, int width, int height) {
  Image image = make_image(width, height, {static_cast<uint8_t>(40 * number), 90, 200});
  for (int x = 0; x < width / 2; ++x) { image.at(x, height / 2)[1] = 255; }
  save_png(path, image);
}

// `changes` stand after the settings below and win, because the last key of a table does.
inline std::string recipe_text(const std::string& model_path, const std::string& changes) {
  return "return recipe {\n  name = 'run', steps = 6, seed = 3,\n  model = flux { path = '" +
         model_path +
         "', dtype = 'float32' },\n  network = lora { rank = 2 },\n  data = { images { dir = "
         "'photos', caption = 'a thing', resolution = 64, min_size = 32, size_step = 16, "
         "caption_dropout = 0.2 } },\n  batch = 2, ema = 0.9, optimizer = adamw { lr = 1e-2 },\n"
         "  save = { every = 2 },\n  " +
         changes + "\n}\n";
}

// The objects of a file of a run that has ended: metrics.jsonl, journal.jsonl.
inline std::vector<Json> lines_in(const fs::path& path) {
  std::ifstream file(path);
  std::vector<Json> lines;
  for (std::string line; std::getline(file, line);) { lines.push_back(Json::parse(line)); }
  return lines;
}

// The `loss` of every line of metrics.jsonl.
inline std::vector<double> losses_in(const fs::path& metrics) {
  std::vector<double> losses;
  for (const Json& line : lines_in(metrics)) { losses.push_back(line["loss"].get<double>()); }
  return losses;
}

// The lines of journal.jsonl with this event.
inline std::vector<Json> events_in(const fs::path& journal, const std::string& event) {
  std::vector<Json> found;
  for (Json& line : lines_in(journal)) {
    if (line["event"] == event) { found.push_back(std::move(line)); }
  }
  return found;
}

class TrainingFolder : public Folder {
 public:
  explicit TrainingFolder(const std::string& changes = "") {
    fs::create_directories(path() / "photos");
    for (int i = 1; i <= 6; ++i) {
      write_picture(path() / "photos" / (std::to_string(i) + ".png"), i, 64 + 16 * (i % 2), 64);
    }
    write("photos/1.txt", "a red thing");
    set_recipe(changes);
  }

  void set_recipe(const std::string& changes) const {
    write("r.lua", recipe_text(kMicro, changes));
  }

  Outcome train(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"r.lua"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words, path());
  }

  fs::path run(const std::string& file) const { return path() / "runs/run" / file; }

  std::string last_lora() const { return read_all(run("checkpoints/run-000006.safetensors")); }

  std::vector<double> losses() const { return losses_in(run("metrics.jsonl")); }

  std::string journal() const { return read_all(run("journal.jsonl")); }
};

}  // namespace lorarun::cli
