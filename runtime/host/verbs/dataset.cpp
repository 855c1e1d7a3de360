// lorarun dataset: what training would make of a folder of pictures.

#include <iostream>
#include <sstream>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/data/dataset.h"
#include "runtime/data/prepare.h"
#include "runtime/host/arguments.h"
#include "runtime/host/registry.h"

namespace lorarun::host {
namespace {

constexpr int64_t kSizeMultiplePx = 16;  // of FLUX.1: 8 by the VAE, 2 by the patches

int64_t side_from(const std::string& text, const std::string& flag) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const int64_t side = digits && text.size() < 7 ? std::stoll(text) : 0;
  if (side < kSizeMultiplePx) {
    throw Error(flag + " needs sides in pixels, such as 512,768; not '" + text + "'")
        .where("the command line");
  }
  return side;
}

// "512,768"
std::vector<int64_t> sides_from(const std::string& list, const std::string& flag) {
  std::vector<int64_t> sides;
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');) {
    sides.push_back(side_from(part, flag));
  }
  if (sides.empty()) { side_from("", flag); }
  return sides;
}

data::ImageSet set_from(const Arguments& arguments) {
  data::ImageSet set;
  set.folder = arguments.one("a folder of pictures");
  set.trigger = arguments.value("--trigger", "");
  set.class_word = arguments.value("--class", "");
  set.caption = arguments.value("--caption", "");
  set.resolutions_px = sides_from(arguments.value("--resolution", "512"), "--resolution");
  set.step_px = side_from(arguments.value("--step", "64"), "--step");
  set.min_px = side_from(arguments.value("--min", "256"), "--min");
  set.max_px = side_from(arguments.value("--max", "2048"), "--max");
  set.no_upscale = arguments.has("--no-upscale");
  return set;
}

Json facts_of(const data::Dataset& dataset) {
  Json facts = dataset.report.json();
  facts["folder"] = dataset.sets.at(0).folder.string();
  facts["items"] = dataset.items.size();
  facts["hash"] = dataset.hash;
  return facts;
}

int report(const data::ImageSet& set, bool as_json) {
  const data::Dataset dataset = data::open_dataset({set}, kSizeMultiplePx);
  if (as_json) {
    std::cout << facts_of(dataset).dump(2) << std::endl;
  } else {
    std::cout << dataset.report.text() << std::endl;
  }
  return 0;
}

// Gives 1 when a picture was broken: those that could be made are there.
int prepare(const data::ImageSet& set, const std::string& out, bool as_json) {
  const double started = steady_now_s();
  data::Dataset dataset = data::open_dataset({set}, kSizeMultiplePx, {}, data::Scan::headers);
  const data::Prepared prepared = data::prepare_pictures(dataset, out);
  std::vector<std::string>& broken = dataset.report.broken;
  broken.insert(broken.end(), prepared.broken.begin(), prepared.broken.end());
  const double seconds = steady_now_s() - started;
  if (as_json) {
    Json facts = facts_of(dataset);
    facts.erase("hash");
    facts["prepared"] = prepared.written;
    facts["seconds"] = seconds;
    std::cout << facts.dump(2) << std::endl;
  } else {
    std::cout << dataset.report.text() << "\n"
              << prepared.written << " arrays in " << out << ", "
              << static_cast<double>(prepared.written) / seconds << " per second" << std::endl;
  }
  return broken.empty() ? 0 : 1;
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"--json", "--no-upscale"},
                            {"--resolution", "--trigger", "--class", "--caption", "--step", "--min",
                             "--max", "--prepare"});
  const data::ImageSet set = set_from(arguments);
  const bool as_json = arguments.has("--json");
  const std::string out = arguments.value("--prepare", "");
  return out.empty() ? report(set, as_json) : prepare(set, out, as_json);
}

}  // namespace

VerbKind describe_dataset() {
  return {
      "reports counts, buckets, captions and broken pictures of a folder",
      "dataset DIR [--resolution 512,768] [--trigger T] [--class C] [--caption TEXT] [--step 64] "
      "[--min 256] [--max 2048] [--no-upscale] [--prepare OUT] [--json]",
      run};
}

}  // namespace lorarun::host
