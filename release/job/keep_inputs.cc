#include "release/job/keep_inputs.h"

#include <cstddef>
#include <filesystem>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "release/plan/input_files.h"
#include "release/publish/input_store.h"

namespace gantry::job {
namespace {

// Enough to see what is wrong.
constexpr size_t kMaxProblems = 5;

using Paths = std::multimap<std::string, std::string>;  // By base name.

// Puts the one of these files that has the input's name and digest.
// NOT_FOUND: none has the name.
absl::Status PutInput(const publish::InputStore& store,
                      const plan::InputFile& input, const Paths& paths) {
  absl::Status status = absl::NotFoundError("it was not downloaded");
  const auto [begin, end] = paths.equal_range(input.name);
  for (auto path = begin; path != end; ++path) {
    status = store.Put(input.digest, path->second);
    // Another file of that name may have the digest.
    if (!absl::IsDataLoss(status)) return status;
  }
  return status;
}

}  // namespace

InputKeeper::InputKeeper(const std::string& location) : location_(location) {}

std::vector<std::string> InputKeeper::Keep(
    const matrix::v1::Lock& lock, const std::vector<std::string>& files) {
  if (location_.empty()) return {};
  std::map<std::string, plan::InputFile> inputs;  // By digest.
  std::vector<std::string> digests;
  for (const plan::InputFile& input : plan::InputFilesOf(lock)) {
    if (kept_.count(input.digest) != 0) continue;
    digests.push_back(input.digest);
    inputs.emplace(input.digest, input);
  }
  if (digests.empty()) return {};
  Paths paths;
  for (const std::string& file : files) {
    paths.emplace(std::filesystem::path(file).filename(), file);
  }

  const publish::InputStore store(location_);
  const auto missing = store.FindMissing(digests);
  if (!missing.ok()) {
    return {absl::StrCat("inputs are not kept: ", missing.status().message())};
  }
  std::vector<std::string> problems;
  for (const std::string& digest : *missing) {
    const plan::InputFile& input = inputs.at(digest);
    const absl::Status status = PutInput(store, input, paths);
    if (absl::IsUnavailable(status)) {
      problems.push_back(
          absl::StrCat("inputs are not kept: ", status.message()));
      return problems;
    }
    if (status.ok()) continue;
    problems.push_back(absl::StrCat("input ", input.name, " (", digest,
                                    ") is not kept: ", status.message()));
  }
  if (problems.size() > kMaxProblems) {
    const size_t more = problems.size() - kMaxProblems;
    problems.resize(kMaxProblems);
    problems.push_back(absl::StrCat(more, " more inputs are not kept"));
  }
  // Those with a problem will have it again.
  kept_.insert(digests.begin(), digests.end());
  return problems;
}

}  // namespace gantry::job
