#include "base/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/types.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "absl/functional/function_ref.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/fd_io.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace gantry {
namespace {

constexpr absl::string_view kPrefix = "sha256:";
constexpr size_t kHexDigits = 64;

// libcrypto fails here only when memory runs out.
void Require(int ok) {
  if (ok != 1) std::abort();
}

bool IsLowerHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

std::string FinishHex(EVP_MD_CTX* context) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(context, bytes, &size));
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), size));
}

// Calls `update` with each piece of a file.
absl::Status ReadFilePieces(const std::string& path,
                            absl::FunctionRef<void(absl::string_view)> update) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  return ReadPieces(fd.get(), path, [&](absl::string_view piece) {
    update(piece);
    return absl::OkStatus();
  });
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  Require(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

Sha256::~Sha256() = default;

void Sha256::Update(absl::string_view data) {
  Require(EVP_DigestUpdate(context_.get(), data.data(), data.size()));
}

std::string Sha256::Finish() {
  return absl::StrCat(kPrefix, FinishHex(context_.get()));
}

std::string Sha256Digest(absl::string_view data) {
  Sha256 sha256;
  sha256.Update(data);
  return sha256.Finish();
}

absl::StatusOr<std::string> FileSha256Digest(const std::string& path) {
  Sha256 sha256;
  GANTRY_RETURN_IF_ERROR(ReadFilePieces(
      path, [&](absl::string_view piece) { sha256.Update(piece); }));
  return sha256.Finish();
}

absl::StatusOr<std::string> FileSha512Digest(const std::string& path) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Require(EVP_DigestInit_ex(context.get(), EVP_sha512(), nullptr));
  GANTRY_RETURN_IF_ERROR(ReadFilePieces(path, [&](absl::string_view piece) {
    Require(EVP_DigestUpdate(context.get(), piece.data(), piece.size()));
  }));
  return absl::StrCat("sha512:", FinishHex(context.get()));
}

absl::Status ValidateDigest(absl::string_view digest) {
  const absl::string_view hex = DigestHex(digest);
  if (!absl::StartsWith(digest, kPrefix) || hex.size() != kHexDigits ||
      !std::all_of(hex.begin(), hex.end(), IsLowerHex)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", digest, "\" is not sha256:<64 hex digits>"));
  }
  return absl::OkStatus();
}

absl::string_view DigestHex(absl::string_view digest) {
  return digest.substr(std::min(kPrefix.size(), digest.size()));
}

}  // namespace gantry
