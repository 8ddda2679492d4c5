#include "release/job/prune_inputs.h"

#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "proto/cell.pb.h"
#include "proto/fragment.pb.h"
#include "proto/lock.pb.h"
#include "proto/recipe.pb.h"
#include "proto/revision.pb.h"
#include "release/plan/input_files.h"
#include "release/publish/input_digest.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Recipe;
using ::gantry::release::v1::Revision;

void AddFragments(const Recipe& recipe, std::set<std::string>& digests) {
  for (const auto& fragment : recipe.fragments()) {
    digests.insert(fragment.digest());
  }
}

// Digests of the fragments that are still needed.
absl::StatusOr<std::set<std::string>> NeededFragments(
    const std::vector<CellRevisions>& cells) {
  std::set<std::string> digests;
  for (const CellRevisions& cell : cells) {
    if (cell.cell.state() != release::v1::CELL_STATE_RETIRED) {
      AddFragments(cell.cell.wanted_recipe(), digests);
    }
    AddFragments(cell.cell.lease().recipe(), digests);
    for (const Revision& revision : cell.revisions) {
      if (revision.has_prune_time()) continue;
      if (revision.recipes().empty()) {
        return absl::FailedPreconditionError(absl::StrCat(
            "no input is removed, because it is not on record what revision ",
            revision.number(), " of ", cell.cell.id(), " is made of"));
      }
      for (const Recipe& recipe : revision.recipes()) {
        AddFragments(recipe, digests);
      }
    }
  }
  return digests;
}

// Digests of the files that these fragments name.
absl::StatusOr<std::set<std::string>> InputsOf(
    service::ReleaseClient& client, const std::set<std::string>& fragments) {
  GANTRY_ASSIGN_OR_RETURN(
      const std::vector<release::v1::Fragment> read,
      client.GetFragments({fragments.begin(), fragments.end()}));
  matrix::v1::Lock lock;
  for (const release::v1::Fragment& fragment : read) {
    const auto& sources = fragment.sources();
    if (sources.has_os_release()) *lock.add_releases() = sources.os_release();
    if (sources.has_driver()) *lock.add_drivers() = sources.driver();
    if (sources.has_toolkit()) *lock.add_cuda_toolkits() = sources.toolkit();
  }
  std::set<std::string> digests;
  for (const plan::InputFile& file : plan::InputFilesOf(lock)) {
    digests.insert(file.digest);
  }
  return digests;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> PruneInputs(
    service::ReleaseClient& client, const std::vector<CellRevisions>& cells,
    const publish::InputStore& store, const PruneInputsOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const std::set<std::string> fragments,
                          NeededFragments(cells));
  GANTRY_ASSIGN_OR_RETURN(const std::set<std::string> needed,
                          InputsOf(client, fragments));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<publish::StoredInput> stored,
                          store.List());
  std::vector<std::string> removed;
  for (const publish::StoredInput& input : stored) {
    if (input.time >= options.before || needed.count(input.digest) != 0) {
      continue;
    }
    if (!options.dry_run) {
      GANTRY_RETURN_IF_ERROR(store.Remove(input.digest));
    }
    removed.push_back(input.digest);
  }
  return removed;
}

}  // namespace gantry::job
