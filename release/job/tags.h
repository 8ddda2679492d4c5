#ifndef GANTRY_RELEASE_JOB_TAGS_H_
#define GANTRY_RELEASE_JOB_TAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

// Tags follow the records: "<tag>-r<n>" is revision n of a cell, and "<tag>" is
// its newest revision that is not pruned.  Any number of processes may set the
// tags of a destination at the same time.  Each function returns how many tags
// it moved.  UNAVAILABLE: the service or the destination does not answer.

// "<tag>-r<n>".
std::string RevisionTag(const release::v1::Revision& revision);

// The newest revision that is not pruned, of a response that lists the newest
// first.  Null if there is none.
const release::v1::Revision* NewestKept(
    const release::v1::ListRevisionsResponse& revisions);

// Sets the tag of a revision, whose image the destination must have.
absl::StatusOr<int> SetRevisionTag(const release::v1::Revision& revision,
                                   const publish::Destination& destination);

// Sets "<tag>".  Reads the record again after writing, and repeats this until
// they are equal: of writers that overtake each other, the last one to finish
// has seen the newest record.  Changes nothing if the destination does not have
// the image of the newest revision: Reconcile() copies it.
absl::StatusOr<int> SetNewestTag(service::ReleaseClient& client,
                                 const std::string& cell_id,
                                 const publish::Destination& destination);

// Both, for a revision that was just recorded.
absl::StatusOr<int> SetRevisionTags(service::ReleaseClient& client,
                                    const publish::Destination& destination,
                                    const std::string& cell_id, int revision);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_TAGS_H_
