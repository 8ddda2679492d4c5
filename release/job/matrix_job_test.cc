#include "release/job/matrix_job.h"

#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/image_descriptor.pb.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/fake_bazel.h"
#include "release/job/fake_cell.h"
#include "release/plan/lock_file.h"
#include "release/plan/matrix_digest.h"
#include "release/publish/oci_layout.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "tests/fixtures/file_server.h"
#include "tests/fixtures/openpgp_signer.h"
#include "tests/fixtures/registry.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::payload::v1::ImageDescriptor;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CELL_STATE_BUILDING;
using ::gantry::release::v1::CELL_STATE_BUILT;
using ::gantry::release::v1::CELL_STATE_EXCLUDED;
using ::gantry::release::v1::CELL_STATE_FAILED;
using ::gantry::release::v1::CELL_STATE_PLANNED;
using ::gantry::release::v1::CELL_STATE_RETIRED;
using ::gantry::release::v1::CellState;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::ResultOf;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kMatrixProgram[] = "release/job/matrix";

std::vector<CellState> States(const std::vector<Cell>& cells) {
  std::vector<CellState> states;
  for (const Cell& cell : cells) states.push_back(cell.state());
  return states;
}

// A state directory whose lock has the cells 1 and 2, and a fake Bazel.
class MatrixJobTest : public testing::Test {
 protected:
  MatrixJobTest()
      : directory_(*TempDir::Create(testing::TempDir())),
        state_(*StateDir::Open(PathOf("state"))),
        bazel_(directory_.path()) {
    options_.planning.matrix_path =
        Write("matrix.textproto", "# See the lock.\n");
    options_.state = state_.path();
    options_.work.workspace = directory_.path();
    options_.work.bazel = bazel_.command();
    lock_.set_matrix_digest(*plan::MatrixDigest(options_.planning.matrix_path));
    AddToLock(1);
    AddToLock(2);
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  std::string Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(WriteFileAtomically(PathOf(name), content), IsOk());
    return PathOf(name);
  }

  matrix::v1::LockedCell& AddToLock(int number) {
    return AddTestCell(number, lock_);
  }

  // Bazel builds the cell; returns its image.
  ImageDescriptor Builds(int number, const FakeCellOptions& options = {}) {
    return BuildsTestCell(directory_.path(), number, bazel_, options);
  }

  // Bazel fails to compile the cell's modules.
  void FailsWith(int number, const std::string& log) {
    bazel_.Fails(TestLabel(number), "CompileKernelModules", log);
  }

  void BazelMustNotStart() {
    bazel_.RunsFirst("echo 'must not start'; exit 7\n");
  }

  absl::StatusOr<std::vector<Cell>> Run() {
    EXPECT_THAT(plan::WriteLock(lock_, state_), IsOk());
    Progress progress(stderr);
    GANTRY_ASSIGN_OR_RETURN(MatrixResult result,
                            RunMatrixJob(options_, progress));
    failed_channels_ = std::move(result.failed_channels);
    return std::move(result.cells);
  }

  // What the service of the state directory knows when no job runs.
  std::vector<Cell> Recorded() {
    service::ReleaseServerOptions options;
    options.database_path = state_.database_path();
    const auto server = service::ReleaseServer::Start(options);
    EXPECT_THAT(server, IsOk());
    return *service::ReleaseClient((*server)->InProcessChannel(), "")
                .ListCells({});
  }

  absl::StatusOr<std::string> DigestOfTag(int number,
                                          const std::string& suffix = "") {
    return publish::OciLayout::Open(state_.oci_path())
        ->FindTag(CellTag(fixtures::TestCoordinates(number)) + suffix);
  }

  const TempDir directory_;
  const StateDir state_;
  FakeBazel bazel_;
  matrix::v1::Lock lock_;
  MatrixOptions options_;
  // Those of the last job.
  std::vector<std::string> failed_channels_;
};

TEST_F(MatrixJobTest, BuiltCellsAreTaggedAndNotBuiltAgain) {
  const auto first = Builds(1);
  const auto second = Builds(2);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].id(), fixtures::TestId(1));
  EXPECT_THAT(cells[0].channels(), ElementsAre("6.1-cloud"));
  EXPECT_EQ(cells[0].coordinates().kernel_release(), "6.1.0-56-cloud-amd64");
  EXPECT_EQ(cells[0].payload().digest(), first.manifest().digest());
  EXPECT_EQ(
      cells[0].payload().reference(),
      absl::StrCat("oci:", state_.oci_path(), "@", first.manifest().digest()));
  EXPECT_EQ(cells[0].payload().total_size(),
            first.manifest().size() + first.config().size());
  EXPECT_THAT(DigestOfTag(1), IsOkAndHolds(first.manifest().digest()));
  EXPECT_THAT(DigestOfTag(2), IsOkAndHolds(second.manifest().digest()));

  BazelMustNotStart();
  EXPECT_THAT(Run(), IsOkAndHolds(ResultOf(States, Each(CELL_STATE_BUILT))));
}

TEST_F(MatrixJobTest, DryRunChangesNothing) {
  AddToLock(3).set_exclusion_reason("too new");
  BazelMustNotStart();
  options_.dry_run = true;
  EXPECT_THAT(Run(),
              IsOkAndHolds(ResultOf(
                  States, ElementsAre(CELL_STATE_PLANNED, CELL_STATE_PLANNED,
                                      CELL_STATE_EXCLUDED))));
  EXPECT_THAT(Recorded(), IsEmpty());
}

TEST_F(MatrixJobTest, ExcludedCellsAreNotBuilt) {
  AddToLock(3).set_exclusion_reason("too new");
  for (int number : {1, 2, 3}) Builds(number);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT,
                                         CELL_STATE_EXCLUDED));
  EXPECT_EQ(cells[2].reason(), "too new");
  EXPECT_THAT(DigestOfTag(3), Not(IsOk()));
}

TEST_F(MatrixJobTest, LockOfAnotherMatrixIsNotUsed) {
  BazelMustNotStart();
  // The lock has cells to build; this matrix itself is invalid.
  Write("matrix.textproto", "# Another matrix.\n");
  EXPECT_THAT(Run(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith(options_.planning.matrix_path + ": ")));
}

TEST_F(MatrixJobTest, LockWithAFailedChannelIsNotTakenForComplete) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::FileServer server,
                              fixtures::FileServer::Start(directory_.path()));
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::OpenPgpSigner signer,
                              fixtures::OpenPgpSigner::Create());
  Write("matrix.textproto",
        absl::Substitute(R"(
    operating_systems {
      family: FAMILY_DEBIAN
      debian_suite: "bookworm"
      channels { name: "6.1-cloud" versions: "6.1.0-56-cloud-amd64" }
    }
    operating_systems {
      family: FAMILY_FLATCAR
      base_url: "$0"
      keyring: "$1"
      channels { name: "beta" }
    }
    drivers {
      version: "535"
      flavour: DRIVER_FLAVOUR_OPEN
      redist {}
    }
    cuda_toolkits { version: "12.1" redist {} }
  )",
                         server.Url("missing"), signer.public_key_path()));
  const auto coordinates = fixtures::TestCoordinates(1);
  lock_.set_matrix_digest(*plan::MatrixDigest(options_.planning.matrix_path));
  auto& release = *lock_.mutable_releases(0);
  release.set_family(matrix::v1::FAMILY_DEBIAN);
  release.add_channels("6.1-cloud");
  lock_.mutable_cuda_toolkits()->RemoveLast();
  auto& failed = *lock_.add_failed_channels();
  failed.set_family(matrix::v1::FAMILY_FLATCAR);
  failed.set_name("beta");

  Builds(1);
  EXPECT_THAT(Run(),
              IsOkAndHolds(ResultOf(States, ElementsAre(CELL_STATE_BUILT))));
  EXPECT_THAT(failed_channels_, ElementsAre("beta"));

  BazelMustNotStart();
  SubprocessOptions job;
  job.argv = {"env", "GANTRY_BAZEL=" + bazel_.command()[0], kMatrixProgram,
              "--matrix=" + options_.planning.matrix_path,
              "--state=" + state_.path()};
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult incomplete,
                              RunSubprocess(job));
  EXPECT_EQ(incomplete.exit_code, 3);
  EXPECT_THAT(incomplete.error_output,
              HasSubstr("error: channel beta of FAMILY_FLATCAR: "));

  // The other channel is complete.
  job.argv.push_back("--channel=6.1-cloud");
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult complete,
                              RunSubprocess(job));
  EXPECT_EQ(complete.exit_code, 0) << complete.error_output;
}

TEST_F(MatrixJobTest, BazelBuildsMissingCellsOfTheLock) {
  FailsWith(1, "cc1: out of memory\n");
  Builds(2);
  EXPECT_THAT(Run(), IsOk());
  bazel_.RunsFirst("echo \"$@\" >'" + PathOf("arguments") + "'\n");
  options_.work.bazel_options = {"--config=asked"};
  EXPECT_THAT(Run(), IsOk());
  EXPECT_THAT(ReadFile(PathOf("arguments")),
              IsOkAndHolds(AllOf(StartsWith("build --config=asked --repo_env="
                                            "GANTRY_LOCK=" +
                                            state_.batch_locks_path() + "/"),
                                 HasSubstr(" --output_groups=+image,+proof "),
                                 EndsWith(" -- " + TestLabel(1) + "\n"))));
}

TEST_F(MatrixJobTest, FailedCellHasALogAndOthersAreBuilt) {
  FailsWith(1, "nv.c:1:2: error: no\nmore of it\n");
  Builds(2);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].reason(), "CompileKernelModules: nv.c:1:2: error: no");
  const std::string log = JoinPath(state_.log_path(fixtures::TestId(1)),
                                   "CompileKernelModules.log");
  EXPECT_EQ(cells[0].log_uri(), "file://" + log);
  EXPECT_THAT(ReadFile(log), IsOkAndHolds("nv.c:1:2: error: no\nmore of it\n"));
  EXPECT_THAT(DigestOfTag(1), Not(IsOk()));
}

TEST_F(MatrixJobTest, FailedCellIsBuiltByTheNextJob) {
  FailsWith(1, "out of memory\n");
  Builds(2);
  EXPECT_THAT(Run(),
              IsOkAndHolds(ResultOf(
                  States, ElementsAre(CELL_STATE_FAILED, CELL_STATE_BUILT))));
  Builds(1);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), Each(CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].reason(), "");
  EXPECT_EQ(cells[0].log_uri(), "");
}

TEST_F(MatrixJobTest, ReasonIsRecordedAsOnePrintableLine) {
  FailsWith(1, "\x1b[31merror\x1b[0m:\tcaf\xc3\xa9 \xff\r\nsecond line\n");
  FailsWith(2, std::string(100'000, 'x'));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), Each(CELL_STATE_FAILED));
  EXPECT_EQ(cells[0].reason(), "CompileKernelModules: ?[31merror?[0m: caf?? ?");
  EXPECT_THAT(cells[1].reason(), StartsWith("CompileKernelModules: xxxx"));
  EXPECT_THAT(cells[1].reason(), SizeIs(AllOf(Ge(500u), Le(4096u))));
}

TEST_F(MatrixJobTest, CellWithoutAResultFails) {
  Builds(1);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_FAILED));
  EXPECT_EQ(cells[1].reason(), "Bazel reported no result for this target");
}

TEST_F(MatrixJobTest, AlteredBlobFailsItsCellOnly) {
  Builds(1);
  Write("1.config.json", "{}");
  Builds(2);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_BUILT));
  EXPECT_THAT(cells[0].reason(), HasSubstr("1.config.json"));
  EXPECT_THAT(DigestOfTag(1), Not(IsOk()));
}

TEST_F(MatrixJobTest, UnreachableRegistryFailsItsCells) {
  Builds(1);
  FailsWith(2, "nv.c:1:2: error: no\n");
  options_.work.registry = "127.0.0.1:1/x";
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_FAILED));
  EXPECT_THAT(cells[0].reason(), HasSubstr("127.0.0.1:1/x"));
  EXPECT_EQ(cells[1].reason(), "CompileKernelModules: nv.c:1:2: error: no");
}

TEST_F(MatrixJobTest, RegistryGetsWhatWasBuiltBefore) {
  const auto image = Builds(1);
  FailsWith(2, "nv.c:1:2: error: no\n");
  EXPECT_THAT(Run(), IsOk());
  ASSERT_THAT(CreateDirectories(PathOf("registry")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::Registry registry,
                              fixtures::Registry::Start(PathOf("registry")));
  BazelMustNotStart();
  publish::Destination destination;
  destination.registry_repository = registry.Repository("fleet");
  options_.work.registry = destination.registry_repository;
  EXPECT_THAT(Run(), IsOk());
  const std::string tag = CellTag(fixtures::TestCoordinates(1));
  EXPECT_THAT(publish::ListTags(destination),
              IsOkAndHolds(ElementsAre(tag, tag + "-r1")));
  EXPECT_THAT(publish::FindTag(tag, destination),
              IsOkAndHolds(image.manifest().digest()));
}

// Other machines could not read what the service would record.
TEST_F(MatrixJobTest, ServiceWithoutRegistryIsAnError) {
  SubprocessOptions job;
  job.argv = {kMatrixProgram, "--service=127.0.0.1:1"};
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                              RunSubprocess(job));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error_output,
              StartsWith("matrix: --registry: required with --service: "));
}

TEST_F(MatrixJobTest, CellsOfAKilledJobAreClaimedAgain) {
  ASSERT_THAT(plan::WriteLock(lock_, state_), IsOk());
  bazel_.RunsFirst("kill -KILL $PPID\n");
  SubprocessOptions job;
  job.argv = {"env", "GANTRY_BAZEL=" + bazel_.command()[0], kMatrixProgram,
              "--matrix=" + options_.planning.matrix_path,
              "--state=" + state_.path()};
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult killed,
                              RunSubprocess(job));
  ASSERT_EQ(killed.exit_code, 128 + SIGKILL) << killed.error_output;
  EXPECT_THAT(States(Recorded()), Each(CELL_STATE_BUILDING));

  bazel_.RunsFirst("");
  Builds(1);
  Builds(2);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT));
  // The first one was interrupted.
  EXPECT_EQ(cells[0].attempt_count(), 1);
}

TEST_F(MatrixJobTest, CellThatCannotBeBuiltWaitsForAnotherRecipe) {
  FailsWith(1, "nv.c:1:2: error: no\n");
  Builds(2);
  EXPECT_THAT(Run(), IsOk());
  BazelMustNotStart();
  EXPECT_THAT(Run(),
              IsOkAndHolds(ResultOf(
                  States, ElementsAre(CELL_STATE_FAILED, CELL_STATE_BUILT))));

  // The patch is part of the recipe, and its reason is not.
  auto& patch = *lock_.mutable_drivers(0)->add_patches();
  patch.set_content("--- a/x\n+++ b/x\n");
  bazel_.RunsFirst("");
  Builds(1);
  EXPECT_THAT(Run(), IsOkAndHolds(ResultOf(States, Each(CELL_STATE_BUILT))));
  BazelMustNotStart();
  patch.set_reason("another reason");
  EXPECT_THAT(Run(), IsOkAndHolds(ResultOf(States, Each(CELL_STATE_BUILT))));
}

TEST_F(MatrixJobTest, OtherContentIsTheNextRevision) {
  const auto first = Builds(1);
  Builds(2);
  EXPECT_THAT(Run(), IsOk());
  lock_.mutable_cuda_toolkits(0)->set_with_static_archives(true);
  const auto second = Builds(1, {"second"});
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].revision(), 2);
  EXPECT_EQ(cells[0].payload().digest(), second.manifest().digest());
  EXPECT_EQ(cells[1].revision(), 1);
  EXPECT_THAT(DigestOfTag(1), IsOkAndHolds(second.manifest().digest()));
  EXPECT_THAT(DigestOfTag(1, "-r1"), IsOkAndHolds(first.manifest().digest()));
  EXPECT_THAT(DigestOfTag(1, "-r2"), IsOkAndHolds(second.manifest().digest()));
}

TEST_F(MatrixJobTest, CellThatLeftTheMatrixIsRetired) {
  Builds(1);
  Builds(2);
  EXPECT_THAT(Run(), IsOk());
  lock_.mutable_cells()->RemoveLast();
  EXPECT_THAT(Run(), IsOk());
  EXPECT_THAT(States(Recorded()),
              ElementsAre(CELL_STATE_BUILT, CELL_STATE_RETIRED));
}

TEST_F(MatrixJobTest, TargetsThatWereBuiltBeforeBazelDiedAreRecorded) {
  const auto image = Builds(1);
  bazel_.RunsLast("exit 37\n");
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInternal,
                              HasSubstr("bazel exited with 37")));
  EXPECT_THAT(States(Recorded()),
              ElementsAre(CELL_STATE_BUILT, CELL_STATE_FAILED));
  EXPECT_THAT(DigestOfTag(1), IsOkAndHolds(image.manifest().digest()));
}

// Failures, however many, keep no cell from being built in the same run.
TEST_F(MatrixJobTest, ManyFailuresDoNotDelayOtherCells) {
  constexpr int kCells = 300;
  constexpr int kFailures = 200;
  bazel_.Defer();
  for (int number = 1; number <= kCells; ++number) {
    if (number > 2) AddToLock(number);
    if (number <= kFailures) {
      FailsWith(number, absl::StrCat("nv.c:", number, ":2: error: no\n"));
    } else {
      Builds(number);
    }
  }
  bazel_.RunsFirst("");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(cells, SizeIs(kCells));
  std::set<std::string> fingerprints;
  int built = 0;
  for (const Cell& cell : cells) {
    if (cell.state() == CELL_STATE_BUILT) ++built;
    if (cell.state() == CELL_STATE_FAILED) {
      fingerprints.insert(cell.failure().fingerprint());
    }
  }
  EXPECT_EQ(built, kCells - kFailures);
  EXPECT_THAT(fingerprints, SizeIs(1));
}

TEST_F(MatrixJobTest, ProofThatLacksAModuleIsRefused) {
  Builds(1, {"", {"nvidia-0", "nvidia-peermem"}});
  Builds(2);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_BUILT));
  EXPECT_THAT(cells[0].reason(), HasSubstr("it does not name nvidia-peermem"));
  EXPECT_THAT(DigestOfTag(1), Not(IsOk()));
}

TEST_F(MatrixJobTest, SecondJobOnAStateDirectoryIsRefused) {
  BazelMustNotStart();
  GANTRY_ASSERT_OK_AND_ASSIGN(const FileLock first_job,
                              FileLock::TryAcquire(state_.job_lock_path()));
  EXPECT_THAT(Run(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       state_.job_lock_path() + ": locked by another process"));
}

TEST_F(MatrixJobTest, UnknownChannelIsNotFoundAndNothingIsPlanned) {
  BazelMustNotStart();
  options_.planning.channels = {"lts"};
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kNotFound,
                              "--channel: unknown channel \"lts\"; expected "
                              "one of 6.1-cloud"));
  EXPECT_THAT(Recorded(), IsEmpty());
}

TEST_F(MatrixJobTest, BazelErrorFailsAllCells) {
  bazel_.RunsFirst("echo 'ERROR: bad option'; exit 2\n");
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInternal,
                              AllOf(HasSubstr("bazel exited with 2"),
                                    HasSubstr("ERROR: bad option"))));
  const std::vector<Cell> cells = Recorded();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_FAILED));
  EXPECT_THAT(cells[0].reason(), StartsWith("bazel exited with 2"));
  EXPECT_EQ(cells[0].log_uri(), "file://" + state_.log_path("bazel.log"));
}

TEST_F(MatrixJobTest, UnreachableServiceIsUnavailable) {
  BazelMustNotStart();
  options_.planning.service = "127.0.0.1:1";
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kUnavailable,
                              HasSubstr("127.0.0.1:1")));
}

// With a service that others use too, and a fake clock.
class SharedServiceTest : public MatrixJobTest {
 protected:
  SharedServiceTest() {
    service::ReleaseServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.database_path = PathOf("shared.db");
    options.clock = [this] {
      return absl::FromUnixSeconds(1'700'000'000) + absl::Hours(hours_.load());
    };
    server_ = *service::ReleaseServer::Start(options);
    options_.planning.service = absl::StrCat("127.0.0.1:", server_->port());
    client_ = *service::ReleaseClient::Connect(options_.planning.service);
  }

  void SetUp() override {
    ASSERT_THAT(CreateDirectories(PathOf("registry")), IsOk());
    GANTRY_ASSERT_OK_AND_ASSIGN(fixtures::Registry registry,
                                fixtures::Registry::Start(PathOf("registry")));
    registry_.emplace(std::move(registry));
    options_.work.registry = registry_->Repository("gantry");
  }

  // Another worker takes the cell for an hour.
  void TakenByAnother(int number) {
    ASSERT_THAT(client_->PlanCells({fixtures::TestPlan(number)}), IsOk());
    release::v1::ClaimCellsRequest claim;
    claim.set_worker("another");
    claim.add_ids(fixtures::TestId(number));
    ASSERT_THAT(client_->ClaimCells(claim), IsOkAndHolds(SizeIs(1)));
  }

  std::atomic<int> hours_{0};
  absl::optional<fixtures::Registry> registry_;
  std::unique_ptr<service::ReleaseServer> server_;
  std::unique_ptr<service::ReleaseClient> client_;
};

TEST_F(SharedServiceTest, CellsAreRecordedOnlyInTheSharedService) {
  Builds(1);
  Builds(2);
  EXPECT_THAT(Run(), IsOk());
  EXPECT_THAT(client_->ListCells({}),
              IsOkAndHolds(ResultOf(
                  States, ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT))));
  EXPECT_FALSE(std::filesystem::exists(state_.database_path()));
}

// A path of this machine would mean nothing to those who ask the service.
TEST_F(SharedServiceTest, LogsAreSentWithoutTheirPaths) {
  FailsWith(1, "nv.c:1:2: error: no\nmore of it\n");
  Builds(2);
  EXPECT_THAT(Run(), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto log,
                              client_->GetLog(fixtures::TestId(1)));
  EXPECT_EQ(log.log(), "nv.c:1:2: error: no\nmore of it\n");
  EXPECT_EQ(log.attempt().log_uri(), "");
}

TEST_F(SharedServiceTest, DryRunShowsStatesWithoutChangingThem) {
  TakenByAnother(1);
  BazelMustNotStart();
  options_.dry_run = true;
  EXPECT_THAT(Run(),
              IsOkAndHolds(ResultOf(States, ElementsAre(CELL_STATE_BUILDING,
                                                        CELL_STATE_PLANNED))));
  EXPECT_THAT(client_->ListCells({}), IsOkAndHolds(SizeIs(1)));
}

TEST_F(SharedServiceTest, LeaseOfAnotherWorkerIsRespectedUntilItExpires) {
  Builds(1);
  Builds(2);
  TakenByAnother(1);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  ASSERT_THAT(States(cells),
              ElementsAre(CELL_STATE_BUILDING, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].lease().worker(), "another");

  hours_ = 2;
  EXPECT_THAT(Run(), IsOkAndHolds(ResultOf(States, Each(CELL_STATE_BUILT))));
}

TEST_F(SharedServiceTest, CellLostToAnotherWorkerIsUnchanged) {
  Builds(1);
  Builds(2);
  const std::string pipe = PathOf("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  bazel_.RunsFirst("cat '" + pipe + "'\n");  // Until it is closed.
  const auto theirs = fixtures::TestRevision(1, "their image");
  std::thread another([&] {
    const std::ofstream writer(pipe);  // Waits until Bazel reads it.
    hours_ = 24;
    TakenByAnother(1);
    auto publication = theirs;
    const auto lease = client_->GetCell(fixtures::TestId(1))->lease();
    publication.set_fencing_token(lease.fencing_token());
    publication.set_recipe_digest(lease.recipe_digest());
    EXPECT_THAT(client_->RecordRevision(publication), IsOk());
  });
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells, Run());
  another.join();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].payload().digest(), theirs.payload().digest());
  publish::Destination destination;
  destination.registry_repository = options_.work.registry;
  EXPECT_THAT(
      publish::FindTag(CellTag(fixtures::TestCoordinates(1)), destination),
      StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry::job
