#ifndef GANTRY_RELEASE_SERVICE_RESOLVE_RESOLVE_H_
#define GANTRY_RELEASE_SERVICE_RESOLVE_RESOLVE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/release.pb.h"

namespace gantry::service {

// Picks the payload for a node, or says why there is none.  Pure.
//
// `cells` is what is known: at least all cells of the node's OS release or, if
// there are none, some of similar names to hint at.  Among built cells that
// fit, the newest driver wins, then the newest toolkit.  If none is built, the
// reason is that of the cell nearest to being built.
//
// INVALID_ARGUMENT, with BadRequest: no OS release, or a malformed GPU id.
absl::StatusOr<release::v1::ResolveResponse> Resolve(
    const release::v1::ResolveRequest& request,
    const std::vector<release::v1::Cell>& cells, absl::Time now);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_RESOLVE_RESOLVE_H_
