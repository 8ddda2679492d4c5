#include "payload/node/test_host.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "gtest/gtest.h"

namespace gantry::node {

namespace fs = std::filesystem;

void MakeTestHost(const std::string& rootfs) {
  fs::create_directories(JoinPath(rootfs, "usr/lib"));
  std::ofstream(JoinPath(rootfs, "usr/lib/os-release"))
      << "ID=flatcar\nVERSION_ID=4230.2.0\n";
  fs::create_directories(JoinPath(rootfs, "etc"));
  fs::create_symlink("../usr/lib/os-release",
                     JoinPath(rootfs, "etc/os-release"));
}

std::vector<std::string> FindLeftovers(const std::string& rootfs) {
  std::vector<std::string> leftovers;
  for (const auto& entry : fs::recursive_directory_iterator(rootfs)) {
    const std::string name = entry.path().filename();
    if (name[0] == '.' && name != ".gantry.lock" && name != ".gantry-receipt") {
      leftovers.push_back(entry.path());
    }
  }
  return leftovers;
}

std::string FastTempParent() {
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : testing::TempDir();
}

}  // namespace gantry::node
