#include "release/plan/redist.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/http.h"
#include "base/json.h"
#include "base/json_object.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/version_order.h"
#include "google/protobuf/struct.pb.h"
#include "re2/re2.h"
#include "re2/stringpiece.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::CudaToolkit;
using ::gantry::matrix::v1::Driver;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedToolkit;
using ::gantry::matrix::v1::RemoteFile;
using ::google::protobuf::Struct;

constexpr char kPlatform[] = "linux-x86_64";
constexpr char kDriverComponent[] = "nvidia_driver";
constexpr char kCudaBaseUrl[] =
    "https://developer.download.nvidia.com/compute/cuda/redist";
constexpr char kDriverBaseUrl[] =
    "https://developer.download.nvidia.com/compute/nvidia-driver/redist";

absl::StatusOr<RemoteFile> ParseArchive(const Struct& archive,
                                        absl::string_view base_url) {
  RemoteFile file;
  const absl::string_view path = GetString(archive, "relative_path");
  file.set_url(JoinPath(base_url, path));
  file.set_digest(absl::StrCat("sha256:", GetString(archive, "sha256")));
  int64_t size = 0;
  if (path.empty() || !absl::SimpleAtoi(GetString(archive, "size"), &size) ||
      size < 0 || !ValidateDigest(file.digest()).ok()) {
    return absl::DataLossError("relative_path, sha256 or size is missing");
  }
  file.set_size(size);
  return file;
}

// Whether a toolkit has the component only if the matrix names it: the driver
// is in other layers, and Nsight's tools are for developers' machines.
bool IsOnlyOnRequest(absl::string_view component) {
  return component == kDriverComponent || absl::StartsWith(component, "nsight");
}

// The archive of a component for the platform and, if it has variants, for the
// toolkit; nullptr if there is none.
const Struct* FindArchive(const Struct& component,
                          absl::string_view cuda_version) {
  const Struct* const platform = FindObject(component, kPlatform);
  if (platform == nullptr || platform->fields().contains("relative_path")) {
    return platform;
  }
  const absl::string_view major =
      cuda_version.substr(0, cuda_version.find('.'));
  return FindObject(*platform, absl::StrCat("cuda", major));
}

absl::StatusOr<std::vector<RemoteFile>> FetchManifest(
    const std::string& base_url, const std::string& version,
    const std::vector<std::string>& components, absl::string_view cuda_version,
    const HttpGetOptions& http) {
  const std::string url =
      JoinPath(base_url, absl::StrCat("redistrib_", version, ".json"));
  GANTRY_ASSIGN_OR_RETURN(const std::string json, HttpGet(url, http));
  absl::StatusOr<std::vector<RemoteFile>> files =
      ParseRedistManifest(json, base_url, components, cuda_version);
  if (!files.ok()) return Annotate(files.status(), url);
  return files;
}

// The newest full version with the prefix `version`.
absl::StatusOr<std::string> ResolveVersion(const std::string& base_url,
                                           const std::string& version,
                                           const HttpGetOptions& http) {
  if (std::count(version.begin(), version.end(), '.') >= 2) return version;
  const std::string url = base_url + "/";
  const absl::StatusOr<std::string> listing = HttpGet(url, http);
  if (!listing.ok()) {
    return Annotate(listing.status(),
                    absl::StrCat("cannot find the newest ", version,
                                 "; specify all three components"));
  }
  absl::StatusOr<std::string> newest =
      FindNewestRedistVersion(*listing, version);
  if (!newest.ok()) return Annotate(newest.status(), url);
  return newest;
}

// `url` without trailing slashes, or `default_url` if it is empty.
std::string BaseUrl(std::string url, const char* default_url) {
  if (url.empty()) return default_url;
  while (absl::EndsWith(url, "/")) url.pop_back();
  return url;
}

}  // namespace

absl::StatusOr<std::vector<RemoteFile>> ParseRedistManifest(
    absl::string_view json, absl::string_view base_url,
    const std::vector<std::string>& components,
    absl::string_view cuda_version) {
  Struct manifest;
  const absl::Status status = ParseJson(json, "redist manifest", manifest);
  if (!status.ok()) return absl::DataLossError(status.message());
  std::vector<std::string> names = components;
  if (names.empty()) {
    for (const auto& [name, value] : manifest.fields()) {
      if (value.has_struct_value() && !IsOnlyOnRequest(name) &&
          FindArchive(value.struct_value(), cuda_version) != nullptr) {
        names.push_back(name);
      }
    }
    std::sort(names.begin(), names.end());
  }
  std::vector<RemoteFile> files;
  for (const std::string& name : names) {
    const Struct* const component = FindObject(manifest, name);
    const Struct* const archive =
        component == nullptr ? nullptr : FindArchive(*component, cuda_version);
    if (archive == nullptr) {
      return absl::NotFoundError(absl::StrCat(
          "component \"", name, "\" has no archive for ", kPlatform));
    }
    absl::StatusOr<RemoteFile> file = ParseArchive(*archive, base_url);
    if (!file.ok()) {
      return Annotate(file.status(), absl::StrCat("component \"", name, "\""));
    }
    files.push_back(*std::move(file));
  }
  if (files.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no component has an archive for ", kPlatform));
  }
  return files;
}

absl::StatusOr<std::string> FindNewestRedistVersion(absl::string_view listing,
                                                    absl::string_view branch) {
  static const RE2& pattern =
      *new RE2(R"(redistrib_([0-9]+(?:\.[0-9]+)+)\.json)");
  std::string newest, version;
  re2::StringPiece rest(listing.data(), listing.size());
  while (RE2::FindAndConsume(&rest, pattern, &version)) {
    if (HasVersionPrefix(version, branch) &&
        (newest.empty() || CompareVersions(version, newest) > 0)) {
      newest = version;
    }
  }
  if (newest.empty()) {
    return absl::NotFoundError(absl::StrCat("no redistrib_", branch,
                                            ".*.json is listed; specify all "
                                            "three components"));
  }
  return newest;
}

absl::StatusOr<LockedDriver> ResolveRedistDriver(const Driver& driver,
                                                 const HttpGetOptions& http) {
  const std::string base_url =
      BaseUrl(driver.redist().base_url(), kDriverBaseUrl);
  GANTRY_ASSIGN_OR_RETURN(const std::string version,
                          ResolveVersion(base_url, driver.version(), http));
  GANTRY_ASSIGN_OR_RETURN(
      const std::vector<RemoteFile> files,
      FetchManifest(base_url, version, {kDriverComponent}, "", http));
  LockedDriver locked;
  locked.set_version(version);
  locked.set_flavour(driver.flavour());
  // The archive has both the sources and the user space with the firmware.
  *locked.mutable_source() = files[0];
  *locked.add_userland_files() = files[0];
  return locked;
}

absl::StatusOr<LockedToolkit> ResolveRedistToolkit(const CudaToolkit& toolkit,
                                                   const HttpGetOptions& http) {
  const std::string base_url =
      BaseUrl(toolkit.redist().base_url(), kCudaBaseUrl);
  GANTRY_ASSIGN_OR_RETURN(const std::string version,
                          ResolveVersion(base_url, toolkit.version(), http));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<RemoteFile> files,
                          FetchManifest(base_url, version,
                                        {toolkit.redist().components().begin(),
                                         toolkit.redist().components().end()},
                                        version, http));
  LockedToolkit locked;
  locked.set_version(version);
  locked.set_with_static_archives(toolkit.with_static_archives());
  for (const RemoteFile& file : files) *locked.add_components() = file;
  return locked;
}

}  // namespace gantry::plan
