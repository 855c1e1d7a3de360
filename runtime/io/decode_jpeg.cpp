// JPEG by libjpeg-turbo.
//
// libjpeg reports an error by a call that must not return.  Ours jumps back
// (setjmp), so between setjmp and the last libjpeg call no object with a
// destructor lives on the stack: everything is in a JpegReader of the caller.

#include <cstdio>
// jpeglib.h needs FILE
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <map>

#include "runtime/io/codecs.h"

namespace lorarun {
namespace {

struct JpegReader {
  jpeg_error_mgr errors{};
  jpeg_decompress_struct info{};
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX] = "";
  bool truncated = false, damaged = false;
  Pixels pixels;
};

JpegReader& reader_of(j_common_ptr info) {
  return *static_cast<JpegReader*>(info->client_data);
}

[[noreturn]] void on_error(j_common_ptr info) {
  JpegReader& reader = reader_of(info);
  info->err->format_message(info, reader.message);
  std::longjmp(reader.back, 1);
}

// libjpeg calls damage a warning and fills in gray; we want to know.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) { return; }
  JpegReader& reader = reader_of(info);
  const int code = info->err->msg_code;
  if (code == JWRN_JPEG_EOF) { reader.truncated = true; }
  if (code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) {
    reader.damaged = true;
    info->err->format_message(info, reader.message);
  }
}

constexpr int kExifMarker = JPEG_APP0 + 1, kIccMarker = JPEG_APP0 + 2;

void open_header(JpegReader& reader, std::string_view bytes) {
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  reader.info.client_data = &reader;
  jpeg_create_decompress(&reader.info);
  jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&reader.info, kExifMarker, 0xFFFF);
  jpeg_save_markers(&reader.info, kIccMarker, 0xFFFF);
  jpeg_read_header(&reader.info, TRUE);
}

bool read_header(JpegReader& reader, std::string_view bytes) {
  if (setjmp(reader.back) != 0) { return false; }
  open_header(reader, bytes);
  return true;
}

bool read_rows(JpegReader& reader) {
  if (setjmp(reader.back) != 0) { return false; }
  jpeg_start_decompress(&reader.info);
  const size_t row_bytes = size_t{reader.info.output_width} * reader.info.output_components;
  while (reader.info.output_scanline < reader.info.output_height) {
    if (reader.truncated || reader.damaged) { return false; }
    JSAMPROW row = reader.pixels.bytes.data() + row_bytes * reader.info.output_scanline;
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  return !reader.truncated && !reader.damaged;
}

std::string_view marker_text(const jpeg_marker_struct& marker) {
  return {reinterpret_cast<const char*>(marker.data), marker.data_length};
}

int orientation_of(const JpegReader& reader) {
  for (const jpeg_marker_struct* m = reader.info.marker_list; m != nullptr; m = m->next) {
    const std::string_view text = marker_text(*m);
    if (m->marker == kExifMarker && text.starts_with("Exif")) { return exif_orientation(text); }
  }
  return 1;
}

// A profile comes in numbered parts: "ICC_PROFILE\0", number, count, bytes.
std::string icc_of(const JpegReader& reader) {
  constexpr std::string_view kPrefix("ICC_PROFILE\0", 12);
  std::map<uint8_t, std::string_view> parts;
  for (const jpeg_marker_struct* m = reader.info.marker_list; m != nullptr; m = m->next) {
    const std::string_view text = marker_text(*m);
    const bool is_part = m->marker == kIccMarker && text.starts_with(kPrefix) && text.size() > 14;
    if (is_part) { parts.emplace(static_cast<uint8_t>(text[12]), text.substr(14)); }
  }
  std::string profile;
  for (const auto& [number, part] : parts) { profile += part; }
  return profile;
}

// Chooses what libjpeg gives; programs that write CMYK store it inverted (Adobe's habit).
void choose_output(JpegReader& reader) {
  const J_COLOR_SPACE stored = reader.info.jpeg_color_space;
  const bool is_cmyk = stored == JCS_CMYK || stored == JCS_YCCK;
  const bool is_gray = stored == JCS_GRAYSCALE;
  reader.info.out_color_space = is_cmyk ? JCS_CMYK : is_gray ? JCS_GRAYSCALE : JCS_RGB;
  reader.pixels.space = is_cmyk   ? ColourSpace::cmyk
                        : is_gray ? ColourSpace::gray
                                  : ColourSpace::rgb;
}

// Frees libjpeg's memory however decoding ends.
struct Closer {
  JpegReader& reader;
  ~Closer() { jpeg_destroy_decompress(&reader.info); }
};

[[noreturn]] void fail(const JpegReader& reader) {
  if (reader.truncated) { throw truncated_picture(); }
  throw broken_picture(reader.message);
}

bool matches(std::string_view bytes) {
  return bytes.starts_with("\xFF\xD8\xFF");
}

PictureHeader probe(std::string_view bytes) {
  JpegReader reader;
  const Closer closer{reader};
  if (!read_header(reader, bytes)) { fail(reader); }
  return {static_cast<int>(reader.info.image_width), static_cast<int>(reader.info.image_height),
          orientation_of(reader)};
}

Pixels decode(std::string_view bytes) {
  JpegReader reader;
  const Closer closer{reader};
  if (!read_header(reader, bytes)) { fail(reader); }
  check_size(reader.info.image_width, reader.info.image_height);
  choose_output(reader);
  Pixels& pixels = reader.pixels;
  pixels.width = static_cast<int>(reader.info.image_width);
  pixels.height = static_cast<int>(reader.info.image_height);
  pixels.orientation = orientation_of(reader);
  pixels.icc = icc_of(reader);
  pixels.bytes.resize(int64_t{pixels.width} * pixels.height * pixels.channels());
  if (!read_rows(reader)) { fail(reader); }
  if (pixels.space == ColourSpace::cmyk) {
    for (uint8_t& ink : pixels.bytes) { ink = static_cast<uint8_t>(255 - ink); }
  }
  return std::move(pixels);
}

}  // namespace

extern const Codec kJpegCodec = {"jpeg", matches, probe, decode};

}  // namespace lorarun
