#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/program.h"
#include "base/user_path.h"
#include "base/version.h"
#include "proto/credentials.pb.h"
#include "release/service/auth/new_token.h"
#include "release/service/auth/permissions.h"

ABSL_FLAG(std::string, credentials, "",
          "the service's file of credentials; created if it is missing");
ABSL_FLAG(std::string, name, "",
          "who is to have the token; events name this as their actor");
ABSL_FLAG(std::vector<std::string>, roles, {},
          "what the token is for, separated by commas: reader, node, worker, "
          "planner, operator");
ABSL_FLAG(absl::Duration, lifetime, absl::Hours(24 * 90),
          "how long the token is accepted");

namespace {

constexpr char kUsage[] =
    "Makes a token for a client of the release service, adds its digest to the "
    "service's\nfile of credentials, and prints the token, which is stored "
    "nowhere else.\n"
    "Exit codes: 0 made, 1 error.";

absl::StatusOr<std::string> MakeToken() {
  const std::string path = absl::GetFlag(FLAGS_credentials);
  if (path.empty()) {
    return absl::InvalidArgumentError("--credentials is required");
  }
  std::vector<gantry::release::v1::Role> roles;
  for (const std::string& name : absl::GetFlag(FLAGS_roles)) {
    const auto role = gantry::service::ParseRoleName(name);
    if (role == gantry::release::v1::ROLE_UNSPECIFIED) {
      return absl::InvalidArgumentError(
          absl::StrCat("--roles: \"", name,
                       "\" is not reader, node, worker, planner or operator"));
    }
    roles.push_back(role);
  }
  const absl::Duration lifetime = absl::GetFlag(FLAGS_lifetime);
  if (lifetime <= absl::ZeroDuration() || lifetime > absl::Hours(24 * 3660)) {
    return absl::InvalidArgumentError(
        "--lifetime must be positive, and at most ten years");
  }
  return gantry::service::AddToken(gantry::UserPath(path),
                                   absl::GetFlag(FLAGS_name), roles,
                                   absl::Now() + lifetime);
}

}  // namespace

int main(int argc, char** argv) {
  gantry::ParseFlags({"token", kUsage, gantry::kVersion}, argc, argv);
  const absl::StatusOr<std::string> token = MakeToken();
  if (!token.ok()) {
    std::cerr << "token: " << token.status().message() << "\n";
    return 1;
  }
  std::cout << *token << std::endl;
  return 0;
}
