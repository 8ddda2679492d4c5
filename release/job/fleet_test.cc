// Several workers, a release service and a registry, each a process of its own.
// Only Bazel is fake.

#include <signal.h>

#include <memory>
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
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/lock.pb.h"
#include "release/job/fake_bazel.h"
#include "release/job/fake_cell.h"
#include "release/plan/lock_file.h"
#include "release/plan/matrix_digest.h"
#include "release/service/client/release_client.h"
#include "tests/fixtures/registry.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::release::v1::Attempt;
using ::gantry::release::v1::Cell;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::SizeIs;

constexpr char kMatrixProgram[] = "release/job/matrix";
constexpr char kServerProgram[] = "release/service/server/server";
constexpr int kCells = 12;
// Long enough for the delays of a busy machine: leases are renewed after a
// third.
constexpr absl::Duration kLease = absl::Seconds(9);

class FleetTest : public testing::Test {
 protected:
  // A worker with a state directory and a Bazel of its own.
  struct Worker {
    explicit Worker(const std::string& directory)
        : directory(directory), bazel(directory) {}

    std::string log() const { return JoinPath(directory, "log"); }

    const std::string directory;
    FakeBazel bazel;
    std::unique_ptr<BackgroundProcess> process;
  };

  void SetUp() override {
    ASSERT_THAT(CreateDirectories(PathOf("registry")), IsOk());
    GANTRY_ASSERT_OK_AND_ASSIGN(fixtures::Registry registry,
                                fixtures::Registry::Start(PathOf("registry")));
    registry_ = std::make_unique<fixtures::Registry>(std::move(registry));
    ASSERT_THAT(WriteFileAtomically(PathOf("matrix"), "# See the lock.\n"),
                IsOk());
    lock_.set_matrix_digest(*plan::MatrixDigest(PathOf("matrix")));
    for (int number = 1; number <= kCells; ++number) {
      AddTestCell(number, lock_);
    }
    StartService("127.0.0.1:0");
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  void StartService(const std::string& listen) {
    SubprocessOptions server;
    server.argv = {kServerProgram, absl::StrCat("--listen=", listen),
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

  // A worker whose Bazel builds all cells, after `commands`.
  std::unique_ptr<Worker> MakeWorker(const std::string& name,
                                     const std::string& commands,
                                     const std::string& content = "") {
    EXPECT_THAT(CreateDirectories(PathOf(name)), IsOk());
    auto worker = std::make_unique<Worker>(PathOf(name));
    for (int number = 1; number <= kCells; ++number) {
      BuildsTestCell(worker->directory, number, worker->bazel, {content});
    }
    worker->bazel.RunsFirst(commands);
    const StateDir state =
        *StateDir::Open(JoinPath(worker->directory, "state"));
    EXPECT_THAT(plan::WriteLock(lock_, state), IsOk());
    return worker;
  }

  void Start(Worker& worker) {
    SubprocessOptions job;
    job.argv = {"env",
                "GANTRY_BAZEL=" + worker.bazel.command()[0],
                kMatrixProgram,
                "--matrix=" + PathOf("matrix"),
                "--state=" + JoinPath(worker.directory, "state"),
                "--service=" + address_,
                "--registry=" + registry_->Repository("fleet"),
                "--batch=2",
                absl::StrCat("--lease=", absl::FormatDuration(kLease))};
    job.error_log = worker.log();
    GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess process,
                                BackgroundProcess::Start(job));
    worker.process = std::make_unique<BackgroundProcess>(std::move(process));
  }

  // Waits until the worker has leased cells.  Returns them.
  std::vector<Cell> WaitForLeases(const Worker& worker) {
    const absl::Time give_up = absl::Now() + absl::Seconds(60);
    while (absl::Now() < give_up) {
      // The name of a worker ends with it.
      const std::string id =
          ReadFile(JoinPath(worker.directory, "state/worker-id"))
              .value_or("not yet");
      std::vector<Cell> leased;
      const auto cells = client_->ListCells({});
      EXPECT_THAT(cells, IsOk());
      for (const Cell& cell : *cells) {
        if (absl::EndsWith(cell.lease().worker(), id)) leased.push_back(cell);
      }
      if (!leased.empty()) return leased;
      absl::SleepFor(absl::Milliseconds(50));
    }
    ADD_FAILURE() << "the worker leased nothing";
    return {};
  }

  // Waits for a file that a Bazel writes.
  void WaitForFile(const std::string& path) {
    const absl::Time give_up = absl::Now() + absl::Seconds(60);
    while (!ReadFile(path).ok() && absl::Now() < give_up) {
      absl::SleepFor(absl::Milliseconds(50));
    }
  }

  absl::StatusOr<std::string> DigestOfTag(const std::string& tag) {
    return RunCommand(
        {"skopeo", "inspect", "--tls-verify=false", "--format={{.Digest}}",
         absl::StrCat("docker://", registry_->Repository("fleet"), ":", tag)});
  }

  // Every cell has one revision, and both of its tags are that.
  void CheckCells() {
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells,
                                client_->ListCells({}));
    ASSERT_THAT(cells, SizeIs(kCells));
    for (const Cell& cell : cells) {
      EXPECT_EQ(cell.state(), release::v1::CELL_STATE_BUILT) << cell.reason();
      EXPECT_EQ(cell.revision(), 1);
      const std::string tag = CellTag(cell.coordinates());
      for (const std::string& name : {tag, absl::StrCat(tag, "-r1")}) {
        EXPECT_THAT(DigestOfTag(name),
                    IsOkAndHolds(cell.payload().digest() + "\n"));
      }
    }
  }

  std::vector<Attempt> Attempts(const std::string& id) {
    const auto attempts = client_->ListAttempts(id);
    EXPECT_THAT(attempts, IsOk());
    return {attempts->attempts().begin(), attempts->attempts().end()};
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  std::unique_ptr<fixtures::Registry> registry_;
  std::unique_ptr<BackgroundProcess> service_;
  std::string address_;
  std::unique_ptr<service::ReleaseClient> client_;
  matrix::v1::Lock lock_;
};

TEST_F(FleetTest, WorkersShareAMatrix) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (const char* name : {"a", "b", "c"}) {
    workers.push_back(MakeWorker(name, "sleep 1\n"));
    Start(*workers.back());
  }
  // The exit code says whether all cells were built when the worker ended.
  for (const auto& worker : workers) {
    worker->process->Wait();
    EXPECT_THAT(ReadFile(worker->log()), IsOkAndHolds(HasSubstr("built ")));
  }
  CheckCells();
  for (int number = 1; number <= kCells; ++number) {
    EXPECT_THAT(Attempts(TestId(number)), SizeIs(1));
  }
}

TEST_F(FleetTest, CellsOfAKilledWorkerAreBuiltByAnother) {
  const auto killed = MakeWorker("killed", "sleep 60\n");
  Start(*killed);
  WaitForLeases(*killed);
  killed->process->Signal(SIGKILL);
  killed->process->Wait();
  absl::SleepFor(kLease);
  const auto other = MakeWorker("other", "");
  Start(*other);
  EXPECT_EQ(other->process->Wait(), 0);
  CheckCells();
}

// The worker is stopped until its lease has expired and another has built its
// cells.  What it then has, with other content, is refused and moves no tag.
TEST_F(FleetTest, LateWorkerChangesNothing) {
  const std::string started = PathOf("started");
  const auto late = MakeWorker(
      "late", absl::StrCat("touch '", started, "'; sleep 1\n"), "late");
  Start(*late);
  WaitForFile(started);
  const std::vector<Cell> leased = WaitForLeases(*late);
  ASSERT_FALSE(leased.empty());
  late->process->Signal(SIGSTOP);
  absl::SleepFor(kLease + absl::Seconds(1));
  const auto other = MakeWorker("other", "");
  Start(*other);
  EXPECT_EQ(other->process->Wait(), 0);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> before,
                              client_->ListCells({}));

  late->process->Signal(SIGCONT);
  late->process->Wait();
  EXPECT_THAT(ReadFile(late->log()), IsOkAndHolds(HasSubstr(" is stale: ")));
  CheckCells();
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> after,
                              client_->ListCells({}));
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].payload().digest(), before[i].payload().digest());
  }
  EXPECT_THAT(
      Attempts(leased[0].id()),
      Contains(Property(&Attempt::outcome, release::v1::ATTEMPT_OUTCOME_LOST)));
}

TEST_F(FleetTest, RestartedServiceCostsNothing) {
  const std::string started = PathOf("started");
  const auto worker =
      MakeWorker("a", absl::StrCat("touch '", started, "'; sleep 2\n"));
  Start(*worker);
  WaitForFile(started);
  service_->Signal(SIGKILL);
  service_->Wait();
  absl::SleepFor(absl::Seconds(3));
  StartService(address_);
  EXPECT_EQ(worker->process->Wait(), 0);
  CheckCells();
  for (int number = 1; number <= kCells; ++number) {
    EXPECT_THAT(Attempts(TestId(number)), SizeIs(1));
  }
}

}  // namespace
}  // namespace gantry::job
