#include "payload/node/plan.h"

#include <sys/types.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "payload/node/copy_progress.h"
#include "payload/node/exit_code.h"
#include "payload/node/free_space.h"
#include "payload/node/host_paths.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {
namespace {

using Found = TargetState::Found;

// What an installation leaves free: a host with a full file system stops
// working.
constexpr int64_t kMarginBytes = 16 << 20;
constexpr int64_t kMarginInodes = 64;

struct Need {
  int64_t bytes = kMarginBytes;
  int64_t inodes = kMarginInodes;
};

void AddNeed(const InstallTarget& target, int64_t block_size, Need& need) {
  const int64_t block = std::max<int64_t>(block_size, 1);
  for (const InstallEntry& entry : target.entries) {
    // A directory, or a long link, takes up a block.
    const int64_t blocks =
        entry.type == payload::v1::FILE_TYPE_REGULAR
            ? entry.size / block + (entry.size % block != 0 ? 1 : 0)
            : 1;
    need.bytes += blocks * block;
    ++need.inodes;
  }
}

absl::Status NoSpace(const FreeSpace& space, const std::string& needed,
                     const std::string& free) {
  return WithExitCode(absl::ResourceExhaustedError(
                          absl::StrCat("not enough space on ", space.path, ": ",
                                       needed, " needed, ", free, " free")),
                      ExitCode::kNoSpace);
}

std::string Bytes(int64_t bytes) {
  return absl::StrCat(bytes, " bytes (", FormatBytes(bytes), ")");
}

absl::Status CheckSpace(const FreeSpace& space, const Need& need) {
  if (space.bytes < need.bytes) {
    return NoSpace(space, Bytes(need.bytes), Bytes(space.bytes));
  }
  if (space.inodes.has_value() && *space.inodes < need.inodes) {
    return NoSpace(space, absl::StrCat(need.inodes, " inodes"),
                   absl::StrCat(*space.inodes));
  }
  return absl::OkStatus();
}

absl::Status Foreign(absl::string_view path, absl::string_view reason) {
  return WithExitCode(
      absl::FailedPreconditionError(
          absl::StrCat("/", path, " was not installed by this installer: it ",
                       reason, "; move it away and run this again")),
      ExitCode::kForeign);
}

// Fails unless everything that the plan could replace is ours and removable.
absl::Status CheckReplaceable(const std::vector<InstallTarget>& targets,
                              const HostSnapshot& host) {
  for (size_t i = 0; i < targets.size(); ++i) {
    const InstallTarget& target = targets[i];
    const TargetState& state = host.targets[i];
    if (state.found == Found::kForeign) {
      return Foreign(JoinPath(target.base, target.directory), state.difference);
    }
    if (!state.current_conflict.empty()) {
      return Foreign(JoinPath(target.base, kCurrent), state.current_conflict);
    }
    GANTRY_RETURN_IF_ERROR(state.removable);
  }
  if (!host.ld_conf_conflict.empty()) {
    return Foreign(JoinPath(kLdConfDirectory, kLdConfName),
                   host.ld_conf_conflict);
  }
  return absl::OkStatus();
}

TargetPlan Decide(const InstallTarget& target, const TargetState& state) {
  TargetPlan plan;
  switch (state.found) {
    case Found::kNothing:
      plan.action = TargetAction::kInstall;
      plan.reason = "not installed";
      break;
    case Found::kIntact:
      plan.action = TargetAction::kKeep;
      plan.reason = "already installed";
      break;
    case Found::kForeign:  // CheckReplaceable() refuses it.
    case Found::kDifferent:
      plan.action = TargetAction::kReplace;
      plan.reason = state.difference;
      break;
  }
  plan.switch_current = state.current != target.directory;
  return plan;
}

}  // namespace

bool Plan::HasChanges() const {
  return write_ld_conf ||
         std::any_of(targets.begin(), targets.end(), [](const auto& target) {
           return target.switch_current || target.action != TargetAction::kKeep;
         });
}

absl::Status CheckHost(const cell::v1::CellCoordinates& coordinates,
                       const HostIdentity& host) {
  if (coordinates.os_release() == host.os_release &&
      coordinates.kernel_release() == host.kernel_release) {
    return absl::OkStatus();
  }
  return WithExitCode(
      absl::FailedPreconditionError(absl::StrCat(
          "this payload is for ", coordinates.os_release(), " with kernel ",
          coordinates.kernel_release(), ", but this host is ", host.os_release,
          " with kernel ", host.kernel_release,
          "; to install for a kernel that is not running yet, set "
          "--kernel_release")),
      ExitCode::kWrongHost);
}

absl::StatusOr<Plan> MakePlan(const std::vector<InstallTarget>& targets,
                              const HostSnapshot& host) {
  GANTRY_RETURN_IF_ERROR(CheckReplaceable(targets, host));
  Plan plan;
  std::map<dev_t, std::pair<FreeSpace, Need>> needs;
  for (size_t i = 0; i < targets.size(); ++i) {
    const TargetState& state = host.targets[i];
    plan.targets.push_back(Decide(targets[i], state));
    if (plan.targets.back().action == TargetAction::kKeep) continue;
    plan.bytes += targets[i].ByteCount();
    plan.files += targets[i].FileCount();
    auto& [space, need] = needs[state.space.device];
    space = state.space;
    AddNeed(targets[i], space.block_size, need);
  }
  for (const auto& [device, entry] : needs) {
    const absl::Status enough = CheckSpace(entry.first, entry.second);
    if (!enough.ok()) return enough;
  }
  plan.write_ld_conf = !host.ld_conf_is_current;
  plan.run_ldconfig =
      host.has_ldconfig && (host.ld_cache_is_stale || plan.HasChanges());
  return plan;
}

std::string DescribePlan(const std::vector<InstallTarget>& targets,
                         const Plan& plan) {
  std::string text;
  for (size_t i = 0; i < targets.size(); ++i) {
    const InstallTarget& target = targets[i];
    if (plan.targets[i].action == TargetAction::kKeep) continue;
    absl::StrAppend(
        &text,
        plan.targets[i].action == TargetAction::kInstall ? "install"
                                                         : "replace",
        " /", target.base, "/", target.directory, ": ", target.FileCount(),
        " files, ", FormatBytes(target.ByteCount()), " (",
        plan.targets[i].reason, ")\n");
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!plan.targets[i].switch_current) continue;
    absl::StrAppend(&text, "link /", targets[i].base, "/", kCurrent, " -> ",
                    targets[i].directory, "\n");
  }
  if (plan.write_ld_conf) {
    absl::StrAppend(&text, "write /", kLdConfDirectory, "/", kLdConfName, "\n");
  }
  if (plan.run_ldconfig) absl::StrAppend(&text, "run ldconfig\n");
  return text.empty() ? "nothing to do: already installed\n" : text;
}

}  // namespace gantry::node
