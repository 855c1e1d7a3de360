#include "runtime/data/dataset.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/nearest.h"
#include "runtime/base/worker_pool.h"
#include "runtime/data/bucket.h"
#include "runtime/data/caption.h"
#include "runtime/data/content_index.h"
#include "runtime/io/image.h"

namespace lorarun::data {
namespace {

constexpr int64_t kTinyPx = 64;

struct Picture {
  std::filesystem::path path;
  ImageInfo info;
  std::string content, problem;
  std::optional<std::string> written;  // its .txt
};

bool has_picture_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  static const std::vector<std::string> known = {".png", ".jpg", ".jpeg", ".webp", ".bmp"};
  return std::find(known.begin(), known.end(), extension) != known.end();
}

// "a2.png" before "a10.png": runs of digits compare as numbers.
bool naturally_less(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) { return a[i] < b[j]; }
      ++i, ++j;
      continue;
    }
    const size_t start_a = std::min(a.find_first_not_of('0', i), a.size()),
                 start_b = std::min(b.find_first_not_of('0', j), b.size());
    i = start_a, j = start_b;
    while (i < a.size() && digit(a[i])) { ++i; }
    while (j < b.size() && digit(b[j])) { ++j; }
    const std::string number_a = a.substr(start_a, i - start_a),
                      number_b = b.substr(start_b, j - start_b);
    if (number_a.size() != number_b.size()) { return number_a.size() < number_b.size(); }
    if (number_a != number_b) { return number_a < number_b; }
  }
  if (a.size() - i != b.size() - j) { return a.size() - i < b.size() - j; }
  return a < b;  // "a1" and "a01": any order will do, but always the same
}

std::vector<Picture> list_pictures(const ImageSet& set) {
  std::error_code code;
  if (!std::filesystem::is_directory(set.folder, code)) {
    throw Error("there is no folder of pictures here")
        .where(set.folder.string())
        .fix("data.dir is relative to the recipe's folder; --set data.dir=PATH changes it");
  }
  std::vector<Picture> pictures;
  for (const auto& entry : std::filesystem::directory_iterator(set.folder)) {
    if (entry.is_regular_file() && has_picture_extension(entry.path())) {
      pictures.push_back({.path = entry.path()});
    }
  }
  std::sort(pictures.begin(), pictures.end(), [](const Picture& a, const Picture& b) {
    return naturally_less(a.path.filename().string(), b.path.filename().string());
  });
  if (pictures.empty()) {
    throw Error("the folder holds no pictures")
        .where(set.folder.string())
        .fix("put .png, .jpg, .webp or .bmp files in it");
  }
  return pictures;
}

// Reads a picture once: a later failure in the middle of a run would cost hours.
void inspect(Picture& picture, ContentIndex& index, Scan scan) {
  try {
    picture.info = probe_image(picture.path);
    picture.written = read_caption(picture.path);
    if (scan == Scan::headers) { return; }
    const bool seen_before = index.knows(picture.path);
    picture.content = index.hash_of(picture.path);
    if (!seen_before) { load_image(picture.path); }
  } catch (const Error& error) {
    index.forget(picture.path);
    picture.problem = error.headline();
  }
}

std::string size_text(int64_t width, int64_t height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

Bucketer bucketer_of(const ImageSet& set, int64_t resolution_px, int64_t size_multiple_px) {
  if (set.step_px % size_multiple_px != 0) {
    throw Error("buckets in steps of " + std::to_string(set.step_px) + " px do not fit this model")
        .where("data, bucket step")
        .fix("use a multiple of " + std::to_string(size_multiple_px) + " px");
  }
  return Bucketer({.resolution_px = resolution_px,
                   .min_px = set.min_px,
                   .max_px = set.max_px,
                   .step_px = set.step_px,
                   .no_upscale = set.no_upscale});
}

std::array<uint8_t, 3> background_of(const ImageSet& set) {
  std::array<uint8_t, 3> colour{};
  if (set.background.size() != colour.size()) {
    throw Error("a background has three numbers: red, green, blue").where("data, background");
  }
  for (size_t i = 0; i < colour.size(); ++i) {
    const int channel = set.background[i];
    if (channel < 0 || channel > 255) {
      throw Error("a colour's number is from 0 to 255, not " + std::to_string(channel))
          .where("data, background");
    }
    colour[i] = static_cast<uint8_t>(channel);
  }
  return colour;
}

// The items of one picture: one per resolution, repeat and mirror image.
void add_items(const Picture& picture, const ImageSet& set, int64_t set_index,
               int64_t size_multiple_px, Dataset& dataset) {
  for (const int64_t resolution : set.resolutions_px) {
    const Fit fit =
        bucketer_of(set, resolution, size_multiple_px).fit(picture.info.width, picture.info.height);
    if (fit.bucket.width == 0 || fit.bucket.height == 0) {
      dataset.report.warnings.push_back(picture.path.filename().string() + ": " +
                                        size_text(picture.info.width, picture.info.height) +
                                        " is too small for a bucket without upscaling; left out");
      continue;
    }
    Item item{.path = picture.path,
              .content = picture.content,
              .caption = compose_caption(picture.written, set),
              .set = set_index,
              .weight = set.weight,
              .caption_dropout = set.caption_dropout,
              .width_px = picture.info.width,
              .height_px = picture.info.height,
              .scaled_w = fit.scaled.width,
              .scaled_h = fit.scaled.height,
              .bucket_w = fit.bucket.width,
              .bucket_h = fit.bucket.height,
              .sample_latents = set.sample_latents,
              .background = background_of(set)};
    for (int64_t repeat = 0; repeat < set.repeats; ++repeat) {
      for (const bool flipped : {false, true}) {
        if (flipped && !set.flip) { continue; }
        item.flipped = flipped;
        dataset.items.push_back(item);
      }
    }
  }
}

void note_picture(const Picture& picture, Report& report) {
  const std::string name = picture.path.filename().string();
  if (!picture.problem.empty()) {
    report.broken.push_back(name + ": " + picture.problem);
    return;
  }
  ++report.pictures;
  ++(picture.written ? report.captions : report.missing_captions);
  if (std::min(picture.info.width, picture.info.height) < kTinyPx) {
    report.warnings.push_back(name + ": only " +
                              size_text(picture.info.width, picture.info.height) + " pixels");
  }
}

void count_buckets(Dataset& dataset) {
  std::map<std::string, int64_t> counts;
  for (const Item& item : dataset.items) { ++counts[size_text(item.bucket_w, item.bucket_h)]; }
  dataset.report.buckets.assign(counts.begin(), counts.end());
}

std::string hash_of_items(const Dataset& dataset) {
  Sha256 sum;
  for (const Item& item : dataset.items) {
    sum.add(item.content)
        .add(item.caption)
        .add(size_text(item.bucket_w, item.bucket_h))
        .add(item.flipped ? "f" : "-")
        .add(
            Json({item.weight, item.caption_dropout, item.sample_latents, item.background}).dump());
  }
  return sum.hex();
}

}  // namespace

Dataset open_dataset(const std::vector<ImageSet>& sets, int64_t size_multiple_px,
                     const std::filesystem::path& index_file, Scan scan) {
  Dataset dataset{.sets = sets};
  ContentIndex index(index_file);
  for (size_t at = 0; at < sets.size(); ++at) {
    std::vector<Picture> pictures = list_pictures(sets[at]);
    parallel_for(static_cast<int64_t>(pictures.size()),
                 [&](int64_t i) { inspect(pictures[static_cast<size_t>(i)], index, scan); });
    for (const Picture& picture : pictures) {
      note_picture(picture, dataset.report);
      if (picture.problem.empty()) {
        add_items(picture, sets[at], static_cast<int64_t>(at), size_multiple_px, dataset);
      }
    }
  }
  if (dataset.items.empty()) {
    throw Error("no picture can be used: " + join(dataset.report.broken, "; ") +
                join(dataset.report.warnings, "; "))
        .where(sets.empty() ? "data" : sets[0].folder.string())
        .fix("replace the broken pictures");
  }
  index.save();
  count_buckets(dataset);
  dataset.hash = hash_of_items(dataset);
  return dataset;
}

std::string Report::text() const {
  std::string lines = std::to_string(pictures) + (pictures == 1 ? " picture, " : " pictures, ") +
                      std::to_string(captions) + " with captions";
  if (missing_captions > 0) {
    lines += ", " + std::to_string(missing_captions) + " without (they get the default caption)";
  }
  std::vector<std::string> sizes;
  for (const auto& [size, count] : buckets) {
    sizes.push_back(size + " (" + std::to_string(count) + ")");
  }
  lines += "\nbuckets: " + join(sizes, ", ");
  for (const std::string& one : broken) { lines += "\nleft out: " + one; }
  for (const std::string& one : warnings) { lines += "\nnote: " + one; }
  return lines;
}

Json Report::json() const {
  Json sizes = Json::object();
  for (const auto& [size, count] : buckets) { sizes[size] = count; }
  return {{"pictures", pictures}, {"captions", captions}, {"missing_captions", missing_captions},
          {"broken", broken},     {"warnings", warnings}, {"buckets", sizes}};
}

}  // namespace lorarun::data
