#include "payload/node/exit_code.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

namespace gantry::node {
namespace {

// Key of the status payload; absl wants the form of a type URL.
constexpr char kPayloadUrl[] = "gantry/payload.install.exit_code";

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

}  // namespace gantry::node
