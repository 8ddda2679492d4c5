#include "builder/container/ext4_reader.h"

#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <sys/stat.h>

// The header lacks extern "C".
extern "C" {
#include <et/com_err.h>
}

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::container {
namespace {

constexpr uint64_t kMaxPiece = 1 << 20;
// Linux has the same limits (PATH_MAX, MAXSYMLINKS).
constexpr size_t kMaxPath = 4096;
constexpr int kMaxSymlinks = 40;

// Rejects superblocks that libext2fs accepts but that cannot be valid in
// `available` bytes.
absl::Status CheckSuperblock(const ext2_super_block& superblock,
                             const InputFile& image, uint64_t offset,
                             uint64_t available) {
  const std::string position = absl::StrCat(image.name(), ": byte ", offset);
  if (ext2fs_le16_to_cpu(superblock.s_magic) != EXT2_SUPER_MAGIC) {
    return absl::InvalidArgumentError(
        absl::StrCat(position, ": not an ext4 file system"));
  }
  const uint32_t log_block_size =
      ext2fs_le32_to_cpu(superblock.s_log_block_size);
  const uint32_t incompatible =
      ext2fs_le32_to_cpu(superblock.s_feature_incompat);
  uint64_t blocks = ext2fs_le32_to_cpu(superblock.s_blocks_count);
  if (incompatible & EXT4_FEATURE_INCOMPAT_64BIT) {
    blocks |= uint64_t{ext2fs_le32_to_cpu(superblock.s_blocks_count_hi)} << 32;
  }
  if (log_block_size > EXT2_MAX_BLOCK_LOG_SIZE - EXT2_MIN_BLOCK_LOG_SIZE) {
    return absl::DataLossError(
        absl::StrCat(position, ": damaged ext4 superblock: block size"));
  }
  const uint64_t max_blocks =
      available >> (EXT2_MIN_BLOCK_LOG_SIZE + log_block_size);
  if (blocks == 0 || blocks > max_blocks) {
    return absl::DataLossError(
        absl::StrCat(position, ": damaged ext4 superblock: ", blocks,
                     " blocks, the partition has ", max_blocks));
  }
  if (incompatible & EXT3_FEATURE_INCOMPAT_RECOVER) {
    return absl::FailedPreconditionError(absl::StrCat(
        position, ": the ext4 file system was not unmounted cleanly"));
  }
  return absl::OkStatus();
}

struct DirectoryNames {
  std::map<std::string, uint32_t> inodes;
  std::string problem;
};

int AddName(ext2_ino_t, int, ext2_dir_entry* entry, int, int, char*,
            void* context) {
  auto& names = *static_cast<DirectoryNames*>(context);
  const absl::string_view name(entry->name, ext2fs_dirent_name_len(entry));
  if (name == "." || name == "..") return 0;
  if (name.empty() || absl::StrContains(name, '/') ||
      absl::StrContains(name, '\0')) {
    names.problem = "a file's name is empty or has a \"/\" or NUL";
    return DIRENT_ABORT;
  }
  if (!names.inodes.emplace(name, entry->inode).second) {
    names.problem = absl::StrCat("two entries named \"", name, "\"");
    return DIRENT_ABORT;
  }
  return 0;
}

}  // namespace

void Ext4Reader::Close::operator()(struct_ext2_filsys* fs) const {
  ext2fs_free(fs);
}

Ext4Reader::Ext4Reader(const InputFile& image, uint64_t offset,
                       std::unique_ptr<struct_ext2_filsys, Close> fs)
    : image_(&image), offset_(offset), fs_(std::move(fs)) {}

absl::StatusOr<Ext4Reader> Ext4Reader::Open(const InputFile& image,
                                            uint64_t offset, uint64_t size) {
  static const bool initialized = (initialize_ext2_error_table(), true);
  static_cast<void>(initialized);

  ext2_super_block superblock;
  static_assert(sizeof(superblock) == SUPERBLOCK_SIZE, "on-disk size");
  GANTRY_RETURN_IF_ERROR(image.ReadAt(offset + SUPERBLOCK_OFFSET, &superblock,
                                      sizeof(superblock)));
  GANTRY_RETURN_IF_ERROR(CheckSuperblock(superblock, image, offset, size));

  // libext2fs closes the descriptor.
  const int fd = fcntl(image.fd(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus(errno, image.name());
  ext2_filsys fs = nullptr;
  const errcode_t error =
      ext2fs_open2(absl::StrCat(fd).c_str(),
                   absl::StrCat("offset=", offset).c_str(), EXT2_FLAG_64BITS,
                   /*superblock=*/0, /*block_size=*/0, unixfd_io_manager, &fs);
  if (error != 0) {
    const std::string message =
        absl::StrCat(image.name(), ": byte ", offset + SUPERBLOCK_OFFSET,
                     ": damaged ext4 superblock: ", error_message(error));
    return error == EXT2_ET_UNSUPP_FEATURE || error == EXT2_ET_RO_UNSUPP_FEATURE
               ? absl::UnimplementedError(message)
               : absl::DataLossError(message);
  }
  return Ext4Reader(image, offset,
                    std::unique_ptr<struct_ext2_filsys, Close>(fs));
}

absl::Status Ext4Reader::Damaged(absl::string_view path, uint64_t fs_offset,
                                 absl::string_view what) const {
  return absl::DataLossError(absl::StrCat(image_->name(), ": byte ",
                                          offset_ + fs_offset, ": ext4: ", path,
                                          ": ", what));
}

absl::Status Ext4Reader::Ext2Error(long error, absl::string_view path,
                                   uint32_t inode) const {
  if (error == EXT2_ET_NO_MEMORY) {
    return absl::ResourceExhaustedError(
        absl::StrCat(image_->name(), ": ", path, ": out of memory"));
  }
  return Damaged(path, InodeOffset(inode), error_message(error));
}

uint64_t Ext4Reader::InodeOffset(uint32_t inode) const {
  const ext2_super_block& superblock = *fs_->super;
  if (inode == 0 || inode > superblock.s_inodes_count) return 0;
  const dgrp_t group = (inode - 1) / superblock.s_inodes_per_group;
  const uint32_t index = (inode - 1) % superblock.s_inodes_per_group;
  return ext2fs_inode_table_loc(fs_.get(), group) * fs_->blocksize +
         uint64_t{index} * EXT2_INODE_SIZE(&superblock);
}

uint64_t Ext4Reader::DirectoryDamageOffset(uint32_t inode) const {
  std::vector<char> buffer(fs_->blocksize);
  for (blk64_t i = 0; i < ext2fs_blocks_count(fs_->super); ++i) {
    blk64_t block = 0;
    int flags = 0;
    if (ext2fs_bmap2(fs_.get(), inode, nullptr, nullptr, 0, i, &flags,
                     &block) != 0 ||
        block == 0) {
      break;
    }
    if (ext2fs_read_dir_block4(fs_.get(), block, buffer.data(), 0, inode) !=
        0) {
      return block * fs_->blocksize;
    }
  }
  return InodeOffset(inode);
}

absl::StatusOr<std::map<std::string, uint32_t>> Ext4Reader::ReadDirectory(
    absl::string_view path, uint32_t inode) {
  DirectoryNames names;
  const errcode_t error =
      ext2fs_dir_iterate2(fs_.get(), inode, 0, nullptr, AddName, &names);
  if (error != 0) {
    return Damaged(path, DirectoryDamageOffset(inode), error_message(error));
  }
  if (!names.problem.empty()) {
    return Damaged(path, InodeOffset(inode), names.problem);
  }
  return std::move(names.inodes);
}

absl::Status Ext4Reader::WalkDirectory(
    absl::string_view path, uint32_t inode, Visited& visited,
    absl::FunctionRef<absl::Status(const Ext4Entry&)> visit) {
  if (!visited.insert(inode).second) {
    return Damaged(path, InodeOffset(inode), "a directory with two parents");
  }
  GANTRY_ASSIGN_OR_RETURN(const auto names, ReadDirectory(path, inode));
  for (const auto& name : names) {
    std::string child = JoinPath(path, name.first);
    if (child.size() > kMaxPath) {
      return Damaged(path, InodeOffset(inode), "the path is too long");
    }
    GANTRY_ASSIGN_OR_RETURN(const Ext4Entry entry,
                            ReadEntry(std::move(child), name.second));
    GANTRY_RETURN_IF_ERROR(visit(entry));
    if (S_ISDIR(entry.mode)) {
      GANTRY_RETURN_IF_ERROR(
          WalkDirectory(entry.path, entry.inode, visited, visit));
    }
  }
  return absl::OkStatus();
}

absl::Status Ext4Reader::Walk(
    absl::FunctionRef<absl::Status(const Ext4Entry&)> visit) {
  Visited visited;
  return WalkDirectory("/", EXT2_ROOT_INO, visited, visit);
}

absl::StatusOr<Ext4Entry> Ext4Reader::Find(absl::string_view path) {
  const auto not_found = [&] {
    return absl::NotFoundError(
        absl::StrCat(image_->name(), ": no ", path, " inside"));
  };
  GANTRY_ASSIGN_OR_RETURN(Ext4Entry root, ReadEntry("/", EXT2_ROOT_INO));
  // The directories on the path so far, and the current entry last.
  std::vector<Ext4Entry> trail = {std::move(root)};
  // The remaining names of the path, in reverse order.
  std::vector<std::string> names;
  const auto prepend = [&](absl::string_view further) {
    const std::vector<std::string> parts =
        absl::StrSplit(further, '/', absl::SkipEmpty());
    names.insert(names.end(), parts.rbegin(), parts.rend());
  };
  prepend(path);
  for (int symlinks = 0; !names.empty();) {
    const std::string name = std::move(names.back());
    names.pop_back();
    if (!S_ISDIR(trail.back().mode)) return not_found();
    if (name == ".") continue;
    if (name == "..") {
      if (trail.size() > 1) trail.pop_back();
      continue;
    }
    GANTRY_ASSIGN_OR_RETURN(
        const auto children,
        ReadDirectory(trail.back().path, trail.back().inode));
    const auto child = children.find(name);
    if (child == children.end()) return not_found();
    GANTRY_ASSIGN_OR_RETURN(
        Ext4Entry entry,
        ReadEntry(JoinPath(trail.back().path, name), child->second));
    if (!S_ISLNK(entry.mode)) {
      trail.push_back(std::move(entry));
      continue;
    }
    if (++symlinks > kMaxSymlinks) return not_found();
    if (absl::StartsWith(entry.symlink_target, "/")) trail.resize(1);
    prepend(entry.symlink_target);
  }
  return std::move(trail.back());
}

absl::StatusOr<std::vector<std::string>> Ext4Reader::List(
    absl::string_view path) {
  GANTRY_ASSIGN_OR_RETURN(const Ext4Entry entry, Find(path));
  if (!S_ISDIR(entry.mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(image_->name(), ": ", path, " is not a directory"));
  }
  GANTRY_ASSIGN_OR_RETURN(const auto children,
                          ReadDirectory(entry.path, entry.inode));
  std::vector<std::string> names;
  for (const auto& child : children) names.push_back(child.first);
  return names;
}

absl::Status Ext4Reader::ReadData(
    const Ext4Entry& entry,
    absl::FunctionRef<absl::Status(uint64_t offset, absl::string_view data)>
        sink) {
  if (!entry.inline_data.empty()) return sink(0, entry.inline_data);
  for (const Ext4DataRange& range : entry.data) {
    for (uint64_t done = 0; done < range.length;) {
      const uint64_t piece = std::min(kMaxPiece, range.length - done);
      if (buffer_.size() < piece) buffer_.resize(kMaxPiece);
      GANTRY_RETURN_IF_ERROR(Annotate(
          image_->ReadAt(range.image_offset + done, &buffer_[0], piece),
          entry.path));
      GANTRY_RETURN_IF_ERROR(sink(range.file_offset + done,
                                  absl::string_view(buffer_.data(), piece)));
      done += piece;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Ext4Reader::ReadFile(const Ext4Entry& entry,
                                                 uint64_t max_size) {
  if (!S_ISREG(entry.mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(image_->name(), ": ", entry.path, " is not a file"));
  }
  if (entry.size > max_size) {
    return absl::FailedPreconditionError(
        absl::StrCat(image_->name(), ": ", entry.path, " has ", entry.size,
                     " bytes, more than ", max_size));
  }
  std::string content(entry.size, '\0');
  GANTRY_RETURN_IF_ERROR(
      ReadData(entry, [&](uint64_t offset, absl::string_view data) {
        content.replace(offset, data.size(), data.data(), data.size());
        return absl::OkStatus();
      }));
  return content;
}

}  // namespace gantry::container
