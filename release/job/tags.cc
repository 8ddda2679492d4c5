#include "release/job/tags.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/status_macros.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::ListRevisionsResponse;
using ::gantry::release::v1::Revision;

// Each round but the last one means that another process moved the tag, or that
// a revision was recorded, since the round before.
constexpr int kMaxRounds = 20;

absl::StatusOr<bool> HasTag(const std::string& tag, const std::string& digest,
                            const publish::Destination& destination) {
  const absl::StatusOr<std::string> found = publish::FindTag(tag, destination);
  if (absl::IsNotFound(found.status())) return false;
  GANTRY_RETURN_IF_ERROR(found.status());
  return *found == digest;
}

// Returns the number of tags that moved.
absl::StatusOr<int> SetTag(const std::string& tag, const std::string& digest,
                           const publish::Destination& destination) {
  GANTRY_ASSIGN_OR_RETURN(const bool is_set, HasTag(tag, digest, destination));
  if (is_set) return 0;
  GANTRY_RETURN_IF_ERROR(publish::TagImage(digest, tag, destination));
  return 1;
}

}  // namespace

std::string RevisionTag(const Revision& revision) {
  return absl::StrCat(CellTag(revision.coordinates()), "-r", revision.number());
}

const Revision* NewestKept(const ListRevisionsResponse& revisions) {
  for (const Revision& revision : revisions.revisions()) {
    if (!revision.has_prune_time()) return &revision;
  }
  return nullptr;
}

absl::StatusOr<int> SetRevisionTag(const Revision& revision,
                                   const publish::Destination& destination) {
  return SetTag(RevisionTag(revision), revision.payload().digest(),
                destination);
}

absl::StatusOr<int> SetNewestTag(service::ReleaseClient& client,
                                 const std::string& cell_id,
                                 const publish::Destination& destination) {
  for (int moved = 0; moved < kMaxRounds; ++moved) {
    GANTRY_ASSIGN_OR_RETURN(const ListRevisionsResponse revisions,
                            client.ListRevisions(cell_id));
    const Revision* const newest = NewestKept(revisions);
    if (newest == nullptr) return moved;
    const std::string tag = CellTag(newest->coordinates());
    const std::string& digest = newest->payload().digest();
    GANTRY_ASSIGN_OR_RETURN(const bool is_set,
                            HasTag(tag, digest, destination));
    if (is_set) return moved;
    GANTRY_ASSIGN_OR_RETURN(const bool has_image,
                            publish::HasImage(digest, destination));
    if (!has_image) return moved;
    GANTRY_RETURN_IF_ERROR(publish::TagImage(digest, tag, destination));
  }
  return absl::UnavailableError(absl::StrCat(
      "the tag of ", cell_id, " was changed ", kMaxRounds,
      " times by others while it was being set; run //release:publish"));
}

absl::StatusOr<int> SetRevisionTags(service::ReleaseClient& client,
                                    const publish::Destination& destination,
                                    const std::string& cell_id, int revision) {
  GANTRY_ASSIGN_OR_RETURN(const ListRevisionsResponse revisions,
                          client.ListRevisions(cell_id));
  int moved = 0;
  for (const Revision& recorded : revisions.revisions()) {
    if (recorded.number() != revision || recorded.has_prune_time()) continue;
    // If its content was published elsewhere before, only that image is
    // recorded.
    GANTRY_ASSIGN_OR_RETURN(
        const bool has_image,
        publish::HasImage(recorded.payload().digest(), destination));
    if (!has_image) continue;
    GANTRY_ASSIGN_OR_RETURN(moved, SetRevisionTag(recorded, destination));
  }
  GANTRY_ASSIGN_OR_RETURN(const int newest_moved,
                          SetNewestTag(client, cell_id, destination));
  return moved + newest_moved;
}

}  // namespace gantry::job
