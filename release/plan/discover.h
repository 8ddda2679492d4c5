#ifndef GANTRY_RELEASE_PLAN_DISCOVER_H_
#define GANTRY_RELEASE_PLAN_DISCOVER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/http.h"
#include "base/state_dir.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

struct DiscoverOptions {
  // The matrix, a textproto.  Paths in it are relative to its directory.
  std::string matrix_path;

  // Resolves only these channels and keeps the others as they are in the lock
  // in the state directory.  Empty, or if that lock is of another matrix:
  // resolves all channels.
  std::vector<std::string> channels;

  // How files are fetched from release servers and redist directories.
  HttpGetOptions http;

  // If set, is called with a description of each step: one line, without a line
  // end.
  std::function<void(absl::string_view)> progress;

  // If set, is called for each channel that cannot be resolved, with "channel
  // <name> of <family>: <why>; <what to do>": one line, without a line end.
  std::function<void(absl::string_view)> channel_error;
};

// Resolves the matrix to exact releases, versions, URLs and digests with
// Debian's archive and the release servers.  Equal matrices and equal answers
// give the same lock, byte for byte.
//
// A channel that cannot be resolved does not stop the others: it is one of the
// lock's `failed_channels`, with the releases that it has in the lock in the
// state directory, if that is of the same matrix.
//
// Writes apt's files and keyrings into `state`, but not the lock: see
// WriteLock().  Uses the network.
//
// INVALID_ARGUMENT: the matrix is invalid; the message names the field or line.
// NOT_FOUND: something that the matrix names does not exist, or no longer does.
// UNAVAILABLE: a server cannot be reached.  DATA_LOSS: a file from a server is
// malformed or has no good signature.  Channels cause an error only if each
// that was to be resolved fails; its code is that of the first.
absl::StatusOr<matrix::v1::Lock> Discover(const DiscoverOptions& options,
                                          const StateDir& state);

// Completes a lock of the same matrix: resolves its failed channels, and keeps
// all else as it is.  Channels that fail again are not an error: they stay
// among the `failed_channels` of the result.  Does not use `options.channels`.
//
// FAILED_PRECONDITION: the matrix has changed.  Other errors are those of
// Discover().
absl::StatusOr<matrix::v1::Lock> RetryFailedChannels(
    const DiscoverOptions& options, const matrix::v1::Lock& lock,
    const StateDir& state);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_DISCOVER_H_
