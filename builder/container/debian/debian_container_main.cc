// Makes a developer container of Debian packages.

#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "base/program.h"
#include "base/version.h"
#include "builder/container/debian/debian_container.h"

ABSL_FLAG(std::string, output, "", "output: disk image, compressed with zstd");
ABSL_FLAG(std::string, unpack_script, "", "builder/container/debian/unpack.sh");

int main(int argc, char** argv) {
  gantry::container::DebianContainerOptions options;
  options.packages = gantry::ParseArguments(
      {"debian_container",
       "Makes a developer container of Debian packages, without mounting it "
       "and without root.\n"
       "  debian_container --output=OUT --unpack_script=FILE PACKAGE...\n"
       "Exit code: 0 success, 1 failure (without output), 2 wrong usage.",
       gantry::kVersion, /*usage_exit_code=*/2},
      argc, argv);
  options.output = absl::GetFlag(FLAGS_output);
  options.unpack_script = absl::GetFlag(FLAGS_unpack_script);
  if (options.output.empty() || options.unpack_script.empty() ||
      options.packages.empty()) {
    std::fprintf(stderr,
                 "debian_container: --output, --unpack_script and packages are "
                 "required; see --help\n");
    return 2;
  }
  umask(022);
  const absl::Status status = gantry::container::MakeDebianContainer(options);
  if (!status.ok()) {
    std::fprintf(stderr, "debian_container: %s\n",
                 std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
