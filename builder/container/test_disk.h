#ifndef GANTRY_BUILDER_CONTAINER_TEST_DISK_H_
#define GANTRY_BUILDER_CONTAINER_TEST_DISK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/temp_dir.h"

namespace gantry::container {

// Where the partition of a TestDisk starts and how large it is.
inline constexpr uint64_t kTestPartitionOffset = 4096 * 512;
inline constexpr uint64_t kTestPartitionSize = 8 << 20;

// Makes small disk images in Container Linux's layout, with sfdisk, mkfs.ext4
// and debugfs.  Needs no root: what only root may create comes from debugfs
// commands.  A failure aborts the test program.
class TestDisk {
 public:
  TestDisk();

  // Content of the file system, by absolute path; folders are made as needed.
  void AddFile(absl::string_view path, absl::string_view content);
  void AddFolder(absl::string_view path);
  void AddSymlink(absl::string_view path, absl::string_view target);
  void AddHardLink(absl::string_view path, absl::string_view existing);
  // A kernel's build tree and image, as Debian has them.
  void AddKernel(absl::string_view release);

  // Arguments for mkfs.ext4.
  void AddMkfsArguments(const std::vector<std::string>& arguments);
  // A command for debugfs(8), run on the finished file system.
  void AddDebugfs(absl::string_view command);
  // The partition's label, instead of ROOT.
  void SetLabel(absl::string_view label);
  // A further, empty partition of this number, after the file system's.
  void AddPartition(int number, absl::string_view label);

  // Makes the image; returns its path, in a folder of its own.
  std::string Make();

  // A folder for the test's own files.
  const std::string& folder() const { return folder_.path(); }

 private:
  std::string InRoot(absl::string_view path) const;

  const TempDir folder_;
  std::string label_ = "ROOT";
  std::vector<std::string> mkfs_arguments_;
  std::vector<std::string> debugfs_;
  std::string further_partitions_;
};

// Replaces bytes of a file.
void Overwrite(const std::string& path, uint64_t offset,
               absl::string_view bytes);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_TEST_DISK_H_
