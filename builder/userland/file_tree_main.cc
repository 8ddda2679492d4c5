// Arranges the files of packages in NVIDIA's layout, as one tar.

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "base/program.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "builder/userland/file_tree.h"

ABSL_FLAG(std::string, layout, "", "cuda or driver");
ABSL_FLAG(bool, with_static_archives, false, "keep *.a");
ABSL_FLAG(std::string, output, "", "path of the tar to write");

namespace gantry::userland {
namespace {

absl::Status Run(std::vector<std::string> archives) {
  FileTreeOptions options;
  options.archives = std::move(archives);
  GANTRY_ASSIGN_OR_RETURN(options.layout,
                          ParseTreeLayout(absl::GetFlag(FLAGS_layout)));
  if (absl::GetFlag(FLAGS_with_static_archives)) {
    options.static_archives = FileTreeOptions::StaticArchives::kKeep;
  }
  options.output = absl::GetFlag(FLAGS_output);
  return WriteFileTree(options);
}

}  // namespace
}  // namespace gantry::userland

int main(int argc, char** argv) {
  const absl::Status status = gantry::userland::Run(gantry::ParseArguments(
      {"file_tree",
       "file_tree --layout=L --output=TAR ARCHIVE...\n"
       "Arranges the files of Debian packages and NVIDIA redist archives in "
       "NVIDIA's layout, as one tar.\n"
       "Exit code: 0 success; 1 failure, without output.",
       gantry::kVersion},
      argc, argv));
  if (status.ok()) return 0;
  std::fprintf(stderr, "file_tree: %s\n", status.ToString().c_str());
  return 1;
}
