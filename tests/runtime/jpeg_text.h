#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// Needs what <cstdio> declares.
#include <jpeglib.h>

namespace sinter {

struct JpegKind {
  J_COLOR_SPACE input = JCS_RGB;  ///< of `pixels`: JCS_GRAYSCALE, JCS_RGB or JCS_CMYK
  bool progressive = false;
  bool adobe = false;       ///< a CMYK file with Adobe's marker
  bool subsampled = false;  ///< chroma at half the resolution
  int quality = 100;
};

/// A JPEG, of the best quality and without subsampling unless told. `pixels` are interleaved. Ends the
/// program where libjpeg cannot go on, which with sound pixels and memory it can. The benchmarks' files are
/// made by it too.
inline std::string jpeg(int height, int width, std::vector<uint8_t> pixels, const JpegKind& kind = {}) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* memory = nullptr;
  unsigned long bytes = 0;
  jpeg_mem_dest(&codec, &memory, &bytes);
  codec.image_height = height;
  codec.image_width = width;
  codec.input_components = kind.input == JCS_GRAYSCALE ? 1 : kind.input == JCS_RGB ? 3 : 4;
  codec.in_color_space = kind.input;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, kind.quality, TRUE);
  for (int i = 0; i < codec.num_components && !kind.subsampled; ++i)
    codec.comp_info[i].h_samp_factor = codec.comp_info[i].v_samp_factor = 1;
  if (kind.progressive) jpeg_simple_progression(&codec);
  if (kind.input == JCS_CMYK) codec.write_Adobe_marker = kind.adobe ? TRUE : FALSE;
  jpeg_start_compress(&codec, TRUE);
  for (int y = 0; y < height; ++y) {
    uint8_t* row = pixels.data() + static_cast<size_t>(y * width * codec.input_components);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  std::string text(reinterpret_cast<char*>(memory), bytes);
  jpeg_destroy_compress(&codec);
  std::free(memory);
  return text;
}

}  // namespace sinter
