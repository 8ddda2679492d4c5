#include "release/job/planning.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/message_digest.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "proto/cell_plan.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/fragment.pb.h"
#include "proto/matrix.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/lock_heads.h"
#include "release/job/work_plan.h"
#include "release/plan/discover.h"
#include "release/plan/fragments.h"
#include "release/plan/lock_file.h"

namespace gantry::job {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::ChannelHeadReference;
using ::gantry::release::v1::Fragment;

// Discoveries that other planners may overtake.
constexpr int kAttempts = 3;

Heads ByKey(const release::v1::ListChannelHeadsResponse& response) {
  Heads heads;
  for (const ChannelHead& head : response.heads()) heads[KeyOf(head)] = head;
  return heads;
}

// Only their versions are kept.
absl::Status WriteHeads(const std::string& path, const Heads& heads) {
  release::v1::ListChannelHeadsResponse versions;
  for (const auto& [key, head] : heads) {
    ChannelHead& version = *versions.add_heads();
    version.set_family(head.family());
    version.set_name(head.name());
    version.set_version(head.version());
  }
  return WriteFileAtomically(path, FormatTextProto(versions));
}

// No heads if there is no file: the service is new to the state directory.
absl::StatusOr<Heads> ReadHeads(const std::string& path) {
  release::v1::ListChannelHeadsResponse versions;
  const absl::Status read = ReadTextProto(path, versions);
  if (absl::IsNotFound(read)) return Heads();
  GANTRY_RETURN_IF_ERROR(read);
  return ByKey(versions);
}

plan::DiscoverOptions DiscoverOptionsOf(const PlanningOptions& options,
                                        Progress& progress) {
  plan::DiscoverOptions discover;
  discover.matrix_path = options.matrix_path;
  discover.progress = [&progress](absl::string_view step) {
    progress.Status(step, absl::Now());
  };
  discover.channel_error = [&progress](absl::string_view error) {
    progress.Line(absl::StrCat("error: ", error));
  };
  return discover;
}

absl::StatusOr<plan::CurrentLock> DiscoverLock(const PlanningOptions& options,
                                               const StateDir& state,
                                               Progress& progress) {
  plan::DiscoverOptions discover = DiscoverOptionsOf(options, progress);
  discover.channels = options.channels;
  plan::CurrentLock current;
  current.is_new = true;
  GANTRY_ASSIGN_OR_RETURN(current.lock, plan::Discover(discover, state));
  GANTRY_ASSIGN_OR_RETURN(current.path, plan::WriteLock(current.lock, state));
  return current;
}

// Stores one lock in a release service.  Its functions are in the order of its
// steps.
class PlanWriter {
 public:
  // `known` are the heads as they were when the lock was made, or when the
  // state directory was last planned.
  PlanWriter(const PlanningOptions& options, const Lock& lock, Heads known,
             service::ReleaseClient& client, Progress& progress)
      : options_(options),
        lock_(lock),
        known_(std::move(known)),
        client_(client),
        progress_(progress) {}

  // The planned cells.  ABORTED: another planner changed a channel since.
  absl::StatusOr<std::vector<Cell>> Run() {
    GANTRY_ASSIGN_OR_RETURN(plans_,
                            CellPlansFromLock(lock_, options_.channels));
    GANTRY_ASSIGN_OR_RETURN(fragments_, plan::FragmentsOfLock(lock_));
    for (const auto& failed : lock_.failed_channels()) {
      failed_.insert(KeyOf(failed));
    }
    GANTRY_RETURN_IF_ERROR(MoveHeads());
    LeaveRefusedChannels();
    const std::string plan_id = PlanId(plans_);
    const std::set<std::string> channels = CompleteChannels();
    GANTRY_ASSIGN_OR_RETURN(
        std::vector<Cell> cells,
        client_.PlanCells(std::move(plans_), plan_id, moved_));
    GANTRY_RETURN_IF_ERROR(RetireOthers(plan_id, channels));
    GANTRY_RETURN_IF_ERROR(AddRefusedCells(cells));
    return cells;
  }

  // The heads afterwards.
  const Heads& heads() const { return known_; }

  // Names of channels that may not go back.
  const std::set<std::string>& refused_channels() const { return refused_; }

 private:
  absl::Status MoveHeads() {
    GANTRY_ASSIGN_OR_RETURN(const auto response, client_.ListChannelHeads());
    const Heads current = ByKey(response);
    bool has_fragments = false;
    for (const auto& [key, head] :
         HeadsOfLock(lock_, plans_, fragments_, options_.channels)) {
      const auto found = current.find(key);
      if (found != current.end() && IsEqual(found->second, head)) {
        Refer(found->second);
        continue;
      }
      if (!has_fragments) {
        GANTRY_RETURN_IF_ERROR(client_.PutFragments(fragments_));
        has_fragments = true;
      }
      GANTRY_RETURN_IF_ERROR(MoveHead(key, head));
    }
    return absl::OkStatus();
  }

  static bool IsEqual(ChannelHead a, const ChannelHead& b) {
    a.clear_version();
    a.clear_update_time();
    return SerializeDeterministically(a) == SerializeDeterministically(b);
  }

  absl::Status MoveHead(const ChannelKey& key, const ChannelHead& head) {
    release::v1::MoveChannelHeadRequest request;
    *request.mutable_head() = head;
    const auto known = known_.find(key);
    if (known != known_.end()) {
      request.mutable_head()->set_version(known->second.version());
    }
    request.set_allow_rollback(options_.allow_rollback);
    const auto moved = client_.MoveChannelHead(request);
    if (moved.ok()) {
      Refer(*moved);
      return absl::OkStatus();
    }
    // What the lock has of a channel that failed may be old.
    const bool is_old =
        absl::IsAborted(moved.status()) && failed_.count(key) != 0;
    if (!is_old && !absl::IsFailedPrecondition(moved.status())) {
      return moved.status();
    }
    if (!is_old) {
      progress_.Line(absl::StrCat("error: channel ", key.second, " of ",
                                  matrix::v1::Family_Name(key.first), ": ",
                                  moved.status().message(),
                                  "; --allow_rollback permits it"));
    }
    refused_.insert(key.second);
    return absl::OkStatus();
  }

  void Refer(const ChannelHead& head) {
    known_[KeyOf(head)] = head;
    ChannelHeadReference reference;
    reference.set_family(head.family());
    reference.set_name(head.name());
    reference.set_version(head.version());
    moved_.push_back(std::move(reference));
  }

  // Plans nothing for channels whose heads did not move.
  void LeaveRefusedChannels() {
    if (refused_.empty()) return;
    std::vector<CellPlan> plans;
    for (CellPlan& plan : plans_) {
      std::vector<std::string> channels;
      for (const std::string& channel : plan.channels()) {
        if (refused_.count(channel) == 0) channels.push_back(channel);
      }
      if (channels.empty()) continue;
      plan.mutable_channels()->Assign(channels.begin(), channels.end());
      plans.push_back(std::move(plan));
    }
    plans_ = std::move(plans);
  }

  // The channels of which the plans have all cells.
  std::set<std::string> CompleteChannels() const {
    std::set<std::string> channels(options_.channels.begin(),
                                   options_.channels.end());
    if (channels.empty()) {
      for (const CellPlan& plan : plans_) {
        channels.insert(plan.channels().begin(), plan.channels().end());
      }
    }
    // Of these, the plan may lack releases.
    for (const ChannelKey& failed : failed_) channels.erase(failed.second);
    for (const std::string& refused : refused_) channels.erase(refused);
    return channels;
  }

  // Retires the cells that these channels no longer have.
  absl::Status RetireOthers(const std::string& plan_id,
                            const std::set<std::string>& channels) {
    if (channels.empty()) return absl::OkStatus();
    release::v1::RetireCellsRequest request;
    request.set_plan_id(plan_id);
    request.mutable_channels()->Assign(channels.begin(), channels.end());
    request.mutable_heads()->Assign(moved_.begin(), moved_.end());
    GANTRY_ASSIGN_OR_RETURN(const auto retired, client_.RetireCells(request));
    for (const std::string& id : retired.ids()) {
      progress_.Line(absl::StrCat("retired ", id));
    }
    return absl::OkStatus();
  }

  // Adds the cells that the service has of channels that stayed as they were.
  absl::Status AddRefusedCells(std::vector<Cell>& cells) const {
    if (refused_.empty()) return absl::OkStatus();
    std::set<std::string> ids;
    for (const Cell& cell : cells) ids.insert(cell.id());
    for (const std::string& channel : refused_) {
      release::v1::ListCellsRequest request;
      request.set_channel(channel);
      GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> found,
                              client_.ListCells(request));
      for (Cell& cell : found) {
        if (ids.insert(cell.id()).second) cells.push_back(std::move(cell));
      }
    }
    return absl::OkStatus();
  }

  const PlanningOptions& options_;
  const Lock& lock_;
  Heads known_;
  service::ReleaseClient& client_;
  Progress& progress_;
  std::vector<CellPlan> plans_;
  std::vector<Fragment> fragments_;
  std::set<ChannelKey> failed_;
  // Heads that the plans follow from.
  std::vector<ChannelHeadReference> moved_;
  std::set<std::string> refused_;
};

}  // namespace

absl::StatusOr<plan::CurrentLock> FindLock(const PlanningOptions& options,
                                           const StateDir& state,
                                           Progress& progress) {
  return options.discover ? DiscoverLock(options, state, progress)
                          : plan::FindOrDiscoverLock(
                                DiscoverOptionsOf(options, progress), state);
}

absl::StatusOr<Planned> PlanMatrix(const PlanningOptions& options,
                                   const StateDir& state,
                                   service::ReleaseClient& client,
                                   Progress& progress) {
  const std::string heads_path = state.heads_path(options.service);
  for (int attempt = 1;; ++attempt) {
    GANTRY_ASSIGN_OR_RETURN(const auto heads, client.ListChannelHeads());
    GANTRY_ASSIGN_OR_RETURN(plan::CurrentLock current,
                            attempt == 1
                                ? FindLock(options, state, progress)
                                : DiscoverLock(options, state, progress));
    // Discovery may be overtaken, or interrupted.
    if (current.is_new) {
      GANTRY_RETURN_IF_ERROR(WriteHeads(heads_path, ByKey(heads)));
    }
    GANTRY_ASSIGN_OR_RETURN(Heads known, ReadHeads(heads_path));
    PlanWriter writer(options, current.lock, std::move(known), client,
                      progress);
    absl::StatusOr<std::vector<Cell>> cells = writer.Run();
    if (absl::IsAborted(cells.status()) && attempt < kAttempts) {
      progress.Line(
          absl::StrCat(cells.status().message(), "; running discovery again"));
      continue;
    }
    GANTRY_RETURN_IF_ERROR(cells.status());
    GANTRY_RETURN_IF_ERROR(WriteHeads(heads_path, writer.heads()));
    Planned planned;
    planned.lock_path = current.path;
    planned.cells = *std::move(cells);
    std::set<std::string> failed = writer.refused_channels();
    for (const std::string& name :
         FailedChannels(current.lock, options.channels)) {
      failed.insert(name);
    }
    planned.failed_channels.assign(failed.begin(), failed.end());
    planned.lock = std::move(current.lock);
    return planned;
  }
}

}  // namespace gantry::job
