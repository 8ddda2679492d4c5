#include "builder/container/debian/debian_container.h"

#include <filesystem>
#include <map>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/temp_dir.h"
#include "builder/container/debian/container_disk.h"
#include "builder/container/debian/container_root.h"
#include "builder/container/debian/host_tool.h"

namespace gantry::container {
namespace {

namespace fs = std::filesystem;

// If two packages have a directory with different modes, the last one decides;
// so the order must be that of their names.
absl::StatusOr<std::vector<std::string>> SortPackages(
    const std::vector<std::string>& packages) {
  std::map<std::string, std::string> by_name;
  for (const std::string& package : packages) {
    const std::string name = fs::path(package).filename();
    if (!by_name.emplace(name, fs::absolute(package)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two packages have the file name ", name));
    }
  }
  std::vector<std::string> sorted;
  for (const auto& package : by_name) sorted.push_back(package.second);
  return sorted;
}

}  // namespace

absl::Status MakeDebianContainer(const DebianContainerOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> packages,
                          SortPackages(options.packages));
  GANTRY_ASSIGN_OR_RETURN(
      const TempDir scratch,
      TempDir::Create(fs::absolute(options.output).parent_path()));
  const std::string root = JoinPath(scratch.path(), "root");
  GANTRY_ASSIGN_OR_RETURN(
      const Owners owners,
      MakeContainerRoot(packages, options.unpack_script, root));
  const std::string disk = JoinPath(scratch.path(), "disk");
  GANTRY_RETURN_IF_ERROR(
      WriteContainerDisk(root, owners, scratch.path(), disk));

  GANTRY_ASSIGN_OR_RETURN(const std::string zstd, FindHostTool("zstd", "zstd"));
  const std::string compressed = JoinPath(scratch.path(), "compressed");
  GANTRY_RETURN_IF_ERROR(
      RunHostTool({zstd, "-q", "-3", "-T0", disk, "-o", compressed}).status());
  std::error_code error;
  fs::rename(compressed, options.output, error);
  if (error) return ErrnoStatus(error.value(), options.output);
  return absl::OkStatus();
}

}  // namespace gantry::container
