#include "release/service/client/client_credentials.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace gantry::service {
namespace {

// Far more than any identity token has.
constexpr size_t kMaxTokenBytes = 16 << 10;

}  // namespace

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  std::string token(absl::StripAsciiWhitespace(content));
  const bool is_printable = std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (token.empty() || token.size() > kMaxTokenBytes || !is_printable) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not a token of the release service"));
  }
  return token;
}

}  // namespace gantry::service
