// How long it takes to get the files out of a developer container, beside the
// tools that could have done it.  Most of it is wall time on several cores, so
// "real time" is what to look at.  debugfs loses extended attributes, set-id
// bits and hard links; it is here for its speed only.
//
//   bazel run -c opt //builder/container:extract_benchmark

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "benchmark/benchmark.h"
#include "builder/container/decompress.h"
#include "builder/container/developer_container.h"
#include "builder/container/gpt.h"

namespace gantry::container {
namespace {

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::exit(1);
}

// Runs a program, its output to a file.
void RunTo(const std::string& path, const std::vector<std::string>& argv) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  SubprocessOptions options;
  options.argv = argv;
  options.on_output = [fd](absl::string_view data) {
    if (write(fd, data.data(), data.size()) != ssize_t(data.size())) {
      std::exit(1);
    }
  };
  if (OrDie(RunSubprocess(options)).exit_code != 0) std::exit(1);
  close(fd);
}

// The image in the forms that the benchmarks read.  Made by main().
struct Images {
  std::string zstd;
  std::string plain;
  std::string bzip2;
};

Images& GetImages() {
  static Images& images = *new Images;
  return images;
}

// All outputs of the rule.
void Extract(benchmark::State& state, const std::string& image) {
  const TempDir out = OrDie(TempDir::Create());
  for (auto _ : state) {
    DeveloperContainerOptions options;
    options.image = image;
    options.tar = JoinPath(out.path(), "tar");
    options.facts = JoinPath(out.path(), "facts");
    options.symvers = JoinPath(out.path(), "symvers");
    options.kernel_image = JoinPath(out.path(), "kernel");
    const absl::Status status = ReadDeveloperContainer(options);
    if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  }
}

void ExtractPlain(benchmark::State& state) {
  Extract(state, GetImages().plain);
}

void ExtractZstd(benchmark::State& state) { Extract(state, GetImages().zstd); }

void ExtractBzip2(benchmark::State& state) {
  Extract(state, GetImages().bzip2);
}

void DebugfsRdumpPlain(benchmark::State& state) {
  const auto disk = OrDie(DiskFile::Open(GetImages().plain));
  const auto root = OrDie(FindPartition(disk, "ROOT"));
  for (auto _ : state) {
    const TempDir out = OrDie(TempDir::Create());
    OrDie(RunCommand(
        {"/usr/sbin/debugfs", "-R", absl::StrCat("rdump / ", out.path()),
         absl::StrCat(GetImages().plain, "?offset=", root.offset)}));
  }
}

void DecompressZstd(benchmark::State& state) {
  for (auto _ : state) OrDie(OpenImage(GetImages().zstd, ""));
}

void DecompressZstdByZstd(benchmark::State& state) {
  for (auto _ : state) {
    const TempDir out = OrDie(TempDir::Create());
    OrDie(RunCommand({"zstd", "-q", "-d", "-f", "--sparse", "-o",
                      JoinPath(out.path(), "image"), GetImages().zstd}));
  }
}

void DecompressBzip2(benchmark::State& state) {
  for (auto _ : state) OrDie(OpenImage(GetImages().bzip2, ""));
}

void DecompressBzip2WithoutLbzip2(benchmark::State& state) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  for (auto _ : state) OrDie(OpenImage(GetImages().bzip2, ""));
  setenv("PATH", path.c_str(), 1);
}

void DecompressBzip2ByLbzip2(benchmark::State& state) {
  for (auto _ : state) {
    const TempDir out = OrDie(TempDir::Create());
    RunTo(JoinPath(out.path(), "image"),
          {"lbzip2", "-d", "-c", GetImages().bzip2});
  }
}

BENCHMARK(ExtractPlain)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(DebugfsRdumpPlain)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ExtractZstd)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ExtractBzip2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(DecompressZstd)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(DecompressZstdByZstd)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(DecompressBzip2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(DecompressBzip2ByLbzip2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(DecompressBzip2WithoutLbzip2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void MakeImages(const std::string& zstd, const std::string& folder) {
  Images& images = GetImages();
  images = {zstd, JoinPath(folder, "image.bin"),
            JoinPath(folder, "image.bin.bz2")};
  OrDie(RunCommand(
      {"zstd", "-q", "-d", "-f", "--sparse", "-o", images.plain, images.zstd}));
  RunTo(images.bzip2, {"lbzip2", "-c", images.plain});
}

}  // namespace
}  // namespace gantry::container

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "extract_benchmark: give an image (.zst)\n");
    return 2;
  }
  const gantry::TempDir folder =
      gantry::container::OrDie(gantry::TempDir::Create());
  gantry::container::MakeImages(argv[1], folder.path());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
