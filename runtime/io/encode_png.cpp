// PNG written and its text chunks read, by libpng.

#include <png.h>

#include <algorithm>
#include <csetjmp>

#include "runtime/base/error.h"
#include "runtime/io/codecs.h"
#include "runtime/io/image.h"
#include "runtime/io/png_chunks.h"

namespace lorarun {
namespace {

struct PngWriter {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<uint8_t> out;
  std::string message;
  std::vector<::png_text> texts;
  std::vector<png_const_bytep> rows;

  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

void on_error(png_structp png, png_const_charp message) {
  static_cast<PngWriter*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep data, png_size_t bytes) {
  auto& out = static_cast<PngWriter*>(png_get_io_ptr(png))->out;
  out.insert(out.end(), data, data + bytes);
}

void on_flush(png_structp) {}

bool is_ascii(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

// ASCII as tEXt, which every program reads; other texts as UTF-8 in iTXt.
::png_text chunk_of(const std::string& key, const std::string& text) {
  ::png_text chunk{};
  const bool ascii = is_ascii(text);
  chunk.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
  chunk.key = const_cast<char*>(key.c_str());
  chunk.text = const_cast<char*>(text.c_str());
  (ascii ? chunk.text_length : chunk.itxt_length) = text.size();
  return chunk;
}

void prepare(PngWriter& writer, const Image& image,
             const std::map<std::string, std::string>& text) {
  for (const auto& [key, value] : text) {
    if (key.empty() || key.size() > 79 || !is_ascii(key)) {
      throw Error("'" + key + "' cannot be the key of a PNG text").fix("use 1 to 79 plain letters");
    }
    writer.texts.push_back(chunk_of(key, value));
  }
  for (int y = 0; y < image.height; ++y) { writer.rows.push_back(image.at(0, y)); }
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, on_error, on_warning);
  writer.info = writer.png != nullptr ? png_create_info_struct(writer.png) : nullptr;
  if (writer.info == nullptr) { throw Error("out of memory in libpng").while_working(); }
}

bool write(PngWriter& writer, int width, int height, int compression) {
  if (setjmp(png_jmpbuf(writer.png)) != 0) { return false; }
  png_set_write_fn(writer.png, &writer, on_write, on_flush);
  png_set_user_limits(writer.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_compression_level(writer.png, compression);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(width),
               static_cast<png_uint_32>(height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_text(writer.png, writer.info, writer.texts.data(), static_cast<int>(writer.texts.size()));
  png_write_info(writer.png, writer.info);
  png_write_image(writer.png, const_cast<png_bytepp>(writer.rows.data()));
  png_write_end(writer.png, nullptr);
  return true;
}

}  // namespace

std::vector<uint8_t> encode_png(const Image& image, const std::map<std::string, std::string>& text,
                                int compression) {
  LR_CHECK(image.width > 0 && image.height > 0, "a PNG needs pixels");
  PngWriter writer;
  prepare(writer, image, text);
  if (!write(writer, image.width, image.height, std::clamp(compression, 0, 9))) {
    throw Error("cannot make the PNG: " + writer.message).while_working();
  }
  return std::move(writer.out);
}

void save_png(const fs::path& path, const Image& image,
              const std::map<std::string, std::string>& text) {
  const std::vector<uint8_t> bytes = encode_png(image, text);
  write_atomically(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace lorarun
