#ifndef GANTRY_RELEASE_PLAN_RELEASE_SET_H_
#define GANTRY_RELEASE_PLAN_RELEASE_SET_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// The releases of a matrix's channels: each once, with all channels that have
// it.
class ReleaseSet {
 public:
  // Adds the releases that a channel has now; `LockedRelease.channels` is
  // ignored.  DATA_LOSS, and none is added: a release is also in a channel that
  // was added before, with other files.
  absl::Status AddChannel(
      const std::string& channel,
      const std::vector<matrix::v1::LockedRelease>& releases);

  // Adds the releases that a channel has in an older lock.  A release that is
  // also in a channel added before keeps the files that it has there.
  void KeepChannel(matrix::v1::Family family, const std::string& channel,
                   const matrix::v1::Lock& older);

  // The releases ordered by name, with their channels in the order of `matrix`.
  std::vector<matrix::v1::LockedRelease> Releases(
      const matrix::v1::Matrix& matrix) const;

 private:
  void Insert(const std::string& channel,
              const matrix::v1::LockedRelease& release);

  // By name; channels are in the order in which they were added.
  std::map<std::string, matrix::v1::LockedRelease, std::less<>> releases_;
};

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_RELEASE_SET_H_
