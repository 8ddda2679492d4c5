// Ext4Reader::ReadEntry: decodes inodes.

#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "builder/container/ext4_reader.h"

namespace gantry::container {
namespace {

// Linux's limit of a target (PATH_MAX).
constexpr uint64_t kMaxSymlinkTarget = 4095;

// Whether the inode is large enough to have the field that ends there.
bool HasField(const ext2_inode_large& inode, size_t field_end) {
  return size_t{EXT2_GOOD_OLD_INODE_SIZE} + inode.i_extra_isize >= field_end;
}

// Whether libext2fs would find anything to parse; false for most inodes.
bool MayHaveXattrs(ext2_filsys fs, const ext2_inode_large& inode) {
  if (ext2fs_file_acl_block(fs, reinterpret_cast<const ext2_inode*>(&inode)) !=
      0) {
    return true;
  }
  const size_t start = EXT2_GOOD_OLD_INODE_SIZE + inode.i_extra_isize;
  uint32_t magic = 0;
  if (start + sizeof(magic) > size_t(EXT2_INODE_SIZE(fs->super))) return false;
  std::memcpy(&magic, reinterpret_cast<const char*>(&inode) + start,
              sizeof(magic));
  return ext2fs_le32_to_cpu(magic) == EXT2_EXT_ATTR_MAGIC;
}

int AddXattr(char* name, char* value, size_t size, void* context) {
  // ext4 stores the rest of an inline file's content under this name.
  if (absl::string_view(name) == "system.data") return 0;
  auto& xattrs = *static_cast<std::map<std::string, std::string>*>(context);
  xattrs[name].assign(value, size);
  return 0;
}

// Checks blocks and collects them into ranges.
class RangeCollector {
 public:
  RangeCollector(ext2_filsys fs, uint64_t fs_offset, Ext4Entry& entry)
      : fs_(fs), fs_offset_(fs_offset), entry_(entry) {}

  // Adds `count` blocks.  False if their numbers are impossible.
  bool Add(uint64_t logical, uint64_t physical, uint64_t count) {
    const uint64_t blocks = ext2fs_blocks_count(fs_->super);
    if (physical < fs_->super->s_first_data_block || physical >= blocks ||
        count > blocks - physical || logical < next_) {
      return false;
    }
    next_ = logical + count;
    const uint64_t start = logical * fs_->blocksize;
    if (start >= entry_.size) return true;  // Preallocated.
    Ext4DataRange range;
    range.file_offset = start;
    range.image_offset = fs_offset_ + physical * fs_->blocksize;
    range.length = std::min(count * fs_->blocksize, entry_.size - start);
    if (!entry_.data.empty()) {
      Ext4DataRange& last = entry_.data.back();
      if (last.file_offset + last.length == range.file_offset &&
          last.image_offset + last.length == range.image_offset) {
        last.length += range.length;
        return true;
      }
    }
    entry_.data.push_back(range);
    return true;
  }

  // Counts a visited block.  False if there are more than the file system has:
  // the file's blocks form a cycle.
  bool CountStep() { return ++steps_ <= 2 * ext2fs_blocks_count(fs_->super); }

 private:
  const ext2_filsys fs_;
  const uint64_t fs_offset_;
  Ext4Entry& entry_;
  // The lowest logical block that may follow.
  uint64_t next_ = 0;
  uint64_t steps_ = 0;
};

struct BlockContext {
  RangeCollector* collector;
  bool bad;
};

int AddBlock(ext2_filsys, blk64_t* block, e2_blkcnt_t index, blk64_t, int,
             void* context) {
  auto& blocks = *static_cast<BlockContext*>(context);
  blocks.bad = !blocks.collector->CountStep() ||
               // Negative for blocks of block numbers.
               (index >= 0 && !blocks.collector->Add(index, *block, 1));
  return blocks.bad ? BLOCK_ABORT : 0;
}

// Collects the extents of an inode in order.
errcode_t CollectExtents(ext2_filsys fs, uint32_t number, ext2_inode* inode,
                         RangeCollector& collector, bool& bad) {
  ext2_extent_handle_t handle = nullptr;
  errcode_t error = ext2fs_extent_open2(fs, number, inode, &handle);
  if (error != 0) return error;
  const absl::Cleanup close = [&] { ext2fs_extent_free(handle); };
  for (int step = EXT2_EXTENT_ROOT;; step = EXT2_EXTENT_NEXT) {
    ext2fs_extent extent;
    error = ext2fs_extent_get(handle, step, &extent);
    if (error == EXT2_ET_EXTENT_NO_NEXT) return 0;
    if (error != 0) return error;
    if (!collector.CountStep()) bad = true;
    if (bad) return 0;
    if ((extent.e_flags & EXT2_EXTENT_FLAGS_LEAF) == 0) continue;
    // Preallocated but never written: zeros.
    if (extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT) continue;
    if (!collector.Add(extent.e_lblk, extent.e_pblk, extent.e_len)) bad = true;
  }
}

// False if the inode's time is invalid.
bool DecodeTime(const ext2_inode_large& inode, Ext4Entry& entry) {
  entry.mtime_seconds = static_cast<int32_t>(inode.i_mtime);
  if (!HasField(inode, offsetof(ext2_inode_large, i_mtime_extra) +
                           sizeof(inode.i_mtime_extra))) {
    return true;
  }
  // Two more bits of seconds, then nanoseconds.
  entry.mtime_seconds += int64_t{inode.i_mtime_extra & 3} << 32;
  entry.mtime_nanoseconds = inode.i_mtime_extra >> 2;
  return entry.mtime_nanoseconds < 1000000000;
}

// As Linux's new_decode_dev(); the older form has 8 bits each.
void DecodeDevice(const ext2_inode_large& inode, Ext4Entry& entry) {
  if (inode.i_block[0] != 0) {
    entry.device_major = inode.i_block[0] >> 8 & 0xFF;
    entry.device_minor = inode.i_block[0] & 0xFF;
  } else {
    entry.device_major = inode.i_block[1] >> 8 & 0xFFF;
    entry.device_minor =
        (inode.i_block[1] & 0xFF) | (inode.i_block[1] >> 12 & 0xFFF00);
  }
}

}  // namespace

absl::StatusOr<Ext4Entry> Ext4Reader::ReadEntry(std::string path,
                                                uint32_t number) {
  if (number == 0 || number > fs_->super->s_inodes_count) {
    return Damaged(path, 0, absl::StrCat("no such inode: ", number));
  }
  // libext2fs reads attributes after the struct.
  std::vector<char> buffer(
      std::max<size_t>(EXT2_INODE_SIZE(fs_->super), sizeof(ext2_inode_large)));
  const errcode_t error = ext2fs_read_inode_full(
      fs_.get(), number, reinterpret_cast<ext2_inode*>(buffer.data()),
      buffer.size());
  if (error != 0) return Ext2Error(error, path, number);
  const auto& inode = *reinterpret_cast<const ext2_inode_large*>(buffer.data());

  Ext4Entry entry;
  entry.path = std::move(path);
  entry.inode = number;
  entry.mode = inode.i_mode;
  entry.uid = inode_uid(inode);
  entry.gid = inode_gid(inode);
  entry.link_count = inode.i_links_count;
  const auto damaged = [&](absl::string_view what) {
    return Damaged(entry.path, InodeOffset(number), what);
  };
  if (inode.i_links_count == 0) return damaged("the inode is not in use");
  if (inode.i_flags & EXT4_ENCRYPT_FL) {
    return absl::UnimplementedError(
        absl::StrCat(image_->name(), ": ", entry.path, " is encrypted"));
  }

  if (!DecodeTime(inode, entry)) return damaged("invalid time");
  switch (entry.mode & S_IFMT) {
    case S_IFREG:
      GANTRY_RETURN_IF_ERROR(ReadContentMap(inode, entry));
      break;
    case S_IFLNK:
      GANTRY_RETURN_IF_ERROR(ReadSymlink(inode, entry));
      break;
    case S_IFCHR:
    case S_IFBLK:
      DecodeDevice(inode, entry);
      break;
    case S_IFDIR:
    case S_IFIFO:
    case S_IFSOCK:
      break;
    default:
      return damaged(absl::StrCat("unknown type in mode ", entry.mode));
  }
  GANTRY_RETURN_IF_ERROR(ReadXattrs(inode, entry));
  return entry;
}

absl::Status Ext4Reader::ReadXattrs(const ext2_inode_large& inode,
                                    Ext4Entry& entry) {
  if (!MayHaveXattrs(fs_.get(), inode)) return absl::OkStatus();
  ext2_xattr_handle* handle = nullptr;
  errcode_t error = ext2fs_xattrs_open(fs_.get(), entry.inode, &handle);
  if (error != 0) return Ext2Error(error, entry.path, entry.inode);
  const absl::Cleanup close = [&] { ext2fs_xattrs_close(&handle); };
  error =
      ext2fs_xattrs_read_inode(handle, const_cast<ext2_inode_large*>(&inode));
  if (error == 0)
    error = ext2fs_xattrs_iterate(handle, AddXattr, &entry.xattrs);
  if (error != 0) return Ext2Error(error, entry.path, entry.inode);
  return absl::OkStatus();
}

absl::Status Ext4Reader::ReadContentMap(const ext2_inode_large& inode,
                                        Ext4Entry& entry) {
  const auto damaged = [&](absl::string_view what) {
    return Damaged(entry.path, InodeOffset(entry.inode), what);
  };
  auto* old_inode =
      const_cast<ext2_inode*>(reinterpret_cast<const ext2_inode*>(&inode));
  entry.size = EXT2_I_SIZE(&inode);
  // ext4 numbers a file's blocks with 32 bits.
  if (entry.size >> 32 > fs_->blocksize) return damaged("impossible size");
  if (inode.i_flags & EXT4_INLINE_DATA_FL) {
    size_t size = 0;
    errcode_t error = ext2fs_inline_data_size(fs_.get(), entry.inode, &size);
    if (error != 0) return Ext2Error(error, entry.path, entry.inode);
    entry.inline_data.resize(size);
    error = ext2fs_inline_data_get(fs_.get(), entry.inode, old_inode,
                                   &entry.inline_data[0], &size);
    if (error != 0) return Ext2Error(error, entry.path, entry.inode);
    if (entry.size > size) return damaged("less content than its size");
    entry.inline_data.resize(entry.size);
    return absl::OkStatus();
  }

  RangeCollector collector(fs_.get(), offset_, entry);
  bool bad = false;
  errcode_t error = 0;
  if (inode.i_flags & EXT4_EXTENTS_FL) {
    error = CollectExtents(fs_.get(), entry.inode, old_inode, collector, bad);
  } else {
    BlockContext context = {&collector, false};
    error = ext2fs_block_iterate3(fs_.get(), entry.inode, BLOCK_FLAG_READ_ONLY,
                                  nullptr, AddBlock, &context);
    bad = context.bad;
  }
  if (error != 0) return Ext2Error(error, entry.path, entry.inode);
  if (bad) return damaged("its blocks are outside the file system");
  return absl::OkStatus();
}

absl::Status Ext4Reader::ReadSymlink(const ext2_inode_large& inode,
                                     Ext4Entry& entry) {
  const auto* old_inode = reinterpret_cast<const ext2_inode*>(&inode);
  const uint64_t size = EXT2_I_SIZE(&inode);
  if (size == 0 || size > kMaxSymlinkTarget) {
    return Damaged(entry.path, InodeOffset(entry.inode),
                   "invalid length of the link's target");
  }
  if (ext2fs_is_fast_symlink(const_cast<ext2_inode*>(old_inode))) {
    if (size >= sizeof(inode.i_block)) {
      return Damaged(entry.path, InodeOffset(entry.inode),
                     "invalid length of the link's target");
    }
    entry.symlink_target.assign(reinterpret_cast<const char*>(inode.i_block),
                                size);
  } else {
    // Stored like the content of a file.
    Ext4Entry file;
    file.path = entry.path;
    file.inode = entry.inode;
    file.mode = S_IFREG;
    GANTRY_RETURN_IF_ERROR(ReadContentMap(inode, file));
    GANTRY_ASSIGN_OR_RETURN(entry.symlink_target,
                            ReadFile(file, kMaxSymlinkTarget));
  }
  if (absl::StrContains(entry.symlink_target, '\0')) {
    return Damaged(entry.path, InodeOffset(entry.inode),
                   "NUL in the link's target");
  }
  return absl::OkStatus();
}

}  // namespace gantry::container
