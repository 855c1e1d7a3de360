// Resizing that equals Pillow's Image.resize to the last bit.
//
//   weights   filter stretched by max(1, source / target), normalised, 22-bit fixed point
//   passes    horizontal, rounded to 8 bits, then vertical; the other way round
//             when height shrinks by more than twice as many pixels as width
//
// Trainers prepare pictures with Pillow, so equal pixels mean equal latents.
// Equal to Pillow 13, which brought the second order; older ones know only the first.
// Source: Pillow's Resample.c (the method; written anew here).

#pragma once

#include "runtime/io/image.h"

namespace lorarun {

enum class Filter { box, bilinear, hamming, bicubic, lanczos };

// "box", "bilinear", "hamming", "bicubic", "lanczos".  Throws Error with the known names.
Filter filter_from_name(const std::string& name);

// A part of the source in pixels; edges may lie inside a pixel.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
};

// Resizes `image`, or the part of it inside `box`, to width x height pixels.
// Throws Error for a target without pixels and for a box that leaves the image.
Image resample(const Image& image, int width, int height, Filter filter);
Image resample(const Image& image, int width, int height, Filter filter, const Box& box);

// Cuts width x height pixels out, from (x, y) on.  Throws Error when they are not all inside.
Image crop(const Image& image, int x, int y, int width, int height);

// Gives the mirror image: left becomes right.
Image flip_horizontal(const Image& image);

}  // namespace lorarun
