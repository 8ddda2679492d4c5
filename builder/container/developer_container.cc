#include "builder/container/developer_container.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <filesystem>

#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/input_file.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "base/unique_fd.h"
#include "builder/container/container_facts.h"
#include "builder/container/decompress.h"
#include "builder/container/ext4_reader.h"
#include "builder/container/gpt.h"
#include "builder/container/root_tar_writer.h"
#include "builder/container/staged_outputs.h"

namespace gantry::container {
namespace {

constexpr absl::string_view kRootLabel = "ROOT";

// Calls `use` with the root file system of a disk image.
absl::Status WithRoot(const std::string& image, const std::string& directory,
                      absl::FunctionRef<absl::Status(Ext4Reader&)> use) {
  GANTRY_ASSIGN_OR_RETURN(const InputFile disk, OpenImage(image, directory));
  GANTRY_ASSIGN_OR_RETURN(const GptPartition partition,
                          FindPartition(disk, kRootLabel));
  GANTRY_ASSIGN_OR_RETURN(
      Ext4Reader root,
      Ext4Reader::Open(disk, partition.offset, partition.size));
  return use(root);
}

absl::Status WriteTar(Ext4Reader& root, const std::string& path,
                      StagedOutputs& outputs) {
  GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd, outputs.Create(path));
  GANTRY_ASSIGN_OR_RETURN(RootTarWriter tar,
                          RootTarWriter::Create(fd.get(), path));
  GANTRY_RETURN_IF_ERROR(
      root.Walk([&](const Ext4Entry& entry) { return tar.Add(entry, root); }));
  return tar.Finish();
}

absl::Status WriteOutputs(const DeveloperContainerOptions& options,
                          Ext4Reader& root) {
  GANTRY_ASSIGN_OR_RETURN(const auto facts, ReadContainerFacts(root));
  if (!options.expected_kernel_release.empty() &&
      options.expected_kernel_release != facts.kernel_release()) {
    return absl::FailedPreconditionError(
        absl::StrCat(options.image, ": kernel release ", facts.kernel_release(),
                     " inside, expected ", options.expected_kernel_release));
  }
  StagedOutputs outputs;
  if (!options.facts.empty()) {
    GANTRY_RETURN_IF_ERROR(
        outputs.Write(options.facts, FormatTextProto(facts)));
  }
  if (!options.symvers.empty()) {
    GANTRY_ASSIGN_OR_RETURN(const std::string symvers,
                            ReadModuleSymvers(root, facts));
    GANTRY_RETURN_IF_ERROR(outputs.Write(options.symvers, symvers));
  }
  if (!options.kernel_image.empty()) {
    GANTRY_ASSIGN_OR_RETURN(const std::string kernel,
                            ReadKernelImage(root, facts));
    GANTRY_RETURN_IF_ERROR(outputs.Write(options.kernel_image, kernel));
  }
  // Last, because it takes the longest.
  if (!options.tar.empty()) {
    GANTRY_RETURN_IF_ERROR(WriteTar(root, options.tar, outputs));
  }
  return outputs.Commit();
}

char TypeLetter(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return 'd';
    case S_IFLNK:
      return 'l';
    case S_IFCHR:
      return 'c';
    case S_IFBLK:
      return 'b';
    case S_IFIFO:
      return 'p';
    case S_IFSOCK:
      return 's';
    default:
      return '-';
  }
}

// The mode as `ls -l` prints it.
std::string ModeText(mode_t mode) {
  std::string text = "?rwxrwxrwx";
  text[0] = TypeLetter(mode);
  for (int bit = 0; bit < 9; ++bit) {
    if ((mode & 0400 >> bit) == 0) text[1 + bit] = '-';
  }
  const auto special = [&](mode_t bit, int position, char letter) {
    if ((mode & bit) == 0) return;
    const bool executable = text[position] == 'x';
    text[position] = executable ? letter : absl::ascii_toupper(letter);
  };
  special(S_ISUID, 3, 's');
  special(S_ISGID, 6, 's');
  special(S_ISVTX, 9, 't');
  return text;
}

}  // namespace

absl::Status ReadDeveloperContainer(const DeveloperContainerOptions& options) {
  const std::string directory =
      std::filesystem::path(options.tar).parent_path();
  return WithRoot(options.image, directory, [&](Ext4Reader& root) {
    return WriteOutputs(options, root);
  });
}

absl::Status ListDeveloperContainer(const std::string& image,
                                    std::ostream& out) {
  return WithRoot(image, /*directory=*/"", [&](Ext4Reader& root) {
    return root.Walk([&](const Ext4Entry& entry) {
      const bool device = S_ISCHR(entry.mode) || S_ISBLK(entry.mode);
      out << absl::StreamFormat(
          "%s %3d %5d %5d %10s %s %s", ModeText(entry.mode), entry.link_count,
          entry.uid, entry.gid,
          device ? absl::StrCat(entry.device_major, ",", entry.device_minor)
                 : absl::StrCat(entry.size),
          absl::FormatTime("%Y-%m-%d %H:%M:%S",
                           absl::FromUnixSeconds(entry.mtime_seconds),
                           absl::UTCTimeZone()),
          absl::Utf8SafeCEscape(entry.path));
      if (S_ISLNK(entry.mode)) {
        out << " -> " << absl::Utf8SafeCEscape(entry.symlink_target);
      }
      out << '\n';
      return absl::OkStatus();
    });
  });
}

}  // namespace gantry::container
