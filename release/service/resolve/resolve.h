#ifndef GANTRY_RELEASE_SERVICE_RESOLVE_RESOLVE_H_
#define GANTRY_RELEASE_SERVICE_RESOLVE_RESOLVE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"

namespace gantry::service {

// Chooses the payload for a node, or explains why there is none.  Pure.
//
// `cells` must include all cells of the node's OS release or, if there are
// none, cells of releases with similar names, which the explanation suggests.
// Among the built cells that fit, the one with the newest driver is chosen,
// then that with the newest toolkit.  If none is built, the explanation is
// about the fitting cell that is nearest to being built.
//
// INVALID_ARGUMENT, with a BadRequest: the OS release is missing or the GPU's
// device ID is malformed.
absl::StatusOr<release::v1::ResolveResponse> Resolve(
    const release::v1::ResolveRequest& request,
    const std::vector<release::v1::Cell>& cells, absl::Time now);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_RESOLVE_RESOLVE_H_
