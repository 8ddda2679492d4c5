#ifndef GANTRY_RELEASE_JOB_PRUNE_INPUTS_H_
#define GANTRY_RELEASE_JOB_PRUNE_INPUTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "release/job/retention.h"
#include "release/publish/input_store.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

struct PruneInputsOptions {
  // Inputs that were put later stay: their revision may not be recorded yet.
  absl::Time before;
  // Only say what would be removed.
  bool dry_run = false;
};

// Removes files from an input store that nothing is made of any more: neither a
// revision that is not pruned, nor the wanted recipe of a cell that is not
// retired.  Returns their digests.
// FAILED_PRECONDITION: the recipe of a revision is not on record in full, so
// that what it is made of is unknown; nothing is removed.  UNAVAILABLE: the
// service or the store does not answer.
absl::StatusOr<std::vector<std::string>> PruneInputs(
    service::ReleaseClient& client, const std::vector<CellRevisions>& cells,
    const publish::InputStore& store, const PruneInputsOptions& options);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_PRUNE_INPUTS_H_
