#include "runtime/files/jpeg.h"

#include <csetjmp>
#include <cstdio>

// Needs what <cstdio> declares.
#include <jerror.h>
#include <jpeglib.h>

namespace sinter {
namespace {

// libjpeg ends the program where a file is wrong unless its handler does not return: it jumps back to the
// call into the library. What lies between must have no destructors to run.
struct ErrorHandler : jpeg_error_mgr {
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX] = {};
};

void jump_back(j_common_ptr codec) {
  auto* handler = static_cast<ErrorHandler*>(codec->err);
  codec->err->format_message(codec, handler->message);
  std::longjmp(handler->back, 1);
}

// Warnings of harmless oddities, after which every pixel is what the file says.
bool is_harmless(int code) {
  return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR;
}

// libjpeg would fill the rest of a damaged picture with grey and go on.
void take_warning_for_error(j_common_ptr codec, int level) {
  if (level < 0 && !is_harmless(codec->err->msg_code)) jump_back(codec);
}

class Decoder {
 public:
  explicit Decoder(const Location& place) : place_(place) {
    codec_.err = jpeg_std_error(&handler_);
    handler_.error_exit = jump_back;
    handler_.emit_message = take_warning_for_error;
    guarded([&] { jpeg_create_decompress(&codec_); });
  }
  ~Decoder() { jpeg_destroy_decompress(&codec_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Image run(std::span<const uint8_t> file, int64_t channels) {
    guarded([&] {
      jpeg_mem_src(&codec_, file.data(), file.size());
      jpeg_read_header(&codec_, TRUE);
    });
    check_picture_size(place_, codec_.image_height, codec_.image_width);
    const bool inks = codec_.jpeg_color_space == JCS_CMYK || codec_.jpeg_color_space == JCS_YCCK;
    codec_.out_color_space = inks ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    guarded([&] { jpeg_start_decompress(&codec_); });
    const int64_t height = codec_.output_height, width = codec_.output_width;
    std::vector<uint8_t> rows(height * width * codec_.output_components);
    read_rows(rows);
    if (inks) rows = colours_of_inks(rows, channels, codec_.saw_Adobe_marker != 0);
    return to_planes(rows, channels, height, width);
  }

 private:
  // Calls into the library. Throws where it jumped back.
  template <typename Calls>
  void guarded(Calls calls) {
    if (setjmp(handler_.back) == 0) return calls();
    if (handler_.msg_code == JERR_EMPTY_IMAGE)
      check_picture_size(place_, codec_.image_height, codec_.image_width);
    fail_input_at(place_, "the JPEG is damaged: {}", handler_.message);
  }

  void read_rows(std::vector<uint8_t>& rows) {
    guarded([&] {
      const size_t row_bytes = rows.size() / codec_.output_height;
      while (codec_.output_scanline < codec_.output_height) {
        uint8_t* row = rows.data() + codec_.output_scanline * row_bytes;
        jpeg_read_scanlines(&codec_, &row, 1);
      }
      jpeg_finish_decompress(&codec_);
    });
  }

  // Light is what the ink and the black leave. Adobe's programs store how much they leave, others how much
  // there is.
  static std::vector<uint8_t> colours_of_inks(std::span<const uint8_t> inks, int64_t channels, bool adobe) {
    std::vector<uint8_t> colours;
    colours.reserve(inks.size() / 4 * channels);
    for (size_t i = 0; i < inks.size(); i += 4) {
      const auto left = [&](size_t ink) { return adobe ? inks[i + ink] : 255 - inks[i + ink]; };
      uint32_t rgb[3];
      for (size_t c = 0; c < 3; ++c) rgb[c] = (left(c) * left(3) + 127) / 255;
      if (channels == 3)
        for (const uint32_t value : rgb) colours.push_back(static_cast<uint8_t>(value));
      else
        colours.push_back(luma(rgb[0], rgb[1], rgb[2]));
    }
    return colours;
  }

  const Location& place_;
  jpeg_decompress_struct codec_ = {};
  ErrorHandler handler_;
};

}  // namespace

bool is_jpeg(std::span<const uint8_t> file) {
  return file.size() >= 3 && file[0] == 0xff && file[1] == 0xd8 && file[2] == 0xff;
}

Image decode_jpeg(const Location& place, std::span<const uint8_t> file, int64_t channels) {
  require(channels == 1 || channels == 3, "a picture is grey or has three colours");
  return Decoder(place).run(file, channels);
}

}  // namespace sinter
