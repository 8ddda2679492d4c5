#include "release/job/reconcile.h"

#include <algorithm>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/status_macros.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/job/registry_lease.h"
#include "release/job/tags.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::ListRevisionsResponse;
using ::gantry::release::v1::PublishReport;
using ::gantry::release::v1::Revision;

class Reconciler {
 public:
  Reconciler(service::ReleaseClient& client,
             const publish::Destination& destination,
             const std::vector<std::string>& sources, Progress& progress)
      : client_(client),
        destination_(destination),
        sources_(sources),
        progress_(progress) {}

  absl::StatusOr<PublishReport> Run() {
    GANTRY_ASSIGN_OR_RETURN(lease_,
                            RegistryLease::Acquire(client_, destination_));
    GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> cells,
                            client_.ListCells({}));
    for (const Cell& cell : cells) {
      if (cell.revision() != 0) {
        GANTRY_RETURN_IF_ERROR(ReconcileCell(cell.id()));
      }
    }
    return report_;
  }

  absl::StatusOr<PublishReport> RunFor(const std::vector<Cell>& cells) {
    const std::string here =
        absl::StrCat(destination_.registry_repository, "@");
    for (const Cell& cell : cells) {
      if (cell.revision() != 0 &&
          !absl::StartsWith(cell.payload().reference(), here)) {
        GANTRY_RETURN_IF_ERROR(PublishNewest(cell));
      }
    }
    return report_;
  }

 private:
  absl::Status ReconcileCell(const std::string& id) {
    // Again if a worker has recorded another revision meanwhile, which may be
    // elsewhere.
    for (int newest = 0;;) {
      GANTRY_ASSIGN_OR_RETURN(ListRevisionsResponse revisions,
                              client_.ListRevisions(id));
      if (revisions.revisions(0).number() == newest) break;
      newest = revisions.revisions(0).number();
      std::reverse(revisions.mutable_revisions()->begin(),
                   revisions.mutable_revisions()->end());
      for (const Revision& revision : revisions.revisions()) {
        if (!revision.has_prune_time()) {
          GANTRY_RETURN_IF_ERROR(ReconcileRevision(revision));
        }
      }
    }
    return SetNewest(id);
  }

  absl::Status PublishNewest(const Cell& cell) {
    const std::string tag = CellTag(cell.coordinates());
    const auto tagged = publish::FindTag(tag, destination_);
    if (tagged.ok() && *tagged == cell.payload().digest()) {
      return absl::OkStatus();
    }
    GANTRY_ASSIGN_OR_RETURN(const ListRevisionsResponse revisions,
                            client_.ListRevisions(cell.id()));
    const Revision* const newest = NewestKept(revisions);
    if (newest == nullptr) return absl::OkStatus();
    GANTRY_RETURN_IF_ERROR(ReconcileRevision(*newest));
    return SetNewest(cell.id());
  }

  absl::Status CheckLease() const {
    return lease_ == nullptr ? absl::OkStatus() : lease_->Check();
  }

  absl::Status ReconcileRevision(const Revision& revision) {
    GANTRY_RETURN_IF_ERROR(CheckLease());
    const std::string name =
        absl::StrCat(revision.cell_id(), " revision ", revision.number());
    GANTRY_ASSIGN_OR_RETURN(
        const bool has_image,
        publish::HasImage(revision.payload().digest(), destination_));
    if (!has_image) {
      progress_.Line(absl::StrCat("copying ", name));
      const absl::Status copied = Copy(revision);
      if (!copied.ok()) {
        report_.add_missing(absl::StrCat(name, ": ", copied.message()));
        return absl::OkStatus();
      }
      report_.set_copied_images(report_.copied_images() + 1);
    }
    GANTRY_RETURN_IF_ERROR(CheckLease());
    GANTRY_ASSIGN_OR_RETURN(const int moved,
                            SetRevisionTag(revision, destination_));
    CountTags(moved, RevisionTag(revision));
    return absl::OkStatus();
  }

  // Returns the error of the recorded place if no source has the image.
  absl::Status Copy(const Revision& revision) {
    const absl::Status copied = publish::CopyImage(
        revision.payload().reference(), revision.coordinates(), destination_);
    if (copied.ok()) return copied;
    for (const std::string& source : sources_) {
      const std::string reference =
          absl::StrCat(source, "@", revision.payload().digest());
      if (publish::CopyImage(reference, revision.coordinates(), destination_)
              .ok()) {
        return absl::OkStatus();
      }
    }
    return copied;
  }

  absl::Status SetNewest(const std::string& id) {
    GANTRY_RETURN_IF_ERROR(CheckLease());
    GANTRY_ASSIGN_OR_RETURN(const int moved,
                            SetNewestTag(client_, id, destination_));
    CountTags(moved, id);
    return absl::OkStatus();
  }

  void CountTags(int moved, const std::string& name) {
    if (moved == 0) return;
    progress_.Line(absl::StrCat("tagged ", name));
    report_.set_moved_tags(report_.moved_tags() + moved);
  }

  service::ReleaseClient& client_;
  const publish::Destination& destination_;
  const std::vector<std::string>& sources_;
  Progress& progress_;
  // Null for a layout, and while single cells are published.
  std::unique_ptr<RegistryLease> lease_;
  PublishReport report_;
};

}  // namespace

absl::StatusOr<PublishReport> Reconcile(service::ReleaseClient& client,
                                        const publish::Destination& destination,
                                        const std::vector<std::string>& sources,
                                        Progress& progress) {
  return Reconciler(client, destination, sources, progress).Run();
}

absl::StatusOr<PublishReport> PublishRecordedElsewhere(
    service::ReleaseClient& client, const std::vector<Cell>& cells,
    const publish::Destination& registry, Progress& progress) {
  return Reconciler(client, registry, {}, progress).RunFor(cells);
}

}  // namespace gantry::job
