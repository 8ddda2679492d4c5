#include "builder/archive/test_package.h"

#include "base/file.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace gantry::archive {

absl::Status WriteTestPackage(const std::string& path,
                              const std::string& data) {
  GANTRY_ASSIGN_OR_RETURN(const TempDir directory, TempDir::Create());
  const std::string version = JoinPath(directory.path(), "debian-binary");
  const std::string control = JoinPath(directory.path(), "control.tar");
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(version, "2.0\n"));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(
      JoinPath(directory.path(), "control"), "Package: test\n"));
  GANTRY_RETURN_IF_ERROR(
      RunCommand({"tar", "-cf", control, "-C", directory.path(), "./control"})
          .status());
  return RunCommand({"ar", "rc", path, version, control, data}).status();
}

}  // namespace gantry::archive
