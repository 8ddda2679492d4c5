#ifndef GANTRY_RELEASE_JOB_RETENTION_H_
#define GANTRY_RELEASE_JOB_RETENTION_H_

#include <vector>

#include "absl/time/time.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/matrix.pb.h"
#include "proto/publish_report.pb.h"
#include "proto/revision.pb.h"

namespace gantry::job {

struct CellRevisions {
  release::v1::Cell cell;
  // All of them, newest first.
  std::vector<release::v1::Revision> revisions;
};

// The revisions that the policy does not keep and that are not pruned yet, by
// cell in the order of `cells`, oldest first, with reasons.  Of each cell, this
// never has
//   - the newest revision that is not pruned, unless the cell is retired and no
//     channel's head has its OS release;
//   - any revision while the cell is being built.
// A pure function.
std::vector<release::v1::PrunedRevision> RevisionsToPrune(
    const std::vector<CellRevisions>& cells,
    const std::vector<release::v1::ChannelHead>& heads,
    const matrix::v1::Retention& policy, absl::Time now);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_RETENTION_H_
