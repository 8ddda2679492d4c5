#include "builder/container/test_disk.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ios>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/subprocess.h"

namespace gantry::container {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSector = 512;
// Space for other partitions and the backup table.
constexpr uint64_t kTail = 4 << 20;

[[noreturn]] void Fail(absl::string_view what) {
  std::fprintf(stderr, "TestDisk: %s\n", std::string(what).c_str());
  std::abort();
}

// Runs a program of /usr/sbin, which may not be on PATH.
std::string Run(const std::vector<std::string>& argv,
                const std::string& input = "") {
  SubprocessOptions options;
  options.argv = argv;
  options.argv[0] = absl::StrCat("/usr/sbin/", argv[0]);
  options.input = input;
  // For e2fsprogs.
  options.environment = std::map<std::string, std::string>{
      {"E2FSPROGS_FAKE_TIME", "1700000000"}, {"LC_ALL", "C"}};
  const auto result = RunSubprocess(options);
  if (!result.ok()) Fail(result.status().ToString());
  if (result->exit_code != 0) {
    Fail(absl::StrCat(argv[0], ": ", result->error_output));
  }
  return result->error_output;
}

}  // namespace

TestDisk::TestDisk()
    : directory_(*TempDir::Create(std::getenv("TEST_TMPDIR"))) {
  AddDirectory("/");
}

std::string TestDisk::InRoot(absl::string_view path) const {
  const std::string inside = JoinPath(JoinPath(directory(), "root"), path);
  fs::create_directories(fs::path(inside).parent_path());
  return inside;
}

void TestDisk::AddFile(absl::string_view path, absl::string_view content) {
  std::ofstream(InRoot(path)) << content;
}

void TestDisk::AddDirectory(absl::string_view path) {
  fs::create_directories(InRoot(path));
}

void TestDisk::AddSymlink(absl::string_view path, absl::string_view target) {
  fs::create_symlink(std::string(target), InRoot(path));
}

void TestDisk::AddHardLink(absl::string_view path, absl::string_view existing) {
  fs::create_hard_link(InRoot(existing), InRoot(path));
}

void TestDisk::AddKernel(absl::string_view release) {
  const std::string headers = absl::StrCat("/usr/src/linux-headers-", release);
  AddFile(absl::StrCat(headers, "/Module.symvers"),
          absl::StrCat("0x12345678\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"));
  AddSymlink(absl::StrCat("/usr/lib/modules/", release, "/build"), headers);
  AddFile(absl::StrCat("/boot/vmlinuz-", release), "the kernel");
}

void TestDisk::AddMkfsArguments(const std::vector<std::string>& arguments) {
  mkfs_arguments_.insert(mkfs_arguments_.end(), arguments.begin(),
                         arguments.end());
}

void TestDisk::AddDebugfs(absl::string_view command) {
  debugfs_.emplace_back(command);
}

void TestDisk::SetLabel(absl::string_view label) {
  label_ = std::string(label);
}

void TestDisk::AddPartition(int number, absl::string_view label) {
  absl::StrAppend(&further_partitions_, number, ": size=64, name=\"", label,
                  "\"\n");
}

std::string TestDisk::Make() {
  const std::string file_system = JoinPath(directory(), "file_system");
  std::vector<std::string> mkfs = {
      "mkfs.ext4",
      "-q",
      "-F",
      "-U",
      "7c1a0e5e-0000-4000-8000-00000000000f",
      "-E",
      "hash_seed=7c1a0e5e-0000-4000-8000-00000000000e"};
  mkfs.insert(mkfs.end(), mkfs_arguments_.begin(), mkfs_arguments_.end());
  mkfs.insert(mkfs.end(), {"-d", JoinPath(directory(), "root"), file_system,
                           absl::StrCat(kTestPartitionSize / 1024, "k")});
  Run(mkfs);
  if (!debugfs_.empty()) {
    // Errors of commands go to standard error, after one line with the version.
    const std::string errors =
        Run({"debugfs", "-w", "-f", "-", file_system},
            absl::StrCat(absl::StrJoin(debugfs_, "\n"), "\n"));
    if (std::vector<std::string>(absl::StrSplit(errors, '\n')).size() > 2) {
      Fail(errors);
    }
  }

  fs::create_directories(JoinPath(directory(), "disk"));
  const std::string disk = JoinPath(directory(), "disk/image.bin");
  std::ofstream(disk, std::ios::trunc).close();
  fs::resize_file(disk, kTestPartitionOffset + kTestPartitionSize + kTail);
  Run({"sfdisk", "-q", disk},
      absl::StrCat("label: gpt\n9: start=", kTestPartitionOffset / kSector,
                   ", size=", kTestPartitionSize / kSector, ", name=\"", label_,
                   "\", type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709\n",
                   further_partitions_));
  Overwrite(disk, kTestPartitionOffset, *ReadFile(file_system));
  return disk;
}

void Overwrite(const std::string& path, uint64_t offset,
               absl::string_view bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file.write(bytes.data(), bytes.size());
  if (!file.flush()) Fail(absl::StrCat("cannot write to ", path));
}

}  // namespace gantry::container
