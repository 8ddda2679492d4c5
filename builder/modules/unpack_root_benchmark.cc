// Compares UnpackRoot() with GNU tar on a real developer container.  Both write
// to memory: on ext4, the time depends on recent deletions (see ScratchDir).

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/subprocess.h"
#include "benchmark/benchmark.h"
#include "builder/modules/unpack_root.h"
#include "builder/sandbox/scratch_dir.h"

namespace gantry::modules {
namespace {

constexpr char kRootTar[] = "tests/fixtures/debian_6_1.tar";

template <typename Unpack>
void Run(benchmark::State& state, Unpack unpack) {
  for (auto _ : state) {
    state.PauseTiming();
    {
      const auto scratch =
          sandbox::ScratchDir::Create("/tmp", int64_t{2} << 30);
      if (!scratch.ok()) return state.SkipWithError("no scratch directory");
      const std::string root = JoinPath(scratch->path(), "root");
      if (!CreateDirectories(root).ok()) return state.SkipWithError("mkdir");
      state.ResumeTiming();
      if (!unpack(root)) return state.SkipWithError("unpacking failed");
      state.PauseTiming();
    }
    state.ResumeTiming();
  }
}

void BM_UnpackRoot(benchmark::State& state) {
  Run(state,
      [](const std::string& root) { return UnpackRoot(kRootTar, root).ok(); });
}
BENCHMARK(BM_UnpackRoot)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_GnuTar(benchmark::State& state) {
  Run(state, [](const std::string& root) {
    return RunCommand({"tar", "-x", "--no-same-owner", "--exclude=dev/*", "-f",
                       kRootTar, "-C", root})
        .ok();
  });
}
BENCHMARK(BM_GnuTar)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace gantry::modules
