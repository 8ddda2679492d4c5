#include "builder/container/debian/container_disk.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "builder/container/debian/host_tool.h"

namespace gantry::container {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSector = 512;
constexpr int64_t kFirstSector = 4096;
constexpr int64_t kPartitionOffset = kFirstSector * kSector;
constexpr int64_t kMebibyte = 1 << 20;

// The type of Container Linux's root partitions.
constexpr char kRootType[] = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";
constexpr char kDiskId[] = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0001";
constexpr char kPartitionId[] = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0002";
constexpr char kFileSystemId[] = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0003";
constexpr char kHashSeed[] = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0004";

// Listed completely, so that the image does not depend on /etc/mke2fs.conf.
constexpr char kExt4Features[] =
    "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,"
    "flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,"
    "metadata_csum";

// One and a half times the size of the content; free space compresses well.
absl::StatusOr<int64_t> PartitionSize(const std::string& root) {
  int64_t content = 0;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(root, error);
       !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    if (entry->symlink_status().type() != fs::file_type::regular) continue;
    content += static_cast<int64_t>(entry->file_size()) + 16384;
  }
  if (error) return ErrnoStatus(error.value(), root);
  constexpr int64_t kUnit = 64 * kMebibyte;
  return (content * 3 / 2 / kUnit + 2) * kUnit;
}

absl::Status WritePartitionTable(int64_t partition_size,
                                 const std::string& disk) {
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(disk, ""));
  // The backup partition table follows the partition.
  std::error_code error;
  fs::resize_file(disk, kPartitionOffset + partition_size + kMebibyte, error);
  if (error) return ErrnoStatus(error.value(), disk);
  GANTRY_ASSIGN_OR_RETURN(const std::string sfdisk,
                          FindHostTool("sfdisk", "fdisk"));
  return RunHostTool({sfdisk, "--quiet", "--no-reread", disk},
                     absl::StrCat("label: gpt\nlabel-id: ", kDiskId,
                                  "\n9: start=", kFirstSector,
                                  ", size=", partition_size / kSector,
                                  ", type=", kRootType, ", uuid=", kPartitionId,
                                  ", name=\"ROOT\"\n"))
      .status();
}

absl::Status MakeFileSystem(const std::string& root, int64_t partition_size,
                            const std::string& disk) {
  GANTRY_ASSIGN_OR_RETURN(const std::string mkfs,
                          FindHostTool("mkfs.ext4", "e2fsprogs"));
  const std::string options =
      absl::StrCat("offset=", kPartitionOffset, ",hash_seed=", kHashSeed,
                   ",lazy_itable_init=0,lazy_journal_init=0,nodiscard");
  return RunHostTool(
             {mkfs,      "-q",    "-F",
              "-t",      "ext4",  "-L",
              "ROOT",    "-O",    kExt4Features,
              "-b",      "4096",  "-I",
              "256",     "-i",    "16384",
              "-m",      "0",     "-J",
              "size=16", "-U",    kFileSystemId,
              "-E",      options, "-d",
              root,      disk,    absl::StrCat(partition_size / 1024, "k")})
      .status();
}

// The number after "<name>:" in the output of dumpe2fs.
absl::StatusOr<int64_t> HeaderNumber(absl::string_view header,
                                     absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(header, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    int64_t number = 0;
    if (field.first == name && absl::SimpleAtoi(field.second, &number)) {
      return number;
    }
  }
  return absl::InternalError(
      absl::StrCat("dumpe2fs printed no \"", name, "\""));
}

// Commands of debugfs that set in all inodes up to `last` what mkfs copies from
// files and nobody can set there: access and change times, and owners.
absl::StatusOr<std::string> InodeCommands(const std::string& root,
                                          const Owners& owners, int64_t last) {
  struct stat user;
  if (lstat(root.c_str(), &user) != 0) return ErrnoStatus(errno, root);
  const bool belong_to_root = user.st_uid == 0 && user.st_gid == 0;
  // The superblock counts what is written to the file system, unless the count
  // is 0.
  std::string commands = "set_super_value kbytes_written 0\n";
  const auto set = [&](absl::string_view inode, absl::string_view value) {
    absl::StrAppend(&commands, "set_inode_field ", inode, " ", value, "\n");
  };
  const auto fix = [&](int64_t number) {
    const std::string inode = absl::StrCat("<", number, ">");
    set(inode, "atime @0");
    set(inode, "ctime @0");
    if (belong_to_root) return;
    set(inode, "uid 0");
    set(inode, "gid 0");
  };
  // Inodes are allocated in order: 2 is the root, 11 the first one available.
  fix(2);
  for (int64_t number = 11; number <= last; ++number) fix(number);
  for (const auto& [path, owner] : owners) {
    set(absl::StrCat("/", path), absl::StrCat("uid ", owner.uid));
    set(absl::StrCat("/", path), absl::StrCat("gid ", owner.gid));
  }
  return commands;
}

absl::Status FixInodes(const std::string& root, const Owners& owners,
                       const std::string& scratch, const std::string& disk) {
  const std::string file_system =
      absl::StrCat(disk, "?offset=", kPartitionOffset);
  GANTRY_ASSIGN_OR_RETURN(const std::string dumpe2fs,
                          FindHostTool("dumpe2fs", "e2fsprogs"));
  GANTRY_ASSIGN_OR_RETURN(const std::string header,
                          RunHostTool({dumpe2fs, "-h", file_system}));
  GANTRY_ASSIGN_OR_RETURN(const int64_t count,
                          HeaderNumber(header, "Inode count"));
  GANTRY_ASSIGN_OR_RETURN(const int64_t free,
                          HeaderNumber(header, "Free inodes"));
  GANTRY_ASSIGN_OR_RETURN(const std::string commands,
                          InodeCommands(root, owners, count - free));
  const std::string file = JoinPath(scratch, "inodes");
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(file, commands));
  GANTRY_ASSIGN_OR_RETURN(const std::string debugfs,
                          FindHostTool("debugfs", "e2fsprogs"));
  return RunHostTool({debugfs, "-w", "-f", file, file_system}).status();
}

}  // namespace

absl::Status WriteContainerDisk(const std::string& root, const Owners& owners,
                                const std::string& scratch,
                                const std::string& disk) {
  GANTRY_ASSIGN_OR_RETURN(const int64_t partition_size, PartitionSize(root));
  GANTRY_RETURN_IF_ERROR(WritePartitionTable(partition_size, disk));
  GANTRY_RETURN_IF_ERROR(MakeFileSystem(root, partition_size, disk));
  return FixInodes(root, owners, scratch, disk);
}

}  // namespace gantry::container
