// PNG by libpng.  As with libjpeg, errors jump: what has a destructor lives in the caller's
// PngReader.

#include <png.h>

#include <csetjmp>
#include <cstring>

#include "runtime/io/codecs.h"
#include "runtime/io/png_chunks.h"

namespace lorarun {
namespace {

struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string_view left;  // bytes not yet read
  std::string message;
  bool truncated = false;
  Pixels pixels;
  std::vector<png_bytep> rows;

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

void on_error(png_structp png, png_const_charp message) {
  static_cast<PngReader*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep out, png_size_t bytes) {
  PngReader& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (bytes > reader.left.size()) {
    reader.truncated = true;
    png_error(png, "the file ends too early");
  }
  std::memcpy(out, reader.left.data(), bytes);
  reader.left.remove_prefix(bytes);
}

void open(PngReader& reader, std::string_view bytes) {
  reader.left = bytes;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  reader.info = reader.png != nullptr ? png_create_info_struct(reader.png) : nullptr;
  if (reader.info == nullptr) { throw Error("out of memory in libpng").while_working(); }
}

bool read_header(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) { return false; }
  png_set_user_limits(reader.png, PNG_UINT_31_MAX,
                      PNG_UINT_31_MAX);  // check_size() says it in words
  png_set_read_fn(reader.png, &reader, on_read);
  png_read_info(reader.png, reader.info);
  return true;
}

// Everything to 8 bits a channel: gray, gray + alpha, RGB or RGBA.  16 bits lose their lower byte,
// as in Pillow.
bool choose_output(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) { return false; }
  png_set_expand(reader.png);
  png_set_strip_16(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  const int kind = png_get_color_type(reader.png, reader.info);
  const bool has_colour = (kind & PNG_COLOR_MASK_COLOR) != 0;
  reader.pixels.space = has_colour ? ColourSpace::rgb : ColourSpace::gray;
  reader.pixels.has_alpha = (kind & PNG_COLOR_MASK_ALPHA) != 0;
  return true;
}

bool read_rows(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) { return false; }
  png_read_image(reader.png, reader.rows.data());
  png_read_end(reader.png, nullptr);
  return true;
}

std::string icc_of(PngReader& reader) {
  png_charp name = nullptr;
  png_bytep profile = nullptr;
  int compression = 0;
  png_uint_32 bytes = 0;
  if (png_get_iCCP(reader.png, reader.info, &name, &compression, &profile, &bytes) == 0) {
    return "";
  }
  return std::string(reinterpret_cast<const char*>(profile), bytes);
}

int orientation_of(std::string_view bytes) {
  int orientation = 1;
  for_each_png_chunk(bytes, [&](std::string_view type, std::string_view data) {
    if (type == "eXIf") { orientation = exif_orientation(data); }
    return type != "eXIf";
  });
  return orientation;
}

[[noreturn]] void fail(const PngReader& reader) {
  if (reader.truncated) { throw truncated_picture(); }
  throw broken_picture(reader.message);
}

PictureHeader probe(std::string_view bytes) {
  constexpr size_t kHeaderEnd = 33;  // signature, IHDR
  if (bytes.size() < kHeaderEnd) { throw truncated_picture(); }
  if (bytes.substr(12, 4) != "IHDR") { throw broken_picture("it does not begin with IHDR"); }
  const uint32_t width = big_endian_32(bytes.substr(16)), height = big_endian_32(bytes.substr(20));
  check_size(width, height);
  return {static_cast<int>(width), static_cast<int>(height), orientation_of(bytes)};
}

Pixels decode(std::string_view bytes) {
  PngReader reader;
  open(reader, bytes);
  if (!read_header(reader)) { fail(reader); }
  const uint32_t width = png_get_image_width(reader.png, reader.info);
  const uint32_t height = png_get_image_height(reader.png, reader.info);
  check_size(width, height);
  if (!choose_output(reader)) { fail(reader); }
  Pixels& pixels = reader.pixels;
  pixels.width = static_cast<int>(width);
  pixels.height = static_cast<int>(height);
  pixels.icc = icc_of(reader);
  pixels.orientation = orientation_of(bytes);
  const size_t row_bytes = size_t{width} * pixels.channels();
  if (png_get_rowbytes(reader.png, reader.info) != row_bytes) {
    throw broken_picture("its rows have an unknown layout");
  }
  pixels.bytes.resize(row_bytes * height);
  for (uint32_t y = 0; y < height; ++y) {
    reader.rows.push_back(pixels.bytes.data() + y * row_bytes);
  }
  if (!read_rows(reader)) { fail(reader); }
  return std::move(pixels);
}

}  // namespace

extern const Codec kPngCodec = {"png", is_png, probe, decode};

}  // namespace lorarun
