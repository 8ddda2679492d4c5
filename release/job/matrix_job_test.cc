#include "release/job/matrix_job.h"

#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/image_descriptor.pb.h"
#include "proto/lock.pb.h"
#include "proto/proof.pb.h"
#include "proto/release_service.pb.h"
#include "release/plan/lock_file.h"
#include "release/plan/matrix_digest.h"
#include "release/publish/oci_layout.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::payload::v1::Blob;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CELL_STATE_BUILDING;
using ::gantry::release::v1::CELL_STATE_BUILT;
using ::gantry::release::v1::CELL_STATE_EXCLUDED;
using ::gantry::release::v1::CELL_STATE_FAILED;
using ::gantry::release::v1::CELL_STATE_PLANNED;
using ::gantry::release::v1::CellState;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kMatrixProgram[] = "release/job/matrix";

// A script that says the events of the file beside it.
constexpr char kSayEvents[] = R"(
for a; do
  case $a in --build_event_json_file=*)
    cp "$(dirname "$0")/events.json" "${a#*=}"
  esac
done
)";

std::vector<CellState> States(const std::vector<Cell>& cells) {
  std::vector<CellState> states;
  for (const Cell& cell : cells) states.push_back(cell.state());
  return states;
}

// A state folder whose lock has the cells 1 and 2, and a program that stands
// where Bazel does and says what the test has it say.
class MatrixJobTest : public testing::Test {
 protected:
  MatrixJobTest()
      : dir_(*TempDir::Create(testing::TempDir())),
        state_(*StateDir::Open(Path("state"))) {
    options_.matrix_path = Write("matrix.textproto", "# See the lock.\n");
    options_.state = state_.path();
    options_.workspace = dir_.path();
    lock_.set_matrix_digest(*plan::MatrixDigest(options_.matrix_path));
    AddToLock(1);
    AddToLock(2);
    WriteEvents();
    Bazel(kSayEvents);
  }

  std::string Path(const std::string& name) const {
    return JoinPath(dir_.path(), name);
  }

  std::string Write(const std::string& name, const std::string& content) {
    EXPECT_TRUE(WriteFileAtomically(Path(name), content).ok());
    return Path(name);
  }

  matrix::v1::LockedCell& AddToLock(int number) {
    auto& cell = *lock_.add_cells();
    cell.set_id(fixtures::TestId(number));
    *cell.mutable_coordinates() = fixtures::TestCoordinates(number);
    // Known only from the image.
    cell.mutable_coordinates()->clear_kernel_release();
    cell.set_channel("6.1-cloud");
    return cell;
  }

  void Bazel(const std::string& script) {
    options_.bazel = {Write("bazel", "#!/bin/sh\n" + script)};
    ASSERT_EQ(chmod(options_.bazel[0].c_str(), 0755), 0);
  }

  // Bazel goes on when the test has opened and closed the pipe.
  void BazelWaitsFor(const std::string& pipe) {
    ASSERT_EQ(mkfifo(Path(pipe).c_str(), 0600), 0);
    Bazel("cat '" + Path(pipe) + "'\n" + kSayEvents);
  }

  void BazelMustNotStart() { Bazel("echo 'was started'; exit 7\n"); }

  Blob WriteBlob(const std::string& name, const std::string& media_type,
                 const std::string& content) {
    Write(name, content);
    Blob blob;
    blob.set_digest(Sha256Digest(content));
    blob.set_size(static_cast<int64_t>(content.size()));
    blob.set_media_type(media_type);
    blob.set_path(name);
    return blob;
  }

  // Bazel builds the cell; returns its image.
  payload::v1::ImageDescriptor Builds(int number) {
    payload::v1::ImageDescriptor image;
    *image.mutable_coordinates() = fixtures::TestCoordinates(number);
    *image.mutable_config() =
        WriteBlob(absl::StrCat(number, ".config.json"),
                  "application/vnd.oci.image.config.v1+json",
                  R"({"architecture":"amd64","os":"linux"})");
    *image.mutable_manifest() = WriteBlob(
        absl::StrCat(number, ".manifest.json"),
        "application/vnd.oci.image.manifest.v1+json",
        absl::StrCat(
            R"({"schemaVersion":2,"config":{"mediaType":")",
            image.config().media_type(), R"(","digest":")",
            image.config().digest(), R"(","size":)", image.config().size(),
            R"(},"layers":[],"annotations":{"cell":")", number, R"("}})"));
    const proof::v1::Proof proof =
        fixtures::TestPublication(number).payload().proof();
    WriteOutput(number, ".image.textproto", FormatTextProto(image));
    WriteOutput(number, ".proof.textproto", FormatTextProto(proof));
    events_[number] =
        absl::StrCat(R"({"id":)", Completed(number),
                     R"(,"completed":{"success":true,"importantOutput":[)",
                     Uri(number, ".image.textproto"), ",",
                     Uri(number, ".proof.textproto"), "]}}\n");
    WriteEvents();
    return image;
  }

  // The cell's modules are not compiled, with these words.
  void FailsWith(int number, const std::string& words) {
    WriteOutput(number, ".stderr", words);
    const std::string id =
        absl::StrCat(R"({"actionCompleted":{"primaryOutput":")", number,
                     R"(.ko","label":"@cells//:modules"}})");
    events_[number] = absl::StrCat(
        R"({"id":)", id, R"(,"action":{"type":"CompileKernelModules",)",
        R"("stderr":)", Uri(number, ".stderr"),
        R"(,"failureDetail":{"message":"compiler failed"}}})", "\n",
        R"({"id":)", Completed(number), R"(,"children":[)", id,
        R"(],"completed":{}})", "\n");
    WriteEvents();
  }

  absl::StatusOr<std::vector<Cell>> TryRun() {
    const auto written = plan::WriteLock(lock_, state_);
    EXPECT_TRUE(written.ok()) << written.status();
    Progress progress(stderr);
    return RunMatrixJob(options_, progress);
  }

  std::vector<Cell> Run() {
    const auto cells = TryRun();
    EXPECT_TRUE(cells.ok()) << cells.status();
    return cells.value_or(std::vector<Cell>());
  }

  // What the state's own service knows when no job runs.
  std::vector<Cell> Recorded() {
    service::ReleaseServerOptions options;
    options.database_path = state_.database_path();
    const auto server = service::ReleaseServer::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    return *service::ReleaseClient((*server)->InProcessChannel(), "")
                .ListCells({});
  }

  absl::StatusOr<std::string> DigestOfTag(int number) {
    return publish::OciLayout::Open(state_.oci_path())
        ->FindTag(CellTag(fixtures::TestCoordinates(number)));
  }

  TempDir dir_;
  const StateDir state_;
  matrix::v1::Lock lock_;
  MatrixOptions options_;

 private:
  void WriteEvents() {
    std::string text =
        absl::StrCat(R"({"id":{"workspace":{}},"workspaceInfo":)",
                     R"({"localExecRoot":")", dir_.path(), R"("}})", "\n");
    for (const auto& [number, events] : events_) text += events;
    text += "{\"id\":{\"buildFinished\":{}},\"finished\":{}}\n";
    Write("events.json", text);
  }

  void WriteOutput(int number, const std::string& suffix,
                   const std::string& content) {
    Write(absl::StrCat(number, suffix), content);
  }

  std::string Uri(int number, const std::string& suffix) const {
    return absl::StrCat(R"({"uri":"file://)",
                        Path(absl::StrCat(number, suffix)), R"("})");
  }

  static std::string Completed(int number) {
    return absl::StrCat(R"({"targetCompleted":{"label":"@cells//)",
                        fixtures::TestId(number), R"(:cell"}})");
  }

  std::map<int, std::string> events_;  // By cell.
};

TEST_F(MatrixJobTest, BuiltCellsAreTaggedAndNotBuiltAgain) {
  const auto first = Builds(1);
  const auto second = Builds(2);
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].id(), fixtures::TestId(1));
  EXPECT_EQ(cells[0].channel(), "6.1-cloud");
  EXPECT_EQ(cells[0].coordinates().kernel_release(), "6.1.0-56-cloud-amd64");
  EXPECT_EQ(cells[0].payload().digest(), first.manifest().digest());
  EXPECT_EQ(
      cells[0].payload().reference(),
      absl::StrCat("oci:", state_.oci_path(), "@", first.manifest().digest()));
  EXPECT_EQ(cells[0].payload().total_size(),
            first.manifest().size() + first.config().size());
  EXPECT_EQ(*DigestOfTag(1), first.manifest().digest());
  EXPECT_EQ(*DigestOfTag(2), second.manifest().digest());

  BazelMustNotStart();
  EXPECT_THAT(States(Run()), Each(CELL_STATE_BUILT));
}

TEST_F(MatrixJobTest, DryRunShowsAndChangesNothing) {
  AddToLock(3).set_exclusion_reason("too new");
  BazelMustNotStart();
  options_.dry_run = true;
  EXPECT_THAT(States(Run()), ElementsAre(CELL_STATE_PLANNED, CELL_STATE_PLANNED,
                                         CELL_STATE_EXCLUDED));
  EXPECT_THAT(Recorded(), IsEmpty());
}

TEST_F(MatrixJobTest, ExcludedCellsAreNotBuilt) {
  AddToLock(3).set_exclusion_reason("too new");
  for (int number : {1, 2, 3}) Builds(number);
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT,
                                         CELL_STATE_EXCLUDED));
  EXPECT_EQ(cells[2].reason(), "too new");
  EXPECT_FALSE(DigestOfTag(3).ok());
}

TEST_F(MatrixJobTest, LockOfAnotherMatrixIsNotUsed) {
  BazelMustNotStart();
  // The lock would do; this matrix itself asks for nothing.
  Write("matrix.textproto", "# Another matrix.\n");
  const absl::Status status = TryRun().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              StartsWith(options_.matrix_path + ": "));
}

TEST_F(MatrixJobTest, BazelIsAskedForMissingCellsOfThisLock) {
  FailsWith(1, "nv.c:1:2: error: no\n");
  Builds(2);
  Run();
  Bazel("printf '%s ' \"$@\" >'" + Path("arguments") + "'; exit 2\n");
  options_.bazel_options = {"--config=asked"};
  EXPECT_FALSE(TryRun().ok());
  const std::string arguments = *ReadFile(Path("arguments"));
  EXPECT_THAT(arguments, StartsWith("build --config=asked --repo_env="
                                    "GANTRY_LOCK=" +
                                    state_.locks_path() + "/"));
  EXPECT_THAT(arguments,
              EndsWith(" -- @cells//" + fixtures::TestId(1) + ":cell "));
}

TEST_F(MatrixJobTest, FailedCellKeepsItsLogAndDoesNotStopTheOther) {
  FailsWith(1, "nv.c:1:2: error: no\nmore of it\n");
  Builds(2);
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].reason(), "CompileKernelModules: nv.c:1:2: error: no");
  const std::string log = JoinPath(state_.log_path(fixtures::TestId(1)),
                                   "CompileKernelModules.log");
  EXPECT_EQ(cells[0].log_uri(), "file://" + log);
  EXPECT_EQ(*ReadFile(log), "nv.c:1:2: error: no\nmore of it\n");
  EXPECT_FALSE(DigestOfTag(1).ok());
}

TEST_F(MatrixJobTest, FailedCellIsBuiltByTheNextJob) {
  FailsWith(1, "out of memory\n");
  Builds(2);
  EXPECT_THAT(States(Run()), ElementsAre(CELL_STATE_FAILED, CELL_STATE_BUILT));
  Builds(1);
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), Each(CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].reason(), "");
  EXPECT_EQ(cells[0].log_uri(), "");
}

TEST_F(MatrixJobTest, ReasonIsRecordedAsOnePrintableLine) {
  FailsWith(1, "\x1b[31merror\x1b[0m:\tcaf\xc3\xa9 \xff\r\nsecond line\n");
  FailsWith(2, std::string(100'000, 'x'));
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), Each(CELL_STATE_FAILED));
  EXPECT_EQ(cells[0].reason(), "CompileKernelModules: ?[31merror?[0m: caf?? ?");
  EXPECT_THAT(cells[1].reason(), StartsWith("CompileKernelModules: xxxx"));
  EXPECT_THAT(cells[1].reason(), SizeIs(AllOf(Ge(500u), Le(4096u))));
}

TEST_F(MatrixJobTest, CellThatBazelDoesNotMentionHasFailed) {
  Builds(1);
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_FAILED));
  EXPECT_EQ(cells[1].reason(), "Bazel said nothing of it");
}

TEST_F(MatrixJobTest, AlteredBlobFailsItsCellOnly) {
  Builds(1);
  Write("1.config.json", "{}");
  Builds(2);
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_BUILT));
  EXPECT_THAT(cells[0].reason(), HasSubstr("1.config.json"));
  EXPECT_FALSE(DigestOfTag(1).ok());
}

TEST_F(MatrixJobTest, UnreachableRegistryIsTheReasonOfWhatWasToGoThere) {
  Builds(1);
  FailsWith(2, "nv.c:1:2: error: no\n");
  options_.registry = "127.0.0.1:1/x";
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_FAILED));
  EXPECT_THAT(cells[0].reason(), HasSubstr("127.0.0.1:1/x"));
  EXPECT_EQ(cells[1].reason(), "CompileKernelModules: nv.c:1:2: error: no");
}

TEST_F(MatrixJobTest, KilledJobsCellsAreTakenAgain) {
  ASSERT_TRUE(plan::WriteLock(lock_, state_).ok());
  Bazel("kill -KILL $PPID\n");
  SubprocessOptions job;
  job.argv = {"env", "GANTRY_BAZEL=" + options_.bazel[0], kMatrixProgram,
              "--matrix=" + options_.matrix_path, "--state=" + state_.path()};
  const auto killed = RunSubprocess(job);
  ASSERT_TRUE(killed.ok()) << killed.status();
  ASSERT_EQ(killed->exit_code, 128 + SIGKILL) << killed->error_output;
  EXPECT_THAT(States(Recorded()), Each(CELL_STATE_BUILDING));

  Bazel(kSayEvents);
  Builds(1);
  Builds(2);
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].attempt_count(), 2);
}

TEST_F(MatrixJobTest, SecondJobOnTheStateIsRefused) {
  BazelMustNotStart();
  const auto first_job = FileLock::TryAcquire(state_.job_lock_path());
  ASSERT_TRUE(first_job.ok()) << first_job.status();
  EXPECT_EQ(TryRun().status(),
            absl::FailedPreconditionError(absl::StrCat(
                state_.job_lock_path(), ": locked by another process")));
}

TEST_F(MatrixJobTest, UnknownChannelIsNotFoundAndNothingIsPlanned) {
  BazelMustNotStart();
  options_.channels = {"lts"};
  EXPECT_EQ(TryRun().status(),
            absl::NotFoundError("--channel: the lock has no channel \"lts\", "
                                "but 6.1-cloud"));
  EXPECT_THAT(Recorded(), IsEmpty());
}

TEST_F(MatrixJobTest, BazelsOwnFailureIsTheReasonOfAllCells) {
  Bazel("echo 'ERROR: bad option'; exit 2\n");
  const absl::Status status = TryRun().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(
      std::string(status.message()),
      AllOf(HasSubstr("bazel exited with 2"), HasSubstr("ERROR: bad option")));
  const std::vector<Cell> cells = Recorded();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_FAILED, CELL_STATE_FAILED));
  EXPECT_THAT(cells[0].reason(), StartsWith("bazel exited with 2"));
  EXPECT_EQ(cells[0].log_uri(), "file://" + state_.log_path("bazel.log"));
}

TEST_F(MatrixJobTest, ServiceThatIsAwayIsNamed) {
  BazelMustNotStart();
  options_.service = "127.0.0.1:1";
  const absl::Status status = TryRun().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:1"));
}

// With a service that others use too, in a time of its own.
class SharedServiceTest : public MatrixJobTest {
 protected:
  SharedServiceTest() {
    service::ReleaseServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.database_path = Path("shared.db");
    options.clock = [this] {
      return absl::FromUnixSeconds(1'700'000'000) + absl::Hours(hours_.load());
    };
    server_ = *service::ReleaseServer::Start(options);
    options_.service = absl::StrCat("127.0.0.1:", server_->port());
    client_ = *service::ReleaseClient::Connect(options_.service);
  }

  // Another worker takes the cell for an hour.
  void TakenByAnother(int number) {
    ASSERT_TRUE(client_->PlanCells({fixtures::TestPlan(number)}).ok());
    release::v1::ClaimCellsRequest claim;
    claim.set_worker("another");
    claim.add_ids(fixtures::TestId(number));
    ASSERT_THAT(*client_->ClaimCells(claim), SizeIs(1));
  }

  std::atomic<int> hours_{0};
  std::unique_ptr<service::ReleaseServer> server_;
  std::unique_ptr<service::ReleaseClient> client_;
};

TEST_F(SharedServiceTest, CellsAreRecordedThereAndNotInTheState) {
  Builds(1);
  Builds(2);
  Run();
  EXPECT_THAT(States(*client_->ListCells({})),
              ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT));
  EXPECT_FALSE(std::filesystem::exists(state_.database_path()));
}

TEST_F(SharedServiceTest, DryRunShowsWhatIsThereAndChangesNothing) {
  TakenByAnother(1);
  BazelMustNotStart();
  options_.dry_run = true;
  EXPECT_THAT(States(Run()),
              ElementsAre(CELL_STATE_BUILDING, CELL_STATE_PLANNED));
  EXPECT_THAT(*client_->ListCells({}), SizeIs(1));
}

TEST_F(SharedServiceTest, LeaseOfAnotherWorkerCountsUntilItEnds) {
  Builds(1);
  Builds(2);
  TakenByAnother(1);
  const std::vector<Cell> cells = Run();
  ASSERT_THAT(States(cells),
              ElementsAre(CELL_STATE_BUILDING, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].lease().worker(), "another");

  hours_ = 2;
  EXPECT_THAT(States(Run()), Each(CELL_STATE_BUILT));
}

TEST_F(SharedServiceTest, CellLostToAnotherWorkerIsLeftAsItIs) {
  Builds(1);
  Builds(2);
  BazelWaitsFor("go");
  const auto theirs = fixtures::TestPublication(1, "their image");
  std::thread another([&] {
    std::ofstream go(Path("go"));  // Waits until Bazel reads it.
    hours_ = 24;
    TakenByAnother(1);
    auto publication = theirs;
    publication.set_fencing_token(
        client_->GetCell(fixtures::TestId(1))->lease().fencing_token());
    EXPECT_TRUE(client_->PublishPayload(publication).ok());
  });
  const std::vector<Cell> cells = Run();
  another.join();
  ASSERT_THAT(States(cells), ElementsAre(CELL_STATE_BUILT, CELL_STATE_BUILT));
  EXPECT_EQ(cells[0].payload().digest(), theirs.payload().digest());
}

}  // namespace
}  // namespace gantry::job
