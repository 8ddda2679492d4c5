// Measures calls over loopback by `threads` clients, each with a connection.
// //release/service/store:store_benchmark measures the store and plain SQLite.

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "grpcpp/grpcpp.h"
#include "proto/release_service.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;

struct BenchmarkServer {
  BenchmarkServer() {
    ReleaseServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.database_path = database.path();
    server = *ReleaseServer::Start(options);
  }

  // Distinct arguments keep clients from sharing a connection.
  std::unique_ptr<ReleaseClient> Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetInt("benchmark.client", clients++);
    const std::string address = absl::StrCat("127.0.0.1:", server->port());
    return std::make_unique<ReleaseClient>(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                  arguments),
        address);
  }

  TestDatabase database;
  std::unique_ptr<ReleaseServer> server;
  std::atomic<int> clients{0};
  std::atomic<int> next{1};
};

BenchmarkServer* running = nullptr;

// Starts a server with eight built cells of one release.
void SetUpServer(const benchmark::State&) {
  running = new BenchmarkServer;
  const auto client = running->Connect();
  while (running->next <= 8) {
    client->RecordRevision(TestRevision(running->next++))
        .status()
        .IgnoreError();
  }
}
void TearDownServer(const benchmark::State&) { delete running; }

template <typename Result>
void Check(benchmark::State& state, const absl::StatusOr<Result>& result) {
  if (!result.ok()) state.SkipWithError(result.status().ToString().c_str());
}

void BM_GetCell(benchmark::State& state) {
  const auto client = running->Connect();
  const std::string id = TestId(4);
  for (auto _ : state) Check(state, client->GetCell(id));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_GetCell)
    ->Setup(SetUpServer)
    ->Teardown(TearDownServer)
    ->Threads(1)
    ->Threads(8)
    ->UseRealTime();

void BM_Resolve(benchmark::State& state) {
  const auto client = running->Connect();
  release::v1::ResolveRequest request;
  request.set_os_release(TestCoordinates(1).os_release());
  request.set_kernel_release(TestCoordinates(1).kernel_release());
  request.set_gpu_device_id("0x20b0");
  for (auto _ : state) Check(state, client->Resolve(request));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Resolve)
    ->Setup(SetUpServer)
    ->Teardown(TearDownServer)
    ->Threads(1)
    ->Threads(8)
    ->UseRealTime();

void BM_RecordRevision(benchmark::State& state) {
  const auto client = running->Connect();
  for (auto _ : state) {
    Check(state, client->RecordRevision(TestRevision(running->next++)));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RecordRevision)
    ->Setup(SetUpServer)
    ->Teardown(TearDownServer)
    ->Threads(1)
    ->Threads(8)
    ->Threads(64)
    ->UseRealTime();

// What a worker does with a cell: claims it, and records its payload.
void BM_ClaimAndRecord(benchmark::State& state) {
  const auto client = running->Connect();
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("worker");
  for (auto _ : state) {
    state.PauseTiming();
    const int number = running->next++;
    Check(state, client->PlanCells({TestPlan(number)}));
    state.ResumeTiming();
    claim.clear_ids();
    claim.add_ids(TestId(number));
    const auto cells = client->ClaimCells(claim);
    Check(state, cells);
    if (!cells.ok() || cells->empty()) continue;
    Check(state, client->RecordRevision(TestRevision(
                     number, "payload", (*cells)[0].lease().fencing_token())));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ClaimAndRecord)
    ->Setup(SetUpServer)
    ->Teardown(TearDownServer)
    ->Threads(1)
    ->Threads(8)
    ->UseRealTime();

}  // namespace
}  // namespace gantry::service
