#include "payload/image/gzip_compressor.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "payload/image/chunk.h"

namespace gantry::image {
namespace {

constexpr int kLevel = 6;
constexpr int kMemoryLevel = 8;
// Negative: without zlib's header and trailer.
constexpr int kRawWindowBits = -15;
constexpr size_t kWindow = 32 << 10;

// RFC 1952, 2.3: without flags, time and extra flags; operating system 255,
// "unknown".
constexpr absl::string_view kHeader("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
// An empty last block with fixed codes (RFC 1951, 3.2.6).
constexpr absl::string_view kLastBlock("\x03\0", 2);

// zlib fails here only if it runs out of memory.
void Require(int result) {
  if (result != Z_OK) std::abort();
}

std::string LittleEndian(uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back((value >> (8 * i)) & 0xff);
  return bytes;
}

Bytef* Bytes(absl::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

}  // namespace

GzipCompressor::GzipCompressor(int threads, Output output)
    : threads_(threads), output_(std::move(output)) {}

GzipCompressor::Piece GzipCompressor::Deflate(
    std::shared_ptr<const Chunk> dictionary,
    std::shared_ptr<const Chunk> chunk) {
  z_stream stream = {};
  Require(deflateInit2(&stream, kLevel, Z_DEFLATED, kRawWindowBits,
                       kMemoryLevel, Z_DEFAULT_STRATEGY));
  if (dictionary != nullptr) {
    absl::string_view window = dictionary->text();
    window.remove_prefix(window.size() - std::min(window.size(), kWindow));
    Require(deflateSetDictionary(&stream, Bytes(window), window.size()));
  }
  const absl::string_view input = chunk->text();
  Piece piece;
  piece.size = input.size();
  piece.crc = crc32(0, Bytes(input), input.size());
  // Plus the empty stored block with which Z_SYNC_FLUSH ends.
  piece.deflated.resize(deflateBound(&stream, input.size()) + 16);
  stream.next_in = Bytes(input);
  stream.avail_in = input.size();
  stream.next_out = Bytes(piece.deflated);
  stream.avail_out = piece.deflated.size();
  Require(deflate(&stream, Z_SYNC_FLUSH));
  if (stream.avail_in != 0 || stream.avail_out == 0) std::abort();
  piece.deflated.resize(stream.total_out);
  deflateEnd(&stream);
  return piece;
}

absl::Status GzipCompressor::Add(std::shared_ptr<const Chunk> chunk) {
  if (running_.size() >= threads_) GANTRY_RETURN_IF_ERROR(OutputOldest());
  running_.push_back(std::async(std::launch::async, &Deflate,
                                std::exchange(last_, chunk), chunk));
  return absl::OkStatus();
}

absl::Status GzipCompressor::OutputOldest() {
  Piece piece = running_.front().get();
  running_.pop_front();
  crc_ = crc32_combine(crc_, piece.crc, piece.size);
  size_ += piece.size;
  if (!std::exchange(has_header_, true)) {
    GANTRY_RETURN_IF_ERROR(output_(std::string(kHeader)));
  }
  return output_(std::move(piece.deflated));
}

absl::Status GzipCompressor::Finish() {
  while (!running_.empty()) GANTRY_RETURN_IF_ERROR(OutputOldest());
  return output_(absl::StrCat(has_header_ ? "" : kHeader, kLastBlock,
                              LittleEndian(crc_),
                              LittleEndian(static_cast<uint32_t>(size_))));
}

}  // namespace gantry::image
