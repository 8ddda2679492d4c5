#include "release/job/prune.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/revision.pb.h"
#include "release/job/prune_inputs.h"
#include "release/job/registry_lease.h"
#include "release/job/retention.h"
#include "release/job/tags.h"
#include "release/publish/input_store.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::PrunedRevision;
using ::gantry::release::v1::PruneReport;
using ::gantry::release::v1::Revision;

// The images of so many cells are removed at once: each removal from a layout
// reads all manifests.  Few enough that what is read of a cell does not become
// old.
constexpr size_t kCellsAtOnce = 100;

// One run.  Its functions are in the order of its steps.
class Pruner {
 public:
  Pruner(service::ReleaseClient& client,
         const publish::Destination& destination, const PruneOptions& options,
         Progress& progress)
      : client_(client),
        destination_(destination),
        options_(options),
        progress_(progress) {}

  absl::StatusOr<PruneReport> Run() {
    if (!options_.dry_run) {
      GANTRY_ASSIGN_OR_RETURN(lease_,
                              RegistryLease::Acquire(client_, destination_));
    }
    GANTRY_ASSIGN_OR_RETURN(std::vector<CellRevisions> cells, ReadCells());
    GANTRY_ASSIGN_OR_RETURN(const auto heads, client_.ListChannelHeads());
    const std::vector<ChannelHead> head_list(heads.heads().begin(),
                                             heads.heads().end());
    for (const PrunedRevision& revision :
         RevisionsToPrune(cells, head_list, options_.policy, options_.now)) {
      GANTRY_RETURN_IF_ERROR(GiveUp(revision));
    }
    GANTRY_RETURN_IF_ERROR(RemoveImages(cells));
    GANTRY_RETURN_IF_ERROR(DeleteLogs());
    GANTRY_RETURN_IF_ERROR(RemoveInputs());
    return std::move(report_);
  }

 private:
  // A revision, by cell and number.
  using Key = std::pair<std::string, int>;

  struct Image {
    Key revision;
    std::string digest;
  };

  static Key KeyOf(const Revision& revision) {
    return {revision.cell_id(), revision.number()};
  }

  absl::StatusOr<CellRevisions> ReadCell(Cell cell) {
    CellRevisions read;
    GANTRY_ASSIGN_OR_RETURN(const auto revisions,
                            client_.ListRevisions(cell.id()));
    read.cell = std::move(cell);
    read.revisions.assign(revisions.revisions().begin(),
                          revisions.revisions().end());
    return read;
  }

  absl::StatusOr<std::vector<CellRevisions>> ReadCells() {
    GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> cells,
                            client_.ListCells({}));
    std::vector<CellRevisions> read;
    for (const Cell& cell : cells) {
      CellRevisions with_revisions;
      with_revisions.cell = cell;
      if (cell.revision() != 0) {
        GANTRY_ASSIGN_OR_RETURN(with_revisions, ReadCell(cell));
      }
      read.push_back(std::move(with_revisions));
    }
    return read;
  }

  absl::Status CheckLease() const {
    return lease_ == nullptr ? absl::OkStatus() : lease_->Check();
  }

  absl::Status GiveUp(const PrunedRevision& revision) {
    if (!options_.dry_run) {
      GANTRY_RETURN_IF_ERROR(CheckLease());
      const absl::Status pruned =
          client_.PruneRevision(revision.cell_id(), revision.number()).status();
      // A plan or a channel's head has changed meanwhile.
      if (absl::IsFailedPrecondition(pruned)) {
        progress_.Line(absl::StrCat("kept ", revision.cell_id(), " revision ",
                                    revision.number(), ": ", pruned.message()));
        return absl::OkStatus();
      }
      GANTRY_RETURN_IF_ERROR(pruned);
    }
    given_up_.emplace(revision.cell_id(), revision.number());
    *report_.add_revisions() = revision;
    return absl::OkStatus();
  }

  bool IsPruned(const Revision& revision) const {
    return revision.has_prune_time() || given_up_.count(KeyOf(revision)) != 0;
  }

  absl::Status RemoveImages(const std::vector<CellRevisions>& cells) {
    if (!destination_.registry_repository.empty()) {
      GANTRY_ASSIGN_OR_RETURN(tags_, publish::ListTags(destination_));
    }
    for (const CellRevisions& cell : cells) {
      for (const Revision& revision : cell.revisions) {
        if (!IsPruned(revision)) {
          used_digests_.insert(revision.payload().digest());
        }
      }
    }
    std::vector<Image> images;
    size_t count = 0;
    for (const CellRevisions& cell : cells) {
      GANTRY_RETURN_IF_ERROR(AppendImages(cell, images));
      if (++count % kCellsAtOnce == 0) {
        GANTRY_RETURN_IF_ERROR(Remove(std::exchange(images, {})));
      }
    }
    return Remove(images);
  }

  // Whether the destination may have the image of a pruned revision.  In a
  // registry, removing an image removes its tags, so that those of earlier runs
  // need no request each.
  bool MayHaveImage(const Revision& revision) const {
    return destination_.registry_repository.empty() ||
           given_up_.count(KeyOf(revision)) != 0 ||
           tags_.count(RevisionTag(revision)) != 0;
  }

  // Appends the images to remove.
  absl::Status AppendImages(const CellRevisions& cell,
                            std::vector<Image>& images) {
    const auto may_be_removed = [&](const Revision& revision) {
      return IsPruned(revision) && MayHaveImage(revision);
    };
    if (std::none_of(cell.revisions.begin(), cell.revisions.end(),
                     may_be_removed)) {
      return absl::OkStatus();
    }
    CellRevisions current = cell;
    if (!options_.dry_run) {
      GANTRY_ASSIGN_OR_RETURN(Cell now, client_.GetCell(cell.cell.id()));
      GANTRY_ASSIGN_OR_RETURN(current, ReadCell(std::move(now)));
    }
    if (current.cell.state() == release::v1::CELL_STATE_BUILDING) {
      progress_.Line(absl::StrCat(
          "the images of ", cell.cell.id(),
          " stay until another run, because the cell is being built"));
      return absl::OkStatus();
    }
    for (const Revision& revision : current.revisions) {
      if (!IsPruned(revision)) {
        used_digests_.insert(revision.payload().digest());
      }
    }
    for (const Revision& revision : current.revisions) {
      const std::string& digest = revision.payload().digest();
      if (may_be_removed(revision) && used_digests_.count(digest) == 0) {
        images.push_back({KeyOf(revision), digest});
      }
    }
    return absl::OkStatus();
  }

  absl::Status Remove(const std::vector<Image>& images) {
    std::vector<std::string> digests;
    std::map<std::string, Key> revisions;  // By digest.
    for (const Image& image : images) {
      GANTRY_RETURN_IF_ERROR(CheckLease());
      if (!revisions.emplace(image.digest, image.revision).second) continue;
      if (options_.dry_run) {
        GANTRY_ASSIGN_OR_RETURN(const bool has_image,
                                publish::HasImage(image.digest, destination_));
        if (!has_image) continue;
      } else {
        // A tag that lags behind would be removed with the image.
        GANTRY_RETURN_IF_ERROR(
            SetNewestTag(client_, image.revision.first, destination_).status());
      }
      digests.push_back(image.digest);
    }
    if (!options_.dry_run && !digests.empty()) {
      GANTRY_ASSIGN_OR_RETURN(publish::RemovedImages removed,
                              publish::RemoveImages(digests, destination_));
      digests = std::move(removed.digests);
      report_.set_freed_bytes(report_.freed_bytes() + removed.freed_bytes);
    }
    for (const std::string& digest : digests) {
      auto& image = *report_.add_images();
      image.set_cell_id(revisions[digest].first);
      image.set_number(revisions[digest].second);
      image.set_digest(digest);
    }
    return absl::OkStatus();
  }

  absl::Status DeleteLogs() {
    if (options_.policy.log_days() == 0 || options_.dry_run) {
      return absl::OkStatus();
    }
    const absl::Time before =
        options_.now - options_.policy.log_days() * absl::Hours(24);
    GANTRY_ASSIGN_OR_RETURN(const int count, client_.PruneLogs(before));
    report_.set_deleted_logs(count);
    return absl::OkStatus();
  }

  absl::Status RemoveInputs() {
    if (options_.policy.input_days() == 0 || options_.inputs.empty()) {
      return absl::OkStatus();
    }
    PruneInputsOptions inputs;
    inputs.before =
        options_.now - options_.policy.input_days() * absl::Hours(24);
    inputs.dry_run = options_.dry_run;
    // What was given up in this run needs no inputs any more.
    GANTRY_ASSIGN_OR_RETURN(std::vector<CellRevisions> cells, ReadCells());
    const auto removed = PruneInputs(
        client_, cells, publish::InputStore(options_.inputs), inputs);
    if (absl::IsFailedPrecondition(removed.status())) {
      progress_.Line(std::string(removed.status().message()));
      return absl::OkStatus();
    }
    GANTRY_RETURN_IF_ERROR(removed.status());
    report_.mutable_removed_inputs()->Assign(removed->begin(), removed->end());
    return absl::OkStatus();
  }

  service::ReleaseClient& client_;
  const publish::Destination& destination_;
  const PruneOptions& options_;
  Progress& progress_;
  // Null for a layout, and with `dry_run`.
  std::unique_ptr<RegistryLease> lease_;
  std::set<Key> given_up_;
  // Of a registry.
  std::set<std::string> tags_;
  // Of the images of revisions that are not pruned.
  std::set<std::string> used_digests_;
  PruneReport report_;
};

}  // namespace

absl::StatusOr<PruneReport> Prune(service::ReleaseClient& client,
                                  const publish::Destination& destination,
                                  const PruneOptions& options,
                                  Progress& progress) {
  return Pruner(client, destination, options, progress).Run();
}

}  // namespace gantry::job
