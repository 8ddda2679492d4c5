#ifndef GANTRY_PAYLOAD_NODE_PLAN_H_
#define GANTRY_PAYLOAD_NODE_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "payload/node/host.h"
#include "payload/node/layout.h"
#include "proto/cell.pb.h"

namespace gantry::node {

enum class TargetAction {
  // It is there and as it should be.
  kKeep,
  // Stage it and move it to its place.
  kInstall,
  // Stage it and exchange it for what is in its place.
  kReplace,
};

struct TargetPlan {
  TargetAction action = TargetAction::kKeep;
  std::string reason;
  bool switch_current = false;
};

// What to do, in the order of doing it: stage all, move all, switch `current`
// of each, write ld.so.conf.d, run ldconfig.
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

// FAILED_PRECONDITION with ExitCode::kWrongHost unless a payload of these
// coordinates is for this host.
absl::Status CheckHost(const cell::v1::CellCoordinates& coordinates,
                       const HostIdentity& host);

// Decides; pure.  Errors: RESOURCE_EXHAUSTED with ExitCode::kNoSpace names the
// folder, the bytes or inodes needed, and the free ones.  FAILED_PRECONDITION
// names what the plan would have to replace though it is not ours
// (ExitCode::kForeign), or what is mounted there (ExitCode::kMounted).
absl::StatusOr<Plan> MakePlan(const std::vector<InstallTarget>& targets,
                              const HostSnapshot& host);

// The plan for people: one line for each step, or one that says that there is
// nothing to do.
std::string DescribePlan(const std::vector<InstallTarget>& targets,
                         const Plan& plan);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_PLAN_H_
