#ifndef GANTRY_RELEASE_PLAN_FRAGMENTS_H_
#define GANTRY_RELEASE_PLAN_FRAGMENTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/state_dir.h"
#include "proto/cell.pb.h"
#include "proto/fragment.pb.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// What a release, driver or toolkit is, as the reference of its fragment says.
// Its sources lack the content of the keyring.
release::v1::Fragment FragmentOf(const matrix::v1::LockedRelease& release);
release::v1::Fragment FragmentOf(const matrix::v1::LockedDriver& driver);
release::v1::Fragment FragmentOf(const matrix::v1::LockedToolkit& toolkit);

// The fragments of all releases, drivers and toolkits of a lock, with keyrings.
// Errors of reading a keyring.
absl::StatusOr<std::vector<release::v1::Fragment>> FragmentsOfLock(
    const matrix::v1::Lock& lock);

// Digests of the fragments that the cells' wanted recipes name, each once.
std::vector<std::string> FragmentDigests(
    const std::vector<release::v1::Cell>& cells);

// The lock from which the cells are built as their wanted recipes say.  Writes
// keyrings to `state`.  NOT_FOUND: a fragment is not among `fragments`.
// DATA_LOSS: the sources of a fragment are not those of its digest.
absl::StatusOr<matrix::v1::Lock> LockFromFragments(
    const std::vector<release::v1::Cell>& cells,
    const std::vector<release::v1::Fragment>& fragments, const StateDir& state);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_FRAGMENTS_H_
