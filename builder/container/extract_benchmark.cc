// Compares the time to extract a developer container with that of other tools.
// Several cores are used, so compare the real times.  debugfs loses extended
// attributes, set-id bits and hard links; only its speed is of interest.
//
//   bazel run -c opt //builder/container:extract_benchmark

#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/input_file.h"
#include "base/output_file.h"
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

// Runs a program and writes its output to a file.
void RunTo(const std::string& path, const std::vector<std::string>& argv) {
  auto file = OrDie(OutputFile::Create(path));
  SubprocessOptions options;
  options.argv = argv;
  options.on_output = [&](absl::string_view data) {
    if (!file.Append(data).ok()) std::exit(1);
  };
  if (OrDie(RunSubprocess(options)).exit_code != 0) std::exit(1);
  if (!file.Close().ok()) std::exit(1);
}

// The image in the formats that the benchmarks read.  Set by main().
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
  const auto disk = OrDie(InputFile::Open(GetImages().plain));
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

void MakeImages(const std::string& zstd, const std::string& directory) {
  Images& images = GetImages();
  images = {zstd, JoinPath(directory, "image.bin"),
            JoinPath(directory, "image.bin.bz2")};
  OrDie(RunCommand(
      {"zstd", "-q", "-d", "-f", "--sparse", "-o", images.plain, images.zstd}));
  RunTo(images.bzip2, {"lbzip2", "-c", images.plain});
}

}  // namespace
}  // namespace gantry::container

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr,
                 "extract_benchmark: expected one argument, an image (.zst)\n");
    return 2;
  }
  const gantry::TempDir directory =
      gantry::container::OrDie(gantry::TempDir::Create());
  gantry::container::MakeImages(argv[1], directory.path());
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
