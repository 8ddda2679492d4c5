#include "release/service/server/page_token.h"

#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "proto/cell.pb.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::ListCellsRequest;

// A token is the web-safe base64 of the version, the fingerprint and the id.
constexpr absl::string_view kVersion = "1";
constexpr size_t kFingerprintLength = 16;

// Hex digits that identify the filter: all fields except the page size and the
// token, with the states in any order.
std::string Fingerprint(const ListCellsRequest& request) {
  ListCellsRequest filter = request;
  filter.clear_page_size();
  filter.clear_page_token();
  const std::set<int> states(filter.states().begin(), filter.states().end());
  filter.clear_states();
  for (int state : states) {
    filter.add_states(static_cast<release::v1::CellState>(state));
  }
  filter.DiscardUnknownFields();
  return std::string(DigestHex(Sha256Digest(filter.SerializeAsString()))
                         .substr(0, kFingerprintLength));
}

}  // namespace

std::string MakePageToken(const ListCellsRequest& request,
                          absl::string_view last_id) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(kVersion, Fingerprint(request), last_id));
}

absl::StatusOr<std::string> ParsePageToken(const ListCellsRequest& request) {
  if (request.page_token().empty()) return "";
  std::string token;
  if (!absl::WebSafeBase64Unescape(request.page_token(), &token) ||
      !absl::StartsWith(token, kVersion) ||
      token.size() <= kVersion.size() + kFingerprintLength) {
    return InvalidFieldError("page_token", "was not issued by this service");
  }
  if (token.substr(kVersion.size(), kFingerprintLength) !=
      Fingerprint(request)) {
    return InvalidFieldError("page_token", "was issued for a different filter");
  }
  return token.substr(kVersion.size() + kFingerprintLength);
}

}  // namespace gantry::service
