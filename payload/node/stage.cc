#include "payload/node/stage.h"

#include <fcntl.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "payload/node/exit_code.h"
#include "payload/node/host_paths.h"
#include "payload/node/new_file.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {
namespace {

// The permissions of a directory until it has all its entries: this process
// must be able to write into it.
constexpr mode_t kUnfinishedMode = 0755;
constexpr mode_t kReceiptMode = 0644;

absl::Status Damaged(absl::Status status) {
  return WithExitCode(Annotate(status, "damaged payload"),
                      ExitCode::kDamagedPayload);
}

absl::Status CheckContent(const Directory& image, const InstallEntry& entry,
                          int64_t size, const std::string& digest) {
  if (digest == entry.digest && size == entry.size) return absl::OkStatus();
  return Damaged(absl::DataLossError(absl::StrCat(
      JoinPath(image.path(), entry.source), " has ", size, " bytes and digest ",
      digest, "; the manifest has ", entry.size, " bytes and ", entry.digest)));
}

absl::Status TooLong(const Directory& image, const InstallEntry& entry) {
  return Damaged(absl::DataLossError(
      absl::StrCat(JoinPath(image.path(), entry.source), " has more than the ",
                   entry.size, " bytes of the manifest")));
}

absl::Status CopyFile(const Directory& image, const InstallEntry& entry,
                      const Directory& staging, CopyProgress& progress) {
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
                   // The plan made sure that there is room for entry.size.
                   if (size > entry.size) return TooLong(image, entry);
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

absl::Status Stage(const Directory& image, const InstallTarget& target,
                   const Directory& staging, CopyProgress& progress) {
  for (const InstallEntry& entry : target.entries) {
    switch (entry.type) {
      case payload::v1::FILE_TYPE_DIRECTORY:
        GANTRY_RETURN_IF_ERROR(staging.CreateDirectory(entry.path));
        GANTRY_RETURN_IF_ERROR(staging.SetMode(entry.path, kUnfinishedMode));
        break;
      case payload::v1::FILE_TYPE_SYMLINK:
        GANTRY_RETURN_IF_ERROR(
            staging.CreateLink(entry.link_target, entry.path));
        break;
      default:
        GANTRY_RETURN_IF_ERROR(CopyFile(image, entry, staging, progress));
    }
  }
  // Directories precede their entries, so in reverse order each is complete.
  for (auto it = target.entries.rbegin(); it != target.entries.rend(); ++it) {
    if (it->type == payload::v1::FILE_TYPE_DIRECTORY &&
        it->mode != kUnfinishedMode) {
      GANTRY_RETURN_IF_ERROR(staging.SetMode(it->path, it->mode));
    }
  }
  GANTRY_ASSIGN_OR_RETURN(NewFile receipt, staging.CreateFile(kReceipt));
  GANTRY_RETURN_IF_ERROR(receipt.Write(absl::StrCat(target.digest, "\n")));
  return receipt.Finish(kReceiptMode);
}

}  // namespace gantry::node
