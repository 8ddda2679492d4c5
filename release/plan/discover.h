#ifndef GANTRY_RELEASE_PLAN_DISCOVER_H_
#define GANTRY_RELEASE_PLAN_DISCOVER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/state_dir.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

struct DiscoverOptions {
  // The matrix, a textproto.  Patches and keyrings lie relative to it.
  std::string matrix_path;

  // Looks up only the releases of these channels; those of the others stay as
  // the lock in the state folder has them.  Empty, or without a lock of the
  // same matrix: looks up all.
  std::vector<std::string> channels;

  // If set, is told what is being looked up: one line, without a line end.
  std::function<void(absl::string_view)> progress;
};

// Settles what the matrix leaves open, by asking Debian's archive and the
// release servers.  Same matrix and same answers: same lock, byte for byte.
//
// Writes only apt's own files and keyrings into `state`; the lock there stays
// as it is (see WriteLock).  Uses the network.
//
// INVALID_ARGUMENT: the matrix, with the place.  NOT_FOUND: something that the
// matrix names does not exist (any more).  UNAVAILABLE: a server cannot be
// reached.  DATA_LOSS: a server's file has no good signature or no sense.
absl::StatusOr<matrix::v1::Lock> Discover(const DiscoverOptions& options,
                                          const StateDir& state);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_DISCOVER_H_
