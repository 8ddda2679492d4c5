#include "release/publish/input_store.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "base/status_macros.h"
#include "base/user_path.h"

namespace gantry::publish {
namespace {

bool IsDirectory(const std::string& location) {
  return absl::StartsWith(location, "/") || absl::StartsWith(location, ".");
}

std::variant<InputDirectory, InputRepository> Open(
    const std::string& location) {
  if (IsDirectory(location)) return InputDirectory(location);
  return InputRepository(location);
}

}  // namespace

std::string InputLocation(const std::string& flag) {
  if (!IsDirectory(flag)) return flag;
  return std::filesystem::absolute(UserPath(flag)).lexically_normal();
}

InputStore::InputStore(const std::string& location) : store_(Open(location)) {}

absl::StatusOr<std::vector<std::string>> InputStore::FindMissing(
    const std::vector<std::string>& digests) const {
  std::vector<InputDigest> parsed;
  for (const std::string& digest : digests) {
    GANTRY_ASSIGN_OR_RETURN(InputDigest input, ParseInputDigest(digest));
    parsed.push_back(std::move(input));
  }
  GANTRY_ASSIGN_OR_RETURN(
      const std::vector<InputDigest> missing,
      std::visit([&](const auto& store) { return store.FindMissing(parsed); },
                 store_));
  std::vector<std::string> texts;
  for (const InputDigest& digest : missing) {
    texts.push_back(FormatInputDigest(digest));
  }
  return texts;
}

absl::StatusOr<bool> InputStore::Has(const std::string& digest) const {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> missing,
                          FindMissing({digest}));
  return missing.empty();
}

absl::Status InputStore::Put(const std::string& digest,
                             const std::string& path) const {
  GANTRY_ASSIGN_OR_RETURN(const InputDigest input, ParseInputDigest(digest));
  return std::visit([&](const auto& store) { return store.Put(input, path); },
                    store_);
}

absl::StatusOr<std::vector<StoredInput>> InputStore::List() const {
  GANTRY_ASSIGN_OR_RETURN(
      std::vector<StoredInput> inputs,
      std::visit([](const auto& store) { return store.List(); }, store_));
  std::sort(inputs.begin(), inputs.end(),
            [](const StoredInput& left, const StoredInput& right) {
              return left.digest < right.digest;
            });
  return inputs;
}

absl::Status InputStore::Remove(const std::string& digest) const {
  GANTRY_ASSIGN_OR_RETURN(const InputDigest input, ParseInputDigest(digest));
  return std::visit([&](const auto& store) { return store.Remove(input); },
                    store_);
}

}  // namespace gantry::publish
