// Plans a large matrix: 1,000 releases x 10 drivers x 10 toolkits.  "New" is
// the first time, and "Unchanged" a run that finds nothing to do.  Prints the
// largest resident size of the process, with that of the in-process service.

#include <sys/resource.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "benchmark/benchmark.h"
#include "proto/coordinates.pb.h"
#include "proto/lock.pb.h"
#include "release/job/work_plan.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "release/service/store/test_store.h"

namespace gantry::job {
namespace {

matrix::v1::Lock MakeLock(int releases) {
  matrix::v1::Lock lock;
  for (int driver = 0; driver < 10; ++driver) {
    auto& locked = *lock.add_drivers();
    locked.set_version(absl::StrCat("535.", driver));
    locked.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
    lock.add_cuda_toolkits()->set_version(absl::StrCat("12.", driver));
  }
  for (int release = 0; release < releases; ++release) {
    const auto& locked = *lock.add_releases();
    lock.mutable_releases(release)->set_name(
        absl::StrCat("flatcar-", release, ".0.0"));
    for (const auto& driver : lock.drivers()) {
      for (const auto& toolkit : lock.cuda_toolkits()) {
        auto& cell = *lock.add_cells();
        auto& coordinates = *cell.mutable_coordinates();
        coordinates.set_os_release(locked.name());
        coordinates.set_architecture("amd64");
        coordinates.set_product("nvidia");
        coordinates.set_version(driver.version());
        coordinates.set_flavour(driver.flavour());
        coordinates.set_cuda_version(toolkit.version());
        cell.set_id(CellId(coordinates));
        cell.add_channels("stable");
      }
    }
  }
  return lock;
}

void Plan(const matrix::v1::Lock& lock, service::ReleaseClient& client,
          benchmark::State& state) {
  const auto plans = CellPlansFromLock(lock, {});
  if (!plans.ok()) {
    return state.SkipWithError(plans.status().ToString().c_str());
  }
  const auto cells = client.PlanCells(*plans, PlanId(*plans));
  if (!cells.ok()) state.SkipWithError(cells.status().ToString().c_str());
}

void BM_Plan(benchmark::State& state, bool is_new) {
  const matrix::v1::Lock lock = MakeLock(static_cast<int>(state.range(0)));
  std::unique_ptr<service::TestDatabase> database;
  std::unique_ptr<service::ReleaseServer> server;
  std::unique_ptr<service::ReleaseClient> client;
  const auto restart = [&] {
    client.reset();
    server.reset();
    database = std::make_unique<service::TestDatabase>();
    service::ReleaseServerOptions options;
    options.database_path = database->path();
    server = *service::ReleaseServer::Start(options);
    client = std::make_unique<service::ReleaseClient>(
        server->InProcessChannel(), "");
  };
  restart();
  if (!is_new) Plan(lock, *client, state);
  for (auto _ : state) {
    if (is_new) {
      state.PauseTiming();
      restart();
      state.ResumeTiming();
    }
    Plan(lock, *client, state);
  }
  state.SetItemsProcessed(state.iterations() * lock.cells_size());
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  state.counters["max_rss_MiB"] = static_cast<double>(usage.ru_maxrss) / 1024;
}

BENCHMARK_CAPTURE(BM_Plan, New, true)
    ->Arg(10)
    ->Arg(1000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Plan, Unchanged, false)
    ->Arg(10)
    ->Arg(1000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gantry::job
