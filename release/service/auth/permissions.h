#ifndef GANTRY_RELEASE_SERVICE_AUTH_PERMISSIONS_H_
#define GANTRY_RELEASE_SERVICE_AUTH_PERMISSIONS_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/credentials.pb.h"

namespace gantry::service {

using Roles = std::set<release::v1::Role>;

// Whether one of the roles may call an RPC of ReleaseService.  Example:
// "PlanCells".  Nobody may call an unknown one.
bool MayCall(absl::string_view rpc, const Roles& roles);

// "planner" for ROLE_PLANNER.
std::string RoleName(release::v1::Role role);

// The role with that name; ROLE_UNSPECIFIED if there is none.
release::v1::Role ParseRoleName(absl::string_view name);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_AUTH_PERMISSIONS_H_
