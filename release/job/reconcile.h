#ifndef GANTRY_RELEASE_JOB_RECONCILE_H_
#define GANTRY_RELEASE_JOB_RECONCILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/progress.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

struct ReconcileResult {
  // Images that the destination lacked, and tags that it had not or on another
  // image.
  int copied_images = 0;
  int moved_tags = 0;
  // One line for each revision that is still missing, with the reason.
  std::vector<std::string> missing;
};

// Makes a registry or an image layout equal to the records: every revision of
// every cell, its tag "<tag>-r<n>", and the tag "<tag>" of the newest one.
// Images that are missing are copied from where they were recorded.  A second
// run changes nothing.  UNAVAILABLE: the service or the destination does not
// answer.
absl::StatusOr<ReconcileResult> Reconcile(
    service::ReleaseClient& client, const publish::Destination& destination,
    Progress& progress);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_RECONCILE_H_
