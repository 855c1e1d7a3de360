// What a picture is called in training.
//
//   a.txt beside a.jpg, else the set's default caption, else "<trigger> <class>"
//   "{trigger}" and "{class}" are filled in; the trigger is put in front when
//   the caption lacks it, except for regularisation pictures (prior = true).

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/data/dataset.h"

namespace lorarun::data {

// Reads the .txt of a picture: one line, spaces collapsed; nothing when there is none.
// Throws Error for a file that is not UTF-8.
std::optional<std::string> read_caption(const std::filesystem::path& picture);

std::string compose_caption(const std::optional<std::string>& written, const ImageSet& set);

}  // namespace lorarun::data
