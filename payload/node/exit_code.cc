#include "payload/node/exit_code.h"

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/status.h"

namespace gantry::node {
namespace {

// Key of the status payload, in the form of a type URL, as absl::Status
// recommends.
constexpr char kPayloadUrl[] = "gantry/payload.node.exit_code";

}  // namespace

absl::Status WithExitCode(absl::Status status, ExitCode code) {
  if (!status.ok() && !status.GetPayload(kPayloadUrl).has_value()) {
    status.SetPayload(kPayloadUrl,
                      absl::Cord(absl::StrCat(static_cast<int>(code))));
  }
  return status;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  int code = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &code)) {
    return ExitCode::kOther;
  }
  return static_cast<ExitCode>(code);
}

absl::Status SystemError(int error_number, absl::string_view context) {
  absl::Status status = ErrnoStatus(error_number, context);
  if (error_number != ENOSPC && error_number != EDQUOT) return status;
  return WithExitCode(std::move(status), ExitCode::kNoSpace);
}

}  // namespace gantry::node
