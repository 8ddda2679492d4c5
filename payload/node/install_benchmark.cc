// Compares installing a tree with what one would otherwise do by hand: `cp -a`,
// `sync`, and `sha256sum -c` of the copy.
//
// Takes the tree from $GANTRY_BENCHMARK_TREE (such as an unpacked toolkit), or
// else makes one of 400 files of 1 MiB.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "benchmark/benchmark.h"
#include "payload/node/installer.h"
#include "payload/node/test_host.h"
#include "payload/node/test_payload.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;

constexpr int kFiles = 400;
constexpr int kFileWords = (1 << 20) / 4;

void MakeTree(const std::string& root) {
  fs::create_directories(root);
  std::mt19937 random(1);
  std::string content(kFileWords * 4, '\0');
  for (int i = 0; i < kFiles; ++i) {
    for (int word = 0; word < kFileWords; ++word) {
      const uint32_t value = random();
      content.replace(word * 4, 4, reinterpret_cast<const char*>(&value), 4);
    }
    std::ofstream(JoinPath(root, absl::StrCat("lib", i, ".so"))) << content;
  }
}

// A payload with a tree as its toolkit, and the tree's list for sha256sum.
class Tree {
 public:
  Tree()
      : temp_(*TempDir::Create()),
        payload_(JoinPath(temp_.path(), "image"), "12.4"),
        source_(JoinPath(payload_.image_root(), "payload/cuda/12.4")) {
    const char* given = std::getenv("GANTRY_BENCHMARK_TREE");
    if (given != nullptr) {
      fs::create_directories(fs::path(source_).parent_path());
      fs::copy(given, source_,
               fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    } else {
      MakeTree(source_);
    }
    Describe();
  }

  std::string Path(const std::string& name) const {
    return JoinPath(temp_.path(), name);
  }
  const std::string& image_root() const { return payload_.image_root(); }
  const std::string& source() const { return source_; }
  int64_t bytes() const { return bytes_; }

 private:
  void Describe() {
    auto& component = payload_.AddComponent(payload::v1::COMPONENT_KIND_CUDA,
                                            "/payload/cuda/12.4");
    std::ofstream sums(Path("sums"));
    for (const auto& entry : fs::recursive_directory_iterator(source_)) {
      const std::string path = entry.path().lexically_relative(source_);
      if (entry.is_symlink()) {
        payload_.AddLink(component, path,
                         fs::read_symlink(entry.path()).string());
      } else if (entry.is_directory()) {
        payload_.AddDirectory(component, path);
      } else {
        const std::string digest = *FileSha256Digest(entry.path());
        auto& file = *component.add_files();
        file.set_path(path);
        file.set_type(payload::v1::FILE_TYPE_REGULAR);
        file.set_mode(0644);
        file.set_size(entry.file_size());
        file.set_digest(digest);
        bytes_ += entry.file_size();
        sums << DigestHex(digest) << "  " << path << "\n";
      }
    }
    payload_.WriteManifest();
  }

  const TempDir temp_;
  TestPayload payload_;
  const std::string source_;
  int64_t bytes_ = 0;
};

const Tree& TheTree() {
  static const Tree tree;
  return tree;
}

InstallOptions Options(const std::string& rootfs) {
  InstallOptions options;
  options.image_root = TheTree().image_root();
  options.rootfs = rootfs;
  options.kernel_release = kTestKernel;
  return options;
}

void Check(benchmark::State& state, const absl::Status& status) {
  if (!status.ok()) state.SkipWithError(std::string(status.message()).c_str());
}

void BM_Install(benchmark::State& state) {
  const std::string rootfs = TheTree().Path("rootfs");
  for (auto _ : state) {
    state.PauseTiming();
    fs::remove_all(rootfs);
    MakeTestHost(rootfs);
    state.ResumeTiming();
    Check(state, Install(Options(rootfs)).status());
  }
  state.SetBytesProcessed(state.iterations() * TheTree().bytes());
  fs::remove_all(rootfs);
}
BENCHMARK(BM_Install)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_AlreadyInstalled(benchmark::State& state) {
  const std::string rootfs = TheTree().Path("rootfs");
  MakeTestHost(rootfs);
  InstallOptions options = Options(rootfs);
  Check(state, Install(options).status());
  options.verify = state.range(0) != 0;
  for (auto _ : state) Check(state, Install(options).status());
  fs::remove_all(rootfs);
}
BENCHMARK(BM_AlreadyInstalled)
    ->ArgName("verify")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_CopyAndSha256sum(benchmark::State& state) {
  const std::string copy = TheTree().Path("copy");
  SubprocessOptions sums;
  sums.argv = {"sha256sum", "--check", "--quiet", TheTree().Path("sums")};
  sums.working_directory = copy;
  for (auto _ : state) {
    state.PauseTiming();
    fs::remove_all(copy);
    state.ResumeTiming();
    Check(state, RunCommand({"cp", "-a", TheTree().source(), copy}).status());
    Check(state, RunCommand({"sync", "-f", copy}).status());
    const auto checked = RunSubprocess(sums);
    if (!checked.ok() || checked->exit_code != 0) {
      state.SkipWithError("sha256sum");
    }
  }
  state.SetBytesProcessed(state.iterations() * TheTree().bytes());
  fs::remove_all(copy);
}
BENCHMARK(BM_CopyAndSha256sum)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace gantry::node
