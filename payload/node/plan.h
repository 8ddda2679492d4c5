#ifndef GANTRY_PAYLOAD_NODE_PLAN_H_
#define GANTRY_PAYLOAD_NODE_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/host_identity.h"
#include "payload/node/host_snapshot.h"
#include "payload/node/install_target.h"
#include "proto/coordinates.pb.h"

namespace gantry::node {

enum class TargetAction {
  // It is installed and intact.
  kKeep,
  // Stage it and rename it.
  kInstall,
  // Stage it and exchange it with what is installed.
  kReplace,
};

struct TargetPlan {
  TargetAction action = TargetAction::kKeep;
  std::string reason;
  bool switch_current = false;
};

// What to do, in this order: stage all targets, put all in place, switch each
// `current`, write ld.so.conf.d, run ldconfig.
struct Plan {
  // One for each target of the layout.
  std::vector<TargetPlan> targets;
  bool write_ld_conf = false;
  bool run_ldconfig = false;
  // What staging copies.
  int64_t bytes = 0;
  int64_t files = 0;

  // Whether anything that is installed changes.
  bool HasChanges() const;
};

// Fails unless a payload of these coordinates is for this host:
// FAILED_PRECONDITION with ExitCode::kWrongHost.
absl::Status CheckHost(const cell::v1::CellCoordinates& coordinates,
                       const HostIdentity& host);

// Decides what to do.  Pure.
//
// FAILED_PRECONDITION names what the plan would have to replace although we did
// not install it (ExitCode::kForeign), or although something is mounted there
// (ExitCode::kMounted).  RESOURCE_EXHAUSTED with ExitCode::kNoSpace names the
// directory, and the bytes or inodes that are needed and free.
absl::StatusOr<Plan> MakePlan(const std::vector<InstallTarget>& targets,
                              const HostSnapshot& host);

// Formats the plan for human readers: one line for each step, or one line that
// says that there is nothing to do.
std::string DescribePlan(const std::vector<InstallTarget>& targets,
                         const Plan& plan);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_PLAN_H_
