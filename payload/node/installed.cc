#include "payload/node/installed.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/status_macros.h"
#include "payload/node/host_paths.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {
namespace {

absl::Status Differs(absl::string_view path, absl::string_view how) {
  return absl::DataLossError(absl::StrCat(path, " ", how));
}

mode_t TypeBits(payload::v1::FileType type) {
  switch (type) {
    case payload::v1::FILE_TYPE_DIRECTORY:
      return S_IFDIR;
    case payload::v1::FILE_TYPE_SYMLINK:
      return S_IFLNK;
    default:
      return S_IFREG;
  }
}

absl::Status CheckMetadata(const Directory& directory,
                           const InstallEntry& entry) {
  const auto info = directory.Stat(entry.path);
  if (!info.ok()) return Differs(entry.path, info.status().message());
  if (!info->has_value()) return Differs(entry.path, "is missing");
  const struct stat& found = **info;
  if ((found.st_mode & S_IFMT) != TypeBits(entry.type)) {
    return Differs(entry.path, "has another type");
  }
  if (entry.type == payload::v1::FILE_TYPE_SYMLINK) {
    GANTRY_ASSIGN_OR_RETURN(const std::string target,
                            directory.ReadLink(entry.path));
    if (target == entry.link_target) return absl::OkStatus();
    return Differs(entry.path, absl::StrCat("leads to ", target, ", not to ",
                                            entry.link_target));
  }
  if ((found.st_mode & 07777) != entry.mode) {
    return Differs(entry.path,
                   absl::StrFormat("has mode %04o, not %04o",
                                   found.st_mode & 07777, entry.mode));
  }
  if (entry.type == payload::v1::FILE_TYPE_REGULAR &&
      found.st_size != entry.size) {
    return Differs(entry.path, absl::StrCat("has ", found.st_size,
                                            " bytes, not ", entry.size));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckInstalled(const Directory& directory,
                            const InstallTarget& target, CheckDepth depth) {
  const absl::StatusOr<std::string> receipt = directory.ReadFile(kReceipt);
  if (!receipt.ok() || *receipt != absl::StrCat(target.digest, "\n")) {
    return Differs(kReceipt, "is missing or belongs to another payload");
  }
  for (const InstallEntry& entry : target.entries) {
    GANTRY_RETURN_IF_ERROR(CheckMetadata(directory, entry));
    if (depth == CheckDepth::kMetadata ||
        entry.type != payload::v1::FILE_TYPE_REGULAR) {
      continue;
    }
    GANTRY_ASSIGN_OR_RETURN(const std::string digest,
                            directory.FileDigest(entry.path));
    if (digest != entry.digest) {
      return Differs(entry.path, absl::StrCat("has digest ", digest, ", not ",
                                              entry.digest));
    }
  }
  return absl::OkStatus();
}

}  // namespace gantry::node
