// What a run writes down while it goes.
//
//   metrics.jsonl   one line per optimizer step
//   journal.jsonl   one line per event: start, resume, checkpoint, render, stop, …
//   events.out.tfevents.*   the curves and pictures for TensorBoard
//
// Lines are written whole, so a kill tears at most the last one, and a torn
// line is cut off at the next start.

#pragma once

#include <filesystem>
#include <string>

#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/io/image.h"
#include "runtime/io/tensorboard.h"

namespace lorarun::train {

class RunFiles {
 public:
  // Opens the files of a run folder that stands at `step`: metrics of later
  // steps, which a kill left behind, are cut off; the journal's next line of the
  // event "resume" keeps them under "cut", and TensorBoard forgets them too.
  // `attempt` counts from 1 and rises with each roll-back: its lines carry it from 2 on, and those
  // of earlier attempts stay.
  RunFiles(const std::filesystem::path& folder, int64_t step, int64_t attempt = 1);

  // Adds `time`; the rest is the caller's: step, event, origin, …
  void journal(const Json& event);

  // Keys as in docs/run_folder.md; numbers go to TensorBoard too.
  void metrics(const Json& line);

  void picture(int64_t step, const std::string& tag, const Image& image);  // TensorBoard
  void scalar(int64_t step, const std::string& tag, double value);         // TensorBoard

  void flush();  // to the disk: before a checkpoint

 private:
  Json cut_;  // lines of metrics that will be trained again
  int64_t attempt_;
  LineFile metrics_, journal_;
  TensorboardFile tensorboard_;
};

}  // namespace lorarun::train
