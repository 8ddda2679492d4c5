#include "release/publish/input_digest.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/status_macros.h"

namespace gantry::publish {
namespace {

constexpr char kSha256[] = "sha256";
constexpr char kSha512[] = "sha512";

bool IsLowerHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

}  // namespace

absl::StatusOr<InputDigest> ParseInputDigest(absl::string_view text) {
  const size_t colon = text.find(':');
  InputDigest digest;
  digest.algorithm = std::string(text.substr(0, colon));
  if (colon != absl::string_view::npos) {
    digest.hex = std::string(text.substr(colon + 1));
  }
  const size_t digits = digest.algorithm == kSha256   ? 64
                        : digest.algorithm == kSha512 ? 128
                                                      : 0;
  if (digits == 0 || digest.hex.size() != digits ||
      !std::all_of(digest.hex.begin(), digest.hex.end(), IsLowerHex)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "digest \"", text, "\" is not sha256:<hex> or sha512:<hex>"));
  }
  return digest;
}

std::string FormatInputDigest(const InputDigest& digest) {
  return absl::StrCat(digest.algorithm, ":", digest.hex);
}

absl::Status CheckInputDigest(const InputDigest& expected,
                              const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(const std::string actual,
                          expected.algorithm == kSha256
                              ? FileSha256Digest(path)
                              : FileSha512Digest(path));
  if (actual != FormatInputDigest(expected)) {
    return absl::DataLossError(absl::StrCat(path, ": has digest ", actual,
                                            ", expected ",
                                            FormatInputDigest(expected)));
  }
  return absl::OkStatus();
}

}  // namespace gantry::publish
