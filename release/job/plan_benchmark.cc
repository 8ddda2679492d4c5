// Plans a large matrix, 1,000 releases x 10 drivers x 10 toolkits, from its
// lock as //release:matrix does.  "New" is the first time, and "Unchanged" a
// run that finds nothing to do.  "Batch" is what a worker does before Bazel
// analyzes the four cells that it has claimed; lock_KiB, the size of their
// lock, shows that this does not grow with the matrix.
//
// Prints the largest resident size of the process, with that of the in-process
// service.

#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/temp_dir.h"
#include "benchmark/benchmark.h"
#include "proto/cell.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/fragment.pb.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/planning.h"
#include "release/plan/batch_lock.h"
#include "release/plan/fragments.h"
#include "release/plan/lock_file.h"
#include "release/plan/matrix_digest.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"

namespace gantry::job {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::RemoteFile;

// As many as the default matrix has.
constexpr int kPackagesOfRelease = 65;
constexpr int kComponentsOfToolkit = 24;

void SetFile(const std::string& name, RemoteFile& file) {
  file.set_url(absl::StrCat("https://archive.example/pool/", name));
  file.set_digest(Sha256Digest(name));
  file.set_size(1'000'000);
}

Lock MakeLock(int releases) {
  Lock lock;
  for (int number = 0; number < 10; ++number) {
    auto& driver = *lock.add_drivers();
    driver.set_version(absl::StrCat("535.", number));
    driver.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
    SetFile(absl::StrCat("nvidia-", number, ".deb"), *driver.mutable_source());
    auto& toolkit = *lock.add_cuda_toolkits();
    toolkit.set_version(absl::StrCat("12.", number));
    for (int i = 0; i < kComponentsOfToolkit; ++i) {
      SetFile(absl::StrCat("cuda-", number, "-", i, ".deb"),
              *toolkit.add_components());
    }
  }
  for (int number = 0; number < releases; ++number) {
    auto& release = *lock.add_releases();
    release.set_name(absl::StrCat("debian-12-6.1.", number));
    release.set_family(matrix::v1::FAMILY_DEBIAN);
    release.add_channels("6.1-cloud");
    release.set_version(absl::StrCat("6.1.", number));
    release.set_expected_kernel_release(release.version());
    for (int i = 0; i < kPackagesOfRelease; ++i) {
      SetFile(absl::StrCat("linux-", number, "-", i, ".deb"),
              *release.add_packages());
    }
    for (const auto& driver : lock.drivers()) {
      for (const auto& toolkit : lock.cuda_toolkits()) {
        auto& cell = *lock.add_cells();
        auto& coordinates = *cell.mutable_coordinates();
        coordinates.set_os_release(release.name());
        coordinates.set_architecture("amd64");
        coordinates.set_product("nvidia");
        coordinates.set_version(driver.version());
        coordinates.set_flavour(driver.flavour());
        coordinates.set_cuda_version(toolkit.version());
        cell.set_id(CellId(coordinates));
        cell.add_channels("6.1-cloud");
      }
    }
  }
  return lock;
}

// A state directory with a lock, and a service.
class Job {
 public:
  static absl::StatusOr<std::unique_ptr<Job>> Create(int releases) {
    GANTRY_ASSIGN_OR_RETURN(TempDir directory, TempDir::Create());
    GANTRY_ASSIGN_OR_RETURN(
        const StateDir state,
        StateDir::Open(JoinPath(directory.path(), "state")));
    std::unique_ptr<Job> job(new Job(std::move(directory), state));
    GANTRY_RETURN_IF_ERROR(
        WriteFileAtomically(job->matrix_path(), "# See the lock.\n"));
    Lock lock = MakeLock(releases);
    GANTRY_ASSIGN_OR_RETURN(*lock.mutable_matrix_digest(),
                            plan::MatrixDigest(job->matrix_path()));
    GANTRY_RETURN_IF_ERROR(plan::WriteLock(lock, job->state_).status());
    GANTRY_RETURN_IF_ERROR(job->Restart());
    return job;
  }

  // Gives the service an empty database.
  absl::Status Restart() {
    client_.reset();
    server_.reset();
    std::filesystem::remove_all(JoinPath(directory_.path(), "service"));
    GANTRY_RETURN_IF_ERROR(
        CreateDirectories(JoinPath(directory_.path(), "service")));
    // What the state directory knows of the service's heads.
    std::filesystem::remove(state_.heads_path(""));
    service::ReleaseServerOptions options;
    options.database_path = JoinPath(directory_.path(), "service/release.db");
    GANTRY_ASSIGN_OR_RETURN(server_, service::ReleaseServer::Start(options));
    client_ = std::make_unique<service::ReleaseClient>(
        server_->InProcessChannel(), "");
    return absl::OkStatus();
  }

  // Returns the number of cells.
  absl::StatusOr<size_t> Plan() {
    PlanningOptions options;
    options.matrix_path = matrix_path();
    GANTRY_ASSIGN_OR_RETURN(const Planned planned,
                            PlanMatrix(options, state_, *client_, progress_));
    return planned.cells.size();
  }

  // Claims four cells.
  absl::StatusOr<std::vector<release::v1::Cell>> Claim() {
    release::v1::ClaimCellsRequest request;
    request.set_worker("worker");
    request.set_max_cells(4);
    return client_->ClaimCells(request);
  }

  // Writes the lock of cells, and returns its size.
  absl::StatusOr<int64_t> WriteBatch(
      const std::vector<release::v1::Cell>& cells) {
    GANTRY_ASSIGN_OR_RETURN(
        const std::vector<release::v1::Fragment> fragments,
        client_->GetFragments(plan::FragmentDigests(cells)));
    GANTRY_ASSIGN_OR_RETURN(const Lock lock,
                            plan::LockFromFragments(cells, fragments, state_));
    GANTRY_ASSIGN_OR_RETURN(const std::string path,
                            plan::WriteBatchLock(lock, state_));
    return static_cast<int64_t>(std::filesystem::file_size(path));
  }

 private:
  Job(TempDir directory, const StateDir& state)
      : directory_(std::move(directory)), state_(state) {}

  std::string matrix_path() const {
    return JoinPath(directory_.path(), "matrix.textproto");
  }

  const TempDir directory_;
  const StateDir state_;
  Progress progress_{stderr};
  std::unique_ptr<service::ReleaseServer> server_;
  std::unique_ptr<service::ReleaseClient> client_;
};

void Skip(benchmark::State& state, const absl::Status& status) {
  state.SkipWithError(status.ToString().c_str());
}

void SetMaxRss(benchmark::State& state) {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  state.counters["max_rss_MiB"] = static_cast<double>(usage.ru_maxrss) / 1024;
}

void BM_Plan(benchmark::State& state, bool is_new) {
  const auto job = Job::Create(static_cast<int>(state.range(0)));
  if (!job.ok()) return Skip(state, job.status());
  if (!is_new) {
    if (const auto planned = (*job)->Plan(); !planned.ok()) {
      return Skip(state, planned.status());
    }
  }
  size_t count = 0;
  for (auto _ : state) {
    if (is_new) {
      state.PauseTiming();
      const absl::Status restarted = (*job)->Restart();
      if (!restarted.ok()) return Skip(state, restarted);
      state.ResumeTiming();
    }
    const auto planned = (*job)->Plan();
    if (!planned.ok()) return Skip(state, planned.status());
    count += *planned;
  }
  state.SetItemsProcessed(static_cast<int64_t>(count));
  SetMaxRss(state);
}

void BM_Batch(benchmark::State& state) {
  const auto job = Job::Create(static_cast<int>(state.range(0)));
  if (!job.ok()) return Skip(state, job.status());
  if (const auto planned = (*job)->Plan(); !planned.ok()) {
    return Skip(state, planned.status());
  }
  int64_t size = 0;
  for (auto _ : state) {
    const auto cells = (*job)->Claim();
    if (!cells.ok()) return Skip(state, cells.status());
    const auto written = (*job)->WriteBatch(*cells);
    if (!written.ok()) return Skip(state, written.status());
    size = *written;
  }
  state.counters["lock_KiB"] = static_cast<double>(size) / 1024;
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
// At most 250 batches: the smaller matrix has 1,000 cells.
BENCHMARK(BM_Batch)->Arg(10)->Arg(1000)->Iterations(100)->UseRealTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace gantry::job
