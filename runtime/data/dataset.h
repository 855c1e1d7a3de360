// Folders of pictures with captions, read once and reported before training.
//
//   photos/a.jpg + photos/a.txt  ->  Item{path, caption, weight, repeats, …}
//
// Broken pictures are named and left out; training starts with the rest, or
// not at all when nothing is left.

#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace lorarun::data {

// One `images { … }` of a recipe.
struct ImageSet {
  std::filesystem::path folder;
  std::string trigger, class_word;  // "kvthvmi_", "person"
  std::string
      caption;  // default when a picture has no .txt; "{trigger}" and "{class}" are filled in
  double caption_dropout = 0.0;                 // chance of an empty caption, per sample and step
  std::vector<int64_t> resolutions_px = {512};  // one copy of the set per resolution
  int64_t repeats = 1;
  double weight = 1.0;          // factor on the loss of its samples
  bool prior = false;           // regularisation pictures: the trigger is never added
  bool sample_latents = false;  // false: the posterior's mean
  bool flip = false;            // a mirrored copy of each picture
  int64_t min_px = 256, max_px = 2048, step_px = 64;  // sides of buckets
  bool no_upscale = false;
  std::vector<int> background = {255, 255, 255};  // under transparent pixels
};

// One picture at one size: what the loader orders.
struct Item {
  std::filesystem::path path;
  std::string content;  // SHA-256 of the file
  std::string caption;  // as trained: trigger and class filled in
  int64_t set = 0;      // index of its ImageSet
  double weight = 1.0;
  double caption_dropout = 0.0;
  int64_t width_px = 0, height_px = 0;  // of the picture, after EXIF orientation
  int64_t scaled_w = 0, scaled_h = 0;   // resized to this, then cropped to the bucket
  int64_t bucket_w = 0, bucket_h = 0;   // of its bucket
  bool flipped = false;
  bool sample_latents = false;
  std::array<uint8_t, 3> background = {255, 255, 255};
};

struct Report {
  int64_t pictures = 0, captions = 0, missing_captions = 0;
  std::vector<std::string> broken;    // "a.png: the file ends after 300 of 4,096 bytes"
  std::vector<std::string> warnings;  // tiny pictures, empty buckets, non-UTF-8 captions…
  std::vector<std::pair<std::string, int64_t>> buckets;  // "512x768" -> items
  std::string text() const;                              // for people
  Json json() const;
};

struct Dataset {
  std::vector<ImageSet> sets;
  std::vector<Item> items;  // repeats and resolutions unrolled, in a fixed order
  Report report;
  std::string hash;  // of all contents, captions and settings: part of file metadata
};

// How closely a scan looks.
enum class Scan {
  contents,  // decodes what it has not seen before and hashes it: before training
  headers,   // sizes and captions only; a broken picture shows when it is read
};

// Scans the folders.  `index_file` remembers content hashes between starts.
// Throws Error for a missing or empty folder and when no picture is usable.
Dataset open_dataset(const std::vector<ImageSet>& sets, int64_t size_multiple_px,
                     const std::filesystem::path& index_file = {}, Scan scan = Scan::contents);

}  // namespace lorarun::data
