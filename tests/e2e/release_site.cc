#include "tests/e2e/release_site.h"

#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/subprocess.h"

namespace gantry::e2e {
namespace {

namespace fs = std::filesystem;

absl::Status Link(const std::string& target, const std::string& link) {
  std::error_code error;
  fs::remove(link, error);
  fs::create_symlink(target, link, error);
  if (error) return ErrnoStatus(error.value(), link);
  return absl::OkStatus();
}

// The text of a .DIGESTS file.
absl::StatusOr<std::string> Digests(const std::string& path,
                                    const std::string& name) {
  std::string text;
  for (const auto& [title, program] :
       {std::pair("MD5", "md5sum"), std::pair("SHA1", "sha1sum"),
        std::pair("SHA512", "sha512sum")}) {
    GANTRY_ASSIGN_OR_RETURN(const std::string line,
                            RunCommand({program, "--", path}));
    absl::StrAppend(&text, "# ", title, " HASH\n",
                    line.substr(0, line.find(' ')), "  ", name, "\n");
  }
  return text;
}

}  // namespace

absl::StatusOr<ReleaseSite> ReleaseSite::Create(const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(fixtures::OpenPgpSigner signer,
                          fixtures::OpenPgpSigner::Create());
  GANTRY_ASSIGN_OR_RETURN(const std::string key,
                          ReadFile(signer.public_key_path()));
  ReleaseSite site(directory, std::move(signer));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(site.keyring_path(), key));
  return site;
}

absl::Status ReleaseSite::PublishFile(const PublishedRelease& release,
                                      const std::string& source,
                                      const std::string& name) {
  const std::string path = FilePath(release, name);
  GANTRY_RETURN_IF_ERROR(Link(fs::canonical(source), path));
  GANTRY_ASSIGN_OR_RETURN(const std::string digests, Digests(path, name));
  GANTRY_RETURN_IF_ERROR(
      WriteFileAtomically(absl::StrCat(path, ".DIGESTS"), digests));
  return signer_.SignFile(path);
}

absl::Status ReleaseSite::Publish(const PublishedRelease& release) {
  const std::string folder = fs::path(FilePath(release, "x")).parent_path();
  GANTRY_RETURN_IF_ERROR(CreateDirectories(folder));
  const std::string prefix = absl::AsciiStrToUpper(release.family);
  const std::string version_path = FilePath(release, "version.txt");
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(
      version_path, absl::StrCat(prefix, "_VERSION=", release.version, "\n",
                                 prefix, "_VERSION_ID=", release.version, "\n",
                                 prefix, "_BUILD_ID=\"2026-01-01-0000\"\n")));
  GANTRY_RETURN_IF_ERROR(signer_.SignFile(version_path));
  GANTRY_RETURN_IF_ERROR(PublishFile(release, release.developer_container,
                                     ContainerName(release)));
  GANTRY_RETURN_IF_ERROR(
      PublishFile(release, release.kernel_image,
                  absl::StrCat(release.family, "_production_pxe.vmlinuz")));
  return Link(release.version,
              (fs::path(folder).parent_path() / "current").string());
}

std::string ReleaseSite::keyring_path() const {
  return JoinPath(directory_, "release.asc");
}

std::string ReleaseSite::FilePath(const PublishedRelease& release,
                                  const std::string& name) const {
  return absl::StrCat(directory_, "/", release.channel, "/amd64-usr/",
                      release.version, "/", name);
}

std::string ReleaseSite::ContainerName(const PublishedRelease& release) {
  return absl::StrCat(release.family, "_developer_container.bin.bz2");
}

}  // namespace gantry::e2e
