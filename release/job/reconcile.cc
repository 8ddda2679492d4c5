#include "release/job/reconcile.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/status_macros.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Revision;

class Reconciler {
 public:
  Reconciler(service::ReleaseClient& client,
             const publish::Destination& destination, Progress& progress)
      : client_(client), destination_(destination), progress_(progress) {}

  absl::StatusOr<ReconcileResult> Run() {
    GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> cells,
                            client_.ListCells({}));
    for (const Cell& cell : cells) {
      if (cell.revision() != 0) {
        GANTRY_RETURN_IF_ERROR(ReconcileCell(cell.id()));
      }
    }
    return result_;
  }

 private:
  absl::Status ReconcileCell(const std::string& id) {
    // Again if a worker has recorded another revision meanwhile, whose tag it
    // may have set before this.
    for (int newest = 0;;) {
      GANTRY_ASSIGN_OR_RETURN(auto revisions, client_.ListRevisions(id));
      if (revisions.revisions(0).number() == newest) return absl::OkStatus();
      newest = revisions.revisions(0).number();
      std::reverse(revisions.mutable_revisions()->begin(),
                   revisions.mutable_revisions()->end());
      for (const Revision& revision : revisions.revisions()) {
        GANTRY_RETURN_IF_ERROR(
            ReconcileRevision(revision, revision.number() == newest));
      }
    }
  }

  absl::Status ReconcileRevision(const Revision& revision, bool is_newest) {
    const std::string name =
        absl::StrCat(revision.cell_id(), " revision ", revision.number());
    const std::string& digest = revision.payload().digest();
    GANTRY_ASSIGN_OR_RETURN(const bool has_image,
                            publish::HasImage(digest, destination_));
    if (!has_image) {
      progress_.Line(absl::StrCat("copying ", name));
      const absl::Status copied = publish::CopyImage(
          revision.payload().reference(), revision.coordinates(), destination_);
      if (!copied.ok()) {
        result_.missing.push_back(absl::StrCat(name, ": ", copied.message()));
        return absl::OkStatus();
      }
      ++result_.copied_images;
    }
    const std::string tag = CellTag(revision.coordinates());
    GANTRY_RETURN_IF_ERROR(
        SetTag(absl::StrCat(tag, "-r", revision.number()), digest));
    return is_newest ? SetTag(tag, digest) : absl::OkStatus();
  }

  absl::Status SetTag(const std::string& tag, const std::string& digest) {
    const absl::StatusOr<std::string> found =
        publish::FindTag(tag, destination_);
    if (found.ok() && *found == digest) return absl::OkStatus();
    if (!found.ok() && !absl::IsNotFound(found.status())) {
      return found.status();
    }
    GANTRY_RETURN_IF_ERROR(publish::TagImage(digest, tag, destination_));
    progress_.Line(absl::StrCat("tagged ", tag, " ", digest));
    ++result_.moved_tags;
    return absl::OkStatus();
  }

  service::ReleaseClient& client_;
  const publish::Destination& destination_;
  Progress& progress_;
  ReconcileResult result_;
};

}  // namespace

absl::StatusOr<ReconcileResult> Reconcile(
    service::ReleaseClient& client, const publish::Destination& destination,
    Progress& progress) {
  return Reconciler(client, destination, progress).Run();
}

}  // namespace gantry::job
