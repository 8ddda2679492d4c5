// Extracts the files of a developer container's disk image.

#include <cstdio>
#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "base/program.h"
#include "base/version.h"
#include "builder/container/developer_container.h"

ABSL_FLAG(std::string, image, "",
          "disk image, plain or compressed with bzip2, gzip, xz or zstd");
ABSL_FLAG(std::string, tar, "", "output: root file system as a tar");
ABSL_FLAG(std::string, facts, "",
          "output: DeveloperContainer in the text format");
ABSL_FLAG(std::string, symvers, "", "output: Module.symvers of the build tree");
ABSL_FLAG(std::string, kernel_image, "", "output: kernel image");
ABSL_FLAG(std::string, expected_kernel_release, "",
          "fail unless the container has this kernel release");
ABSL_FLAG(bool, list, false, "list the files instead of writing outputs");

int main(int argc, char** argv) {
  gantry::ParseFlags(
      {"disk_image",
       "Reads a Container Linux developer container, without mounting it and "
       "without root.\n"
       "  disk_image --image=FILE --list\n"
       "  disk_image --image=FILE [--tar=OUT] [--facts=OUT] [--symvers=OUT] "
       "[--kernel_image=OUT]\n"
       "Exit code: 0 success, 1 failure (without outputs), 2 wrong usage.",
       gantry::kVersion, /*usage_exit_code=*/2},
      argc, argv);
  gantry::container::DeveloperContainerOptions options;
  options.image = absl::GetFlag(FLAGS_image);
  options.tar = absl::GetFlag(FLAGS_tar);
  options.facts = absl::GetFlag(FLAGS_facts);
  options.symvers = absl::GetFlag(FLAGS_symvers);
  options.kernel_image = absl::GetFlag(FLAGS_kernel_image);
  options.expected_kernel_release =
      absl::GetFlag(FLAGS_expected_kernel_release);
  if (options.image.empty()) {
    std::fprintf(stderr, "disk_image: --image is required; see --help\n");
    return 2;
  }
  const absl::Status status =
      absl::GetFlag(FLAGS_list)
          ? gantry::container::ListDeveloperContainer(options.image, std::cout)
          : gantry::container::ReadDeveloperContainer(options);
  if (!status.ok()) {
    std::fprintf(stderr, "disk_image: %s\n",
                 std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
