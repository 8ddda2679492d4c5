#include "release/plan/container_linux.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
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
#include "base/version_order.h"
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

// BRANCH in version.txt, the second number of a version, is how far a release
// of Flatcar is stabilized, and so the channel that it was made for ("Building
// production images", "Stabilisation process and versioning", in Flatcar's
// developer guides).  Of what discovery reads, nothing else that is signed
// tells the channel.
//
// For CoreOS nothing does: a release keeps its version when it is promoted to
// the next channel.
struct ChannelBranch {
  const char* channel;
  const char* branch;
};
constexpr ChannelBranch kFlatcarBranches[] = {
    {"alpha", "0"}, {"beta", "1"}, {"stable", "2"}, {"lts", "3"}};

// The channel's name on the release server.
std::string ServerChannel(const Channel& channel) {
  return channel.lts_year() != 0 ? "lts" : channel.name();
}

// What BRANCH must be in the releases that the server offers as the channel's
// newest.  Empty if it can be anything: the channel is not one of Flatcar's, or
// the matrix itself chooses the releases.
std::string RequiredBranch(const OperatingSystem& os, const Channel& channel) {
  if (os.family() != matrix::v1::FAMILY_FLATCAR ||
      !channel.versions().empty()) {
    return "";
  }
  for (const ChannelBranch& known : kFlatcarBranches) {
    if (ServerChannel(channel) == known.channel) return known.branch;
  }
  return "";
}

// The content of a signed version.txt.
struct SignedVersion {
  std::string version;
  // Empty if the file does not have it.
  std::string branch;
};

// One channel on the release server.
struct ChannelServer {
  const FamilyNames& names;
  std::string base_url;
  std::string index_url;
  // Its name there.
  std::string channel;
  // See RequiredBranch().
  std::string branch;
  // The directory of the newest release.
  std::string current;
  SigningKeys keys;
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

// Reads the signed version.txt of the directory `version`, which may be that of
// the newest release.
absl::StatusOr<SignedVersion> FetchSignedVersion(const ChannelServer& server,
                                                 absl::string_view version) {
  const std::string url = server.Url(version, "version.txt");
  GANTRY_ASSIGN_OR_RETURN(const std::string text, server.Get(url));
  GANTRY_ASSIGN_OR_RETURN(const std::string signature,
                          server.Get(url + ".sig"));
  GANTRY_RETURN_IF_ERROR(VerifySignature(url, text, signature, server.keys));
  const auto values = ParseKeyValues(text);
  if (!values.ok()) {
    return absl::DataLossError(
        absl::StrCat(url, ": ", values.status().message()));
  }
  const auto get = [&](absl::string_view key) {
    const auto found =
        values->find(absl::StrCat(server.names.variable_prefix, key));
    return found == values->end() ? "" : found->second;
  };
  SignedVersion signed_version = {get("VERSION_ID"), get("BRANCH")};
  if (signed_version.version.empty()) signed_version.version = get("VERSION");
  if (signed_version.version.empty()) {
    return absl::DataLossError(absl::StrCat(
        url, ": ", server.names.variable_prefix, "VERSION_ID is missing"));
  }
  return signed_version;
}

// Reduces the versions of all LTS streams, from new to old, to the stream of
// `current`: a stream is a major version.
void KeepStream(absl::string_view current, std::vector<std::string>& versions) {
  const absl::string_view major = current.substr(0, current.find('.'));
  versions.erase(std::remove_if(versions.begin(), versions.end(),
                                [&](const std::string& version) {
                                  return !HasVersionPrefix(version, major);
                                }),
                 versions.end());
}

absl::StatusOr<std::vector<std::string>> ResolveVersions(
    const ChannelServer& server, const Channel& channel) {
  if (!channel.versions().empty()) {
    return std::vector<std::string>(channel.versions().begin(),
                                    channel.versions().end());
  }
  const bool is_lts = channel.lts_year() != 0;
  std::string current;
  if (channel.newest() <= 1 || is_lts) {
    GANTRY_ASSIGN_OR_RETURN(SignedVersion newest,
                            FetchSignedVersion(server, server.current));
    current = std::move(newest.version);
  }
  if (channel.newest() <= 1) return std::vector<std::string>{current};
  GANTRY_ASSIGN_OR_RETURN(const std::string json, server.Get(server.index_url));
  absl::StatusOr<std::vector<std::string>> versions =
      ParseReleaseIndex(json, server.channel);
  if (!versions.ok()) return Annotate(versions.status(), server.index_url);
  if (is_lts) KeepStream(current, *versions);
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
  GANTRY_ASSIGN_OR_RETURN(const SignedVersion found,
                          FetchSignedVersion(server, version));
  if (found.version != version) {
    return absl::DataLossError(absl::StrCat(server.Url(version, "version.txt"),
                                            ": has version ", found.version,
                                            ", expected ", version));
  }
  if (!server.branch.empty() && found.branch != server.branch) {
    return absl::DataLossError(absl::StrCat(
        server.Url(version, "version.txt"), ": has ",
        server.names.variable_prefix, "BRANCH ", found.branch, ", expected ",
        server.branch, ", that of channel \"", server.channel, "\""));
  }
  LockedRelease release;
  release.set_name(OsReleaseName(server.names.id, version, ""));
  release.set_version(version);
  release.set_keyring(server.keys.keyring_path);
  for (const std::string& fingerprint : server.keys.fingerprints) {
    release.add_signing_key_fingerprints(fingerprint);
  }
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
  SigningKeys keys;
  keys.keyring_path = keyring_path;
  for (const std::string& fingerprint : os.signing_key_fingerprints()) {
    keys.fingerprints.push_back(absl::AsciiStrToUpper(fingerprint));
  }
  const std::string server_channel = ServerChannel(channel);
  const ChannelServer server = {
      names,
      ExpandUrl(os.base_url(), names.base_url, server_channel),
      ExpandUrl(os.index_url(), names.index_url, server_channel),
      server_channel,
      RequiredBranch(os, channel),
      channel.lts_year() == 0 ? "current"
                              : absl::StrCat("current-", channel.lts_year()),
      std::move(keys),
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
