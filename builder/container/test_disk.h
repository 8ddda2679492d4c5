#ifndef GANTRY_BUILDER_CONTAINER_TEST_DISK_H_
#define GANTRY_BUILDER_CONTAINER_TEST_DISK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/temp_dir.h"

namespace gantry::container {

// Offset and size of the partition of a TestDisk, in bytes.
inline constexpr uint64_t kTestPartitionOffset = 4096 * 512;
inline constexpr uint64_t kTestPartitionSize = 8 << 20;

// Creates small disk images in Container Linux's layout, with sfdisk, mkfs.ext4
// and debugfs.  Needs no privileges: debugfs commands create what only root
// could.  A failure aborts the test program.
class TestDisk {
 public:
  TestDisk();

  // Content of the file system, by absolute path; parents are created.
  void AddFile(absl::string_view path, absl::string_view content);
  void AddDirectory(absl::string_view path);
  void AddSymlink(absl::string_view path, absl::string_view target);
  void AddHardLink(absl::string_view path, absl::string_view existing);
  // Adds a kernel's build tree and image in Debian's layout.
  void AddKernel(absl::string_view release);

  // Adds arguments of mkfs.ext4.
  void AddMkfsArguments(const std::vector<std::string>& arguments);
  // Adds a debugfs(8) command to run on the finished file system.
  void AddDebugfs(absl::string_view command);
  // Sets the partition's label instead of ROOT.
  void SetLabel(absl::string_view label);
  // Adds an empty partition after that of the file system.
  void AddPartition(int number, absl::string_view label);

  // Creates the image and returns its path.  No other file is next to it.
  std::string Make();

  // A directory for other files of the test.
  const std::string& directory() const { return directory_.path(); }

 private:
  std::string InRoot(absl::string_view path) const;

  const TempDir directory_;
  std::string label_ = "ROOT";
  std::vector<std::string> mkfs_arguments_;
  std::vector<std::string> debugfs_;
  std::string further_partitions_;
};

// Overwrites bytes of a file.
void Overwrite(const std::string& path, uint64_t offset,
               absl::string_view bytes);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_TEST_DISK_H_
