#include "release/service/auth/permissions.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Role;
using ::gantry::release::v1::ROLE_NODE;
using ::gantry::release::v1::ROLE_PLANNER;
using ::gantry::release::v1::ROLE_READER;
using ::gantry::release::v1::ROLE_WORKER;

constexpr unsigned Bit(Role role) { return 1u << role; }

// An operator may call all of them.
constexpr unsigned kOperator = 0;
constexpr unsigned kPlanner = Bit(ROLE_PLANNER);
constexpr unsigned kWorker = Bit(ROLE_WORKER);
// Whoever works with cells reads them, too.
constexpr unsigned kReader = Bit(ROLE_READER) | kPlanner | kWorker;
constexpr unsigned kNode = Bit(ROLE_NODE) | kReader;

struct Permission {
  absl::string_view rpc;
  unsigned roles;
};

constexpr Permission kPermissions[] = {
    {"AcquireLease", kWorker},
    {"ClaimCells", kWorker},
    {"FailAttempt", kWorker},
    {"GetCell", kReader},
    {"GetFragments", kReader},
    {"GetLog", kReader},
    {"ListAttempts", kReader},
    {"ListCells", kReader},
    {"ListChannelHeads", kReader},
    {"ListEvents", kReader},
    {"ListRevisions", kReader},
    {"MoveChannelHead", kPlanner},
    {"PlanCells", kPlanner},
    {"PruneLogs", kOperator},
    {"PruneRevision", kOperator},
    {"PutFragments", kPlanner},
    {"RecordRevision", kWorker},
    {"ReleaseLease", kWorker},
    {"ReleaseNamedLease", kWorker},
    {"RenewLeases", kWorker},
    {"Resolve", kNode},
    {"RetireCells", kPlanner},
    {"RetryCell", kOperator},
};

}  // namespace

bool MayCall(absl::string_view rpc, const Roles& roles) {
  const auto permission =
      std::find_if(std::begin(kPermissions), std::end(kPermissions),
                   [&](const Permission& one) { return one.rpc == rpc; });
  if (permission == std::end(kPermissions)) return false;
  return std::any_of(roles.begin(), roles.end(), [&](Role role) {
    return role == release::v1::ROLE_OPERATOR ||
           (permission->roles & Bit(role)) != 0;
  });
}

std::string RoleName(Role role) {
  return absl::AsciiStrToLower(
      absl::StripPrefix(release::v1::Role_Name(role), "ROLE_"));
}

Role ParseRoleName(absl::string_view name) {
  Role role = release::v1::ROLE_UNSPECIFIED;
  release::v1::Role_Parse(absl::StrCat("ROLE_", absl::AsciiStrToUpper(name)),
                          &role);
  return role;
}

}  // namespace gantry::service
