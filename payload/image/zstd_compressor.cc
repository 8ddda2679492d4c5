#include "payload/image/zstd_compressor.h"

#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "payload/image/chunk.h"

namespace gantry::image {
namespace {

constexpr int kLevel = 3;
// Fixed, because the output depends on it.
constexpr int kJobSize = 8 << 20;
constexpr size_t kPieceSize = 1 << 20;

// Fails only if a value is out of range or the library has no threads.
void Require(size_t result) {
  if (ZSTD_isError(result)) std::abort();
}

}  // namespace

ZstdCompressor::ZstdCompressor(int threads, Output output)
    : context_(ZSTD_createCCtx()), output_(std::move(output)) {
  ZSTD_CCtx* context = context_.get();
  Require(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel));
  Require(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1));
  // The output does not depend on the number of workers, unless there are none
  // (zstd.h, ZSTD_c_nbWorkers).
  Require(ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, threads));
  Require(ZSTD_CCtx_setParameter(context, ZSTD_c_jobSize, kJobSize));
}

absl::Status ZstdCompressor::Add(std::shared_ptr<const Chunk> chunk) {
  return Compress(chunk->text(), ZSTD_e_continue);
}

absl::Status ZstdCompressor::Finish() {
  GANTRY_RETURN_IF_ERROR(Compress("", ZSTD_e_end));
  return Flush();
}

absl::Status ZstdCompressor::Compress(absl::string_view input,
                                      ZSTD_EndDirective directive) {
  ZSTD_inBuffer in = {input.data(), input.size(), 0};
  while (true) {
    if (piece_.empty()) piece_.resize(kPieceSize);
    ZSTD_outBuffer out = {&piece_[0], piece_.size(), piece_used_};
    const size_t remaining =
        ZSTD_compressStream2(context_.get(), &out, &in, directive);
    if (ZSTD_isError(remaining)) {
      return absl::InternalError(
          absl::StrCat("zstd: ", ZSTD_getErrorName(remaining)));
    }
    piece_used_ = out.pos;
    if (piece_used_ == kPieceSize) GANTRY_RETURN_IF_ERROR(Flush());
    const bool done =
        directive == ZSTD_e_end ? remaining == 0 : in.pos == in.size;
    if (done) return absl::OkStatus();
  }
}

absl::Status ZstdCompressor::Flush() {
  piece_.resize(std::exchange(piece_used_, 0));
  return output_(std::exchange(piece_, std::string()));
}

}  // namespace gantry::image
