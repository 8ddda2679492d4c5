#include "release/plan/container_linux.h"

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/http.h"
#include "base/os_release.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "release/plan/digests_file.h"
#include "release/plan/openpgp.h"
#include "release/plan/release_index.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Channel;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::OperatingSystem;
using ::gantry::matrix::v1::RemoteFile;

// The differences between the two families.
struct FamilyNames {
  const char* id;               // ID in os-release, and prefix of file names.
  const char* variable_prefix;  // Prefix of the keys in version.txt.
  const char* base_url;
  const char* index_url;
};

constexpr FamilyNames kCoreos = {
    "coreos", "COREOS_", "https://{channel}.release.core-os.net",
    "https://coreos.com/releases/releases-{channel}.json"};
constexpr FamilyNames kFlatcar = {
    "flatcar", "FLATCAR_", "https://{channel}.release.flatcar-linux.net",
    "https://www.flatcar.org/releases-json/releases-{channel}.json"};

// One channel on the release server.
struct ChannelServer {
  const FamilyNames& names;
  std::string base_url;
  std::string index_url;
  std::string channel;
  const std::string& keyring;
  const HttpGetOptions& http;

  std::string Url(absl::string_view version, absl::string_view file) const {
    return absl::StrCat(base_url, "/amd64-usr/", version, "/", file);
  }
  absl::StatusOr<std::string> Get(const std::string& url) const {
    return HttpGet(url, http);
  }
};

// `url`, or `default_url` if it is empty, for the channel.
std::string ExpandUrl(const std::string& url, const char* default_url,
                      const std::string& channel) {
  std::string expanded = absl::StrReplaceAll(url.empty() ? default_url : url,
                                             {{"{channel}", channel}});
  while (absl::EndsWith(expanded, "/")) expanded.pop_back();
  return expanded;
}

// The version in the signed version.txt of the directory `version`, which may
// be "current".
absl::StatusOr<std::string> FetchSignedVersion(const ChannelServer& server,
                                               absl::string_view version) {
  const std::string url = server.Url(version, "version.txt");
  GANTRY_ASSIGN_OR_RETURN(const std::string text, server.Get(url));
  GANTRY_ASSIGN_OR_RETURN(const std::string signature,
                          server.Get(url + ".sig"));
  GANTRY_RETURN_IF_ERROR(VerifySignature(url, text, signature, server.keyring));
  const auto values = ParseKeyValues(text);
  if (!values.ok()) {
    return absl::DataLossError(
        absl::StrCat(url, ": ", values.status().message()));
  }
  for (const char* key : {"VERSION_ID", "VERSION"}) {
    const auto found =
        values->find(absl::StrCat(server.names.variable_prefix, key));
    if (found != values->end() && !found->second.empty()) return found->second;
  }
  return absl::DataLossError(absl::StrCat(
      url, ": no ", server.names.variable_prefix, "VERSION_ID is missing"));
}

absl::StatusOr<std::vector<std::string>> ResolveVersions(
    const ChannelServer& server, const Channel& channel) {
  if (!channel.versions().empty()) {
    return std::vector<std::string>(channel.versions().begin(),
                                    channel.versions().end());
  }
  if (channel.newest() <= 1) {
    GANTRY_ASSIGN_OR_RETURN(std::string version,
                            FetchSignedVersion(server, "current"));
    return std::vector<std::string>{std::move(version)};
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string json, server.Get(server.index_url));
  absl::StatusOr<std::vector<std::string>> versions =
      ParseReleaseIndex(json, server.channel);
  if (!versions.ok()) return Annotate(versions.status(), server.index_url);
  if (versions->empty()) {
    return absl::NotFoundError(absl::StrCat(
        server.index_url, ": no release of channel \"", server.channel, "\""));
  }
  const size_t wanted = channel.newest();
  if (versions->size() > wanted) versions->resize(wanted);
  return versions;
}

// A file of a release.  Its digests are in <file>.DIGESTS; older releases have
// one <file up to its first dot>.DIGESTS for several files.
absl::StatusOr<RemoteFile> ResolveFile(const ChannelServer& server,
                                       absl::string_view version,
                                       const std::string& name) {
  RemoteFile file;
  file.set_url(server.Url(version, name));
  file.set_signature_url(file.url() + ".sig");
  GANTRY_ASSIGN_OR_RETURN(const std::string signature,
                          server.Get(file.signature_url()));
  file.set_signature_digest(Sha256Digest(signature));
  std::string url = file.url() + ".DIGESTS";
  absl::StatusOr<std::string> text = server.Get(url);
  if (absl::IsNotFound(text.status())) {
    const std::string shared = server.Url(
        version, absl::StrCat(name.substr(0, name.find('.')), ".DIGESTS"));
    absl::StatusOr<std::string> other = server.Get(shared);
    if (other.ok()) {
      url = shared;
      text = std::move(other);
    }
  }
  if (!text.ok()) return text.status();
  absl::StatusOr<std::string> digest = FindSha512(*text, name);
  if (!digest.ok()) return Annotate(digest.status(), url);
  file.set_digest(*std::move(digest));
  return file;
}

absl::StatusOr<LockedRelease> LockRelease(const ChannelServer& server,
                                          const std::string& version) {
  GANTRY_ASSIGN_OR_RETURN(const std::string found,
                          FetchSignedVersion(server, version));
  if (found != version) {
    return absl::DataLossError(absl::StrCat(server.Url(version, "version.txt"),
                                            ": has version ", found,
                                            ", expected ", version));
  }
  LockedRelease release;
  release.set_name(OsReleaseName(server.names.id, version, ""));
  release.set_version(version);
  release.set_keyring(server.keyring);
  GANTRY_ASSIGN_OR_RETURN(
      *release.mutable_developer_container(),
      ResolveFile(
          server, version,
          absl::StrCat(server.names.id, "_developer_container.bin.bz2")));
  GANTRY_ASSIGN_OR_RETURN(
      *release.mutable_kernel_image(),
      ResolveFile(server, version,
                  absl::StrCat(server.names.id, "_production_pxe.vmlinuz")));
  return release;
}

}  // namespace

absl::StatusOr<std::vector<LockedRelease>> ResolveContainerLinuxReleases(
    const OperatingSystem& os, const Channel& channel,
    const std::string& keyring_path, const HttpGetOptions& http) {
  const FamilyNames& names =
      os.family() == matrix::v1::FAMILY_COREOS ? kCoreos : kFlatcar;
  const ChannelServer server = {
      names,
      ExpandUrl(os.base_url(), names.base_url, channel.name()),
      ExpandUrl(os.index_url(), names.index_url, channel.name()),
      channel.name(),
      keyring_path,
      http};
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> versions,
                          ResolveVersions(server, channel));
  std::vector<LockedRelease> releases;
  for (const std::string& version : versions) {
    GANTRY_ASSIGN_OR_RETURN(LockedRelease release,
                            LockRelease(server, version));
    release.set_family(os.family());
    releases.push_back(std::move(release));
  }
  return releases;
}

}  // namespace gantry::plan
