#ifndef GANTRY_BUILDER_CONTAINER_EXT4_READER_H_
#define GANTRY_BUILDER_CONTAINER_EXT4_READER_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/input_file.h"

struct struct_ext2_filsys;
struct ext2_inode_large;

namespace gantry::container {

// A stored range of a file.  The bytes between ranges are zeros.
struct Ext4DataRange {
  // Bytes from the start of the file.
  uint64_t file_offset = 0;
  // Bytes from the start of the disk image.
  uint64_t image_offset = 0;
  uint64_t length = 0;
};

// A file, directory, link or device in the file system.
struct Ext4Entry {
  // Absolute, without symbolic links in its directory part; "/" is the root.
  std::string path;
  // Equal for all hard links to a file.
  uint32_t inode = 0;
  // Type and permissions, as in stat(2).
  mode_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t link_count = 0;
  // Bytes; 0 unless it is a regular file.
  uint64_t size = 0;
  int64_t mtime_seconds = 0;
  uint32_t mtime_nanoseconds = 0;
  // Character and block devices.
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  // Symbolic links.
  std::string symlink_target;
  // By name with its prefix, as in getxattr(2).
  std::map<std::string, std::string> xattrs;
  // Regular files: the stored ranges, ascending, within `size`.
  std::vector<Ext4DataRange> data;
  // Regular files whose content is in the inode: the content; `data` is empty.
  std::string inline_data;
};

// Reads an ext4 (or ext2, ext3) file system inside a disk image, without
// mounting it and without privileges.  The image is never written to.  Its
// content is not trusted: damage of any kind results in an error.
//
// Errors name the image and, if possible, the offset.  DATA_LOSS: damage.
// UNIMPLEMENTED: a feature that libext2fs lacks.  Not thread-safe.
class Ext4Reader {
 public:
  // Opens the file system at byte `offset` of `image`, which has at most `size`
  // bytes.  `image` must outlive the result.
  // INVALID_ARGUMENT: no ext4 file system.  FAILED_PRECONDITION: it was not
  // unmounted cleanly, so that changes in its journal would be missing.
  static absl::StatusOr<Ext4Reader> Open(const InputFile& image,
                                         uint64_t offset, uint64_t size);

  Ext4Reader(Ext4Reader&&) = default;
  Ext4Reader& operator=(Ext4Reader&&) = delete;
  ~Ext4Reader() = default;

  // For error messages about the content.
  const std::string& image_name() const { return image_->name(); }

  // Calls `visit` for every entry except the root: directories before their
  // content, names of a directory in byte order.  Stops at the first error and
  // returns it.
  absl::Status Walk(absl::FunctionRef<absl::Status(const Ext4Entry&)> visit);

  // The entry at an absolute path.  Symbolic links are followed as inside a
  // chroot, including the last one.  NOT_FOUND names `path`.
  absl::StatusOr<Ext4Entry> Find(absl::string_view path);

  // The names in the directory at `path`, in byte order, without "." and "..".
  absl::StatusOr<std::vector<std::string>> List(absl::string_view path);

  // Calls `sink` with the stored content of a regular file, ascending, in
  // pieces of at most 1 MiB.
  absl::Status ReadData(
      const Ext4Entry& entry,
      absl::FunctionRef<absl::Status(uint64_t offset, absl::string_view data)>
          sink);

  // The content of a regular file of at most `max_size` bytes.
  absl::StatusOr<std::string> ReadFile(const Ext4Entry& entry,
                                       uint64_t max_size);

 private:
  struct Close {
    void operator()(struct_ext2_filsys* fs) const;
  };
  // Inodes of the directories that a walk has visited.
  using Visited = absl::flat_hash_set<uint32_t>;

  Ext4Reader(const InputFile& image, uint64_t offset,
             std::unique_ptr<struct_ext2_filsys, Close> fs);

  absl::StatusOr<Ext4Entry> ReadEntry(std::string path, uint32_t inode);
  absl::StatusOr<std::map<std::string, uint32_t>> ReadDirectory(
      absl::string_view path, uint32_t inode);
  absl::Status WalkDirectory(
      absl::string_view path, uint32_t inode, Visited& visited,
      absl::FunctionRef<absl::Status(const Ext4Entry&)> visit);

  // Parts of ReadEntry.
  absl::Status ReadXattrs(const ext2_inode_large& inode, Ext4Entry& entry);
  absl::Status ReadContentMap(const ext2_inode_large& inode, Ext4Entry& entry);
  absl::Status ReadSymlink(const ext2_inode_large& inode, Ext4Entry& entry);

  // DATA_LOSS that names a file and an offset in the image.
  absl::Status Damaged(absl::string_view path, uint64_t fs_offset,
                       absl::string_view what) const;
  // The status for an error of libext2fs at a file.
  absl::Status Ext2Error(long error, absl::string_view path,
                         uint32_t inode) const;
  // Offset of the inode from the start of the file system; 0 if unknown.
  uint64_t InodeOffset(uint32_t inode) const;
  // Offset of the first damaged block of a directory, or of its inode.
  uint64_t DirectoryDamageOffset(uint32_t inode) const;

  const InputFile* image_;
  uint64_t offset_;
  std::unique_ptr<struct_ext2_filsys, Close> fs_;
  std::string buffer_;
};

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_EXT4_READER_H_
