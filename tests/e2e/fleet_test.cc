// Three workers with Bazels of their own build the cells of two channels, for
// one service and one registry, while everything goes wrong that can: a worker
// is killed, another is stopped for longer than its lease, the service and the
// registry are down for a while.

#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/client/release_client.h"
#include "tests/e2e/container_linux_fixture.h"
#include "tests/e2e/matrix_runner.h"
#include "tests/fixtures/registry.h"

namespace gantry::e2e {
namespace {

using ::gantry::release::v1::Attempt;
using ::gantry::release::v1::Cell;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::SizeIs;

// Renewed after a third, also on a busy machine.
constexpr absl::Duration kLease = absl::Seconds(30);

constexpr char kSecondToolkit[] = R"(
cuda_toolkits {
  version: "12.4"
  debian { suite: "trixie" packages: "libcudart12" }
}
)";

class FleetTest : public ContainerLinuxTest {
 protected:
  struct Worker {
    std::string directory;
    std::unique_ptr<MatrixRunner> runner;
    std::unique_ptr<BackgroundProcess> process;
  };

  void SetUp() override {
    ContainerLinuxTest::SetUp();
    std::filesystem::create_directories(PathOf("registry"));
    GANTRY_ASSERT_OK_AND_ASSIGN(fixtures::Registry registry,
                                fixtures::Registry::Start(PathOf("registry")));
    registry_ = std::make_unique<fixtures::Registry>(std::move(registry));
    StartService("127.0.0.1:0");
  }

  void StartService(const std::string& listen) {
    SubprocessOptions server;
    server.argv = {"release/service/server/server",
                   absl::StrCat("--listen=", listen),
                   absl::StrCat("--state=", PathOf("service"))};
    GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess process,
                                BackgroundProcess::Start(server));
    service_ = std::make_unique<BackgroundProcess>(std::move(process));
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string line, service_->ReadLine());
    absl::string_view address = line;
    ASSERT_TRUE(absl::ConsumePrefix(&address, "listening on ")) << line;
    address_ = std::string(address);
    GANTRY_ASSERT_OK_AND_ASSIGN(client_,
                                service::ReleaseClient::Connect(address_));
  }

  // Discovers the releases of both channels, each with two toolkits.
  void PlanCells() {
    const std::string matrix = WriteMatrix();
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(matrix));
    ASSERT_THAT(WriteFileAtomically(matrix, text + kSecondToolkit), IsOk());
    ASSERT_THAT(
        RunCommand({"release/job/discover", "--matrix=" + matrix,
                    "--service=" + address_, "--state=" + PathOf("planner")}),
        IsOk());
    ASSERT_THAT(client_->ListCells({}), IsOkAndHolds(SizeIs(4)));
  }

  Worker StartWorker(const std::string& name,
                     const std::vector<std::string>& flags) {
    Worker worker;
    worker.directory = PathOf(name);
    worker.runner = std::make_unique<MatrixRunner>(
        JoinPath(worker.directory, "bazel"), DiskCache());
    std::vector<std::string> arguments = {
        "--service=" + address_,
        "--registry=" + registry_->Repository("gantry"),
        "--state=" + JoinPath(worker.directory, "state"),
        absl::StrCat("--lease=", absl::FormatDuration(kLease))};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    auto process = worker.runner->StartWorker(arguments, LogOf(worker));
    EXPECT_THAT(process, IsOk());
    worker.process = std::make_unique<BackgroundProcess>(*std::move(process));
    return worker;
  }

  static std::string LogOf(const Worker& worker) {
    return JoinPath(worker.directory, "log");
  }

  void WaitUntil(const std::string& what, absl::Duration timeout,
                 const std::function<bool()>& condition) {
    const absl::Time give_up = absl::Now() + timeout;
    while (!condition()) {
      ASSERT_LT(absl::Now(), give_up) << what;
      absl::SleepFor(absl::Milliseconds(100));
    }
  }

  // Waits until the worker has leased cells.  Returns the first one's id.
  std::string WaitForLease(const Worker& worker) {
    std::string leased;
    WaitUntil("a lease", absl::Minutes(1), [&] {
      // The name of a worker ends with it.
      const auto id = ReadFile(JoinPath(worker.directory, "state/worker-id"));
      const auto cells = client_->ListCells({});
      if (!id.ok() || !cells.ok()) return false;
      for (const Cell& cell : *cells) {
        if (absl::EndsWith(cell.lease().worker(), *id)) leased = cell.id();
      }
      return !leased.empty();
    });
    return leased;
  }

  bool AreAllBuilt() {
    const auto cells = client_->ListCells({});
    return cells.ok() &&
           std::all_of(cells->begin(), cells->end(), [](const Cell& cell) {
             return cell.state() == release::v1::CELL_STATE_BUILT;
           });
  }

  std::vector<Attempt> Attempts(const std::string& id) {
    const auto attempts = client_->ListAttempts(id);
    EXPECT_THAT(attempts, IsOk());
    return {attempts->attempts().begin(), attempts->attempts().end()};
  }

  // Every cell has one revision, and both of its tags are that.
  void CheckCells() {
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells,
                                client_->ListCells({}));
    for (const Cell& cell : cells) {
      GANTRY_ASSERT_OK_AND_ASSIGN(const auto revisions,
                                  client_->ListRevisions(cell.id()));
      ASSERT_THAT(revisions.revisions(), SizeIs(1));
      const std::string tag = CellTag(cell.coordinates());
      for (const std::string& name : {tag, absl::StrCat(tag, "-r1")}) {
        EXPECT_THAT(
            RunCommand(
                {"skopeo", "inspect", "--tls-verify=false",
                 "--format={{.Digest}}",
                 absl::StrCat("docker://", registry_->Repository("gantry"), ":",
                              name)}),
            IsOkAndHolds(revisions.revisions(0).payload().digest() + "\n"));
      }
    }
  }

  std::unique_ptr<fixtures::Registry> registry_;
  std::unique_ptr<BackgroundProcess> service_;
  std::string address_;
  std::unique_ptr<service::ReleaseClient> client_;
};

TEST_F(FleetTest, EveryCellIsRecordedOnceWhateverFails) {
  PlanCells();
  Worker killed = StartWorker("killed", {"--batch=1"});
  const std::string lost = WaitForLease(killed);
  Worker late = StartWorker("late", {"--batch=1"});
  const std::string stolen = WaitForLease(late);
  ASSERT_NE(stolen, lost);
  late.process->Signal(SIGSTOP);
  killed.process->Signal(SIGKILL);
  killed.process->Wait();

  Worker patient = StartWorker("patient", {"--batch=2", "--poll=1s"});
  WaitForLease(patient);
  service_->Signal(SIGKILL);
  service_->Wait();
  registry_->Stop();
  absl::SleepFor(absl::Seconds(5));
  StartService(address_);
  ASSERT_THAT(registry_->Restart(), IsOk());

  WaitUntil("all cells built", absl::Minutes(8), [&] { return AreAllBuilt(); });
  patient.process->Signal(SIGTERM);
  patient.process->Wait();
  CheckCells();
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> before,
                              client_->ListCells({}));

  // What the late worker has is refused, although its content is equal.
  late.process->Signal(SIGCONT);
  EXPECT_EQ(late.process->Wait(), 3);
  EXPECT_THAT(ReadFile(LogOf(late)), IsOkAndHolds(HasSubstr(" is stale: ")));
  CheckCells();
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> after,
                              client_->ListCells({}));
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].SerializeAsString(), before[i].SerializeAsString());
  }

  // No attempt is lost.
  std::set<int64_t> tokens;
  for (const Cell& cell : after) {
    for (const Attempt& attempt : Attempts(cell.id())) {
      EXPECT_NE(attempt.outcome(), release::v1::ATTEMPT_OUTCOME_UNSPECIFIED);
      tokens.insert(attempt.fencing_token());
    }
  }
  EXPECT_EQ(*tokens.rbegin(), static_cast<int64_t>(tokens.size()));
  for (const std::string& id : {lost, stolen}) {
    EXPECT_THAT(Attempts(id),
                Contains(Property(&Attempt::outcome,
                                  release::v1::ATTEMPT_OUTCOME_LOST)));
  }
}

}  // namespace
}  // namespace gantry::e2e
