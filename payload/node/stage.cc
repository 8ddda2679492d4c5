#include "payload/node/stage.h"

#include <fcntl.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "payload/node/exit_code.h"
#include "payload/node/host_paths.h"

namespace gantry::node {
namespace {

// Folders get their own permissions when they are full: until then this
// process must be able to write into them.
constexpr mode_t kOpenFolderMode = 0755;
constexpr mode_t kReceiptMode = 0644;

absl::Status Damaged(absl::Status status) {
  return WithExitCode(Annotate(status, "damaged payload"),
                      ExitCode::kDamagedPayload);
}

absl::Status CheckContent(const Folder& image, const InstallEntry& entry,
                          int64_t size, const std::string& digest) {
  if (digest == entry.digest && size == entry.size) return absl::OkStatus();
  return Damaged(absl::DataLossError(
      absl::StrCat(JoinPath(image.path(), entry.source), " has ", size,
                   " bytes and digest ", digest, ", the manifest says ",
                   entry.size, " bytes and ", entry.digest)));
}

absl::Status CopyFile(const Folder& image, const InstallEntry& entry,
                      const Folder& staging, CopyProgress& progress) {
  absl::StatusOr<UniqueFd> source = image.OpenFile(entry.source);
  if (!source.ok()) return Damaged(source.status());
  posix_fadvise(source->get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  GANTRY_ASSIGN_OR_RETURN(NewFile copy, staging.CreateFile(entry.path));
  Sha256 sha256;
  int64_t size = 0;
  GANTRY_RETURN_IF_ERROR(
      ReadPieces(source->get(), JoinPath(image.path(), entry.source),
                 [&](absl::string_view piece) -> absl::Status {
                   size += piece.size();
                   // No more than the plan made sure there is room for.
                   if (size > entry.size) {
                     return CheckContent(image, entry, size, sha256.Finish());
                   }
                   sha256.Update(piece);
                   GANTRY_RETURN_IF_ERROR(copy.Write(piece));
                   progress.AddBytes(piece.size());
                   return absl::OkStatus();
                 }));
  GANTRY_RETURN_IF_ERROR(CheckContent(image, entry, size, sha256.Finish()));
  GANTRY_RETURN_IF_ERROR(copy.Finish(entry.mode));
  progress.AddFile();
  return absl::OkStatus();
}

}  // namespace

absl::Status Stage(const Folder& image, const InstallTarget& target,
                   const Folder& staging, CopyProgress& progress) {
  for (const InstallEntry& entry : target.entries) {
    switch (entry.type) {
      case payload::v1::FILE_TYPE_DIRECTORY:
        GANTRY_RETURN_IF_ERROR(staging.MakeFolder(entry.path));
        GANTRY_RETURN_IF_ERROR(staging.SetMode(entry.path, kOpenFolderMode));
        break;
      case payload::v1::FILE_TYPE_SYMLINK:
        GANTRY_RETURN_IF_ERROR(staging.MakeLink(entry.link_target, entry.path));
        break;
      default:
        GANTRY_RETURN_IF_ERROR(CopyFile(image, entry, staging, progress));
    }
  }
  // Folders come before what is in them, so backwards each is full.
  for (auto it = target.entries.rbegin(); it != target.entries.rend(); ++it) {
    if (it->type == payload::v1::FILE_TYPE_DIRECTORY &&
        it->mode != kOpenFolderMode) {
      GANTRY_RETURN_IF_ERROR(staging.SetMode(it->path, it->mode));
    }
  }
  GANTRY_ASSIGN_OR_RETURN(NewFile receipt, staging.CreateFile(kReceipt));
  GANTRY_RETURN_IF_ERROR(receipt.Write(absl::StrCat(target.digest, "\n")));
  return receipt.Finish(kReceiptMode);
}

}  // namespace gantry::node
