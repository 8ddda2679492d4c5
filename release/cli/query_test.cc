#include "release/cli/query.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/event.pb.h"
#include "proto/proof.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/cell_table.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

const char kDigest[] =
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const char kBuiltId[] =
    "debian-12-6.1.0-56-cloud-amd64_amd64_nvidia_535.261.03_open_cuda12.4";
const char kFailedId[] =
    "debian-12-6.1.0-56-cloud-amd64_amd64_nvidia_535.261.03_open_cuda11.8";

cell::v1::CellCoordinates Coordinates(const std::string& cuda_version) {
  cell::v1::CellCoordinates coordinates;
  coordinates.set_os_release("debian-12-6.1.0-56-cloud-amd64");
  coordinates.set_architecture("amd64");
  coordinates.set_product("nvidia");
  coordinates.set_kernel_release("6.1.0-56-cloud-amd64");
  coordinates.set_version("535.261.03");
  coordinates.set_cuda_version(cuda_version);
  coordinates.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  return coordinates;
}

// A state directory with a built and a failed cell, and a host's root file
// system.
class QueryTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory, TempDir::Create());
    directory_ = std::make_unique<TempDir>(std::move(directory));
    options_.state_dir = PathOf("state");
    ASSERT_THAT(CreateDirectories(options_.state_dir), IsOk());
    options_.rootfs = PathOf("rootfs");
    WriteRoot("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    options_.kernel_release = "6.1.0-56-cloud-amd64";

    StartServer("");
    RecordFailure();
    RecordPayload();
  }

  // Ends the one that runs.
  void StartServer(const std::string& listen_address) {
    server_.reset();
    service::ReleaseServerOptions options;
    options.database_path = database_path();
    options.listen_address = listen_address;
    GANTRY_ASSERT_OK_AND_ASSIGN(server_,
                                service::ReleaseServer::Start(options));
  }

  // Makes commands use the service through a port.
  void UseService() {
    ASSERT_NO_FATAL_FAILURE(StartServer("127.0.0.1:0"));
    options_.service = absl::StrCat("127.0.0.1:", server_->port());
  }

  service::ReleaseClient Client() {
    return service::ReleaseClient(server_->InProcessChannel(), "test");
  }

  // The service stores `log`, if there is one.
  void RecordFailure(const std::string& log = "") {
    service::ReleaseClient client = Client();
    release::v1::CellPlan plan;
    *plan.mutable_coordinates() = Coordinates("11.8");
    plan.add_channels("6.1-cloud");
    ASSERT_THAT(client.PlanCells({plan}), IsOk());
    release::v1::ClaimCellsRequest claim;
    claim.set_worker("worker");
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed,
                                client.ClaimCells(claim));
    release::v1::FailAttemptRequest request;
    request.mutable_lease()->set_id(kFailedId);
    request.mutable_lease()->set_fencing_token(
        claimed.at(0).lease().fencing_token());
    auto& failure = *request.mutable_failure();
    failure.set_class_(release::v1::FAILURE_CLASS_DETERMINISTIC);
    failure.set_stage("compile");
    failure.set_fingerprint("v1:compile:12");
    failure.set_reason("nv-pci.c:1: too few arguments");
    request.set_log_uri("file://" + PathOf("compile.log"));
    request.set_log(log);
    ASSERT_THAT(client.FailAttempt(request), IsOk());
  }

  void RecordPayload() {
    release::v1::RecordRevisionRequest publication;
    *publication.mutable_coordinates() = Coordinates("12.4");
    auto* payload = publication.mutable_payload();
    payload->set_digest(kDigest);
    payload->set_reference(absl::StrCat("oci:/srv/oci@", kDigest));
    payload->mutable_proof()->set_accepted(true);
    payload->mutable_proof()->set_kernel_release("6.1.0-56-cloud-amd64");
    auto* module = payload->mutable_proof()->add_modules();
    module->set_name("nvidia");
    module->set_digest(kDigest);
    module->set_static_verdict(proof::v1::VERDICT_ACCEPTED);
    auto* recorded = publication.add_modules();
    recorded->set_name(module->name());
    recorded->set_digest(module->digest());
    ASSERT_THAT(Client().RecordRevision(publication), IsOk());
  }

  // Stores an event without the service's checks.
  void Store(const release::v1::Event& event) {
    server_.reset();
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto store,
                                service::CellStore::Open(database_path()));
    ASSERT_THAT(store->WriteAndWait([&](service::CellTable& table, absl::Time) {
      return table.Append(event);
    }),
                IsOk());
  }

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_->path(), name);
  }
  std::string database_path() const {
    return JoinPath(options_.state_dir, "release.db");
  }

  void WriteRoot(const std::string& path, const std::string& content) {
    const std::filesystem::path file = options_.rootfs + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }

  void AddGpu(const std::string& slot, const std::string& pci_class,
              const std::string& vendor, const std::string& device) {
    const std::string directory = "sys/bus/pci/devices/" + slot;
    WriteRoot(directory + "/class", pci_class + "\n");
    WriteRoot(directory + "/vendor", vendor + "\n");
    WriteRoot(directory + "/device", device + "\n");
  }

  // Runs a command and sets `found_` and `output_`.
  absl::Status Run(const std::vector<std::string>& command) {
    options_.command = command;
    std::ostringstream out;
    const absl::StatusOr<bool> found = Query(options_, out);
    found_ = found.value_or(false);
    output_ = out.str();
    return found.status();
  }

  std::unique_ptr<TempDir> directory_;
  std::unique_ptr<service::ReleaseServer> server_;
  QueryOptions options_;
  bool found_ = false;
  std::string output_;
};

TEST_F(QueryTest, ListPrintsATable) {
  ASSERT_THAT(Run({"list"}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_EQ(output_,
            absl::StrCat("CELL", std::string(sizeof(kBuiltId) - 3, ' '),
                         "CHANNELS   STATE   PAYLOAD OR REASON\n", kFailedId,
                         "  6.1-cloud  failed  nv-pci.c:1: too few arguments\n",
                         kBuiltId, "             built   ", kDigest, "\n"));
}

TEST_F(QueryTest, ListFilters) {
  options_.cell_states = {"planned", "built"};
  options_.cuda_version = "12";
  options_.json = true;
  ASSERT_THAT(Run({"list"}), IsOk());
  EXPECT_THAT(output_, HasSubstr(absl::StrCat("\"id\": \"", kBuiltId, "\"")));
  EXPECT_THAT(output_, Not(HasSubstr(kFailedId)));

  options_.channel = "other";
  ASSERT_THAT(Run({"list"}), IsOk());
  EXPECT_EQ(output_, "{\n \"cells\": [],\n \"next_page_token\": \"\"\n}\n");
}

TEST_F(QueryTest, ListReadsAllPages) {
  std::vector<release::v1::CellPlan> plans(2500);
  for (size_t i = 0; i < plans.size(); ++i) {
    *plans[i].mutable_coordinates() = Coordinates(absl::StrCat("13.", i));
  }
  ASSERT_THAT(Client().PlanCells(plans), IsOk());
  ASSERT_NO_FATAL_FAILURE(UseService());
  ASSERT_THAT(Run({"list"}), IsOk());
  EXPECT_EQ(std::count(output_.begin(), output_.end(), '\n'), 1 + 2500 + 2);
}

TEST_F(QueryTest, GetPrintsTheCellOrThatItIsUnknown) {
  ASSERT_THAT(Run({"get", kFailedId}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_THAT(output_,
              HasSubstr("reason:      nv-pci.c:1: too few arguments\n"));

  ASSERT_THAT(Run({"get", "none"}), IsOk());
  EXPECT_FALSE(found_);
  EXPECT_EQ(output_, "cell \"none\" is neither planned nor built\n");
}

TEST_F(QueryTest, RevisionsAreListedNewestFirst) {
  ASSERT_THAT(Run({"revisions", kBuiltId}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_THAT(output_, MatchesRegex(absl::StrCat(
                           "REVISION +PUBLISHED +KERNEL +RECIPES +PAYLOAD\n"
                           "1 +20[^ ]+Z +6\\.1\\.0-56-cloud-amd64 +0 +",
                           kDigest, "\n")));
  options_.json = true;
  ASSERT_THAT(Run({"revisions", kBuiltId}), IsOk());
  EXPECT_THAT(output_, HasSubstr("\"number\": 1,\n"));

  ASSERT_THAT(Run({"revisions", kFailedId}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_EQ(output_, "{\n \"revisions\": []\n}\n");
}

TEST_F(QueryTest, AttemptsHaveTheirOutcome) {
  ASSERT_THAT(Run({"attempts", kFailedId}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_THAT(
      output_,
      MatchesRegex("ATTEMPT +STARTED +ENDED +WORKER +OUTCOME +REVISION OR "
                   "REASON\n"
                   "1 +20[^ ]+Z +20[^ ]+Z +worker +failed +nv-pci.c:1: too few "
                   "arguments\n"));
  options_.json = true;
  ASSERT_THAT(Run({"attempts", kFailedId}), IsOk());
  EXPECT_THAT(output_, HasSubstr("\"outcome\": \"ATTEMPT_OUTCOME_FAILED\""));
}

TEST_F(QueryTest, FailuresAreGroupedByFingerprint) {
  ASSERT_THAT(Run({"failures"}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_EQ(output_,
            absl::StrCat("1  v1:compile:12  nv-pci.c:1: too few arguments\n  ",
                         kFailedId, "\n"));
  // States do not apply, but other filters do.
  options_.cell_states = {"built"};
  options_.json = true;
  ASSERT_THAT(Run({"failures"}), IsOk());
  EXPECT_THAT(output_, HasSubstr("\"fingerprint\": \"v1:compile:12\""));
  options_.channel = "other";
  ASSERT_THAT(Run({"failures"}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_EQ(output_, "{\n \"failures\": []\n}\n");
}

TEST_F(QueryTest, RetryMakesAFailedCellClaimable) {
  server_.reset();
  ASSERT_THAT(Run({"retry", kFailedId}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_THAT(output_, HasSubstr("state:       planned since "));
  options_.json = true;
  ASSERT_THAT(Run({"get", kFailedId}), IsOk());
  EXPECT_THAT(output_, HasSubstr("\"state\": \"CELL_STATE_PLANNED\""));
}

TEST_F(QueryTest, RetryUsesTheServiceThatHoldsTheDatabase) {
  EXPECT_THAT(Run({"retry", kFailedId}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       database_path() + "-lock: locked by another process"));
  ASSERT_NO_FATAL_FAILURE(UseService());
  options_.json = true;
  ASSERT_THAT(Run({"retry", kFailedId}), IsOk());
  EXPECT_THAT(output_, HasSubstr("\"state\": \"CELL_STATE_PLANNED\""));
}

TEST_F(QueryTest, RetryCreatesNoDatabase) {
  options_.state_dir = PathOf("empty");
  EXPECT_THAT(Run({"retry", kFailedId}),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("/release.db: no such database")));
  EXPECT_FALSE(std::filesystem::exists(database_path()));
}

TEST_F(QueryTest, LogIsPrintedAsItIs) {
  std::ofstream(PathOf("compile.log")) << "line 1\nline 2";
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_EQ(output_, "line 1\nline 2");
  options_.json = true;
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_THAT(output_, HasSubstr("\"content\": \"line 1\\nline 2\""));
}

TEST_F(QueryTest, LogInTheServiceIsPreferred) {
  ASSERT_THAT(Client().RetryCell(kFailedId), IsOk());
  RecordFailure("in the service");
  std::ofstream(PathOf("compile.log")) << "in the file";
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_EQ(output_, "in the service");
  options_.json = true;
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_THAT(output_, HasSubstr("\"content\": \"in the service\""));
  EXPECT_THAT(output_, HasSubstr("\"log_uri\": \"file://"));

  options_.json = false;
  options_.attempt = 2;
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_EQ(output_, "in the service");
  options_.attempt = 1;
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_EQ(output_, "in the file");
  options_.attempt = 3;
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_FALSE(found_);
  EXPECT_EQ(output_, absl::StrCat(kFailedId, " has no attempt 3\n"));
}

TEST_F(QueryTest, LogThatIsNotAFileHereIsNotFound) {
  const std::string expected =
      absl::StrCat("the log of ", kFailedId,
                   " is not a readable file on this machine: file://",
                   PathOf("compile.log"), "\n");
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_FALSE(found_);
  EXPECT_EQ(output_, expected);
  // A FIFO without a writer.
  ASSERT_EQ(mkfifo(PathOf("compile.log").c_str(), 0600), 0);
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_FALSE(found_);
  EXPECT_EQ(output_, expected);

  options_.json = true;
  ASSERT_THAT(Run({"log", kFailedId}), IsOk());
  EXPECT_FALSE(found_);
  EXPECT_THAT(output_, HasSubstr("\"content\": null"));
}

TEST_F(QueryTest, LogOfAnotherMachineIsNotRead) {
  std::ofstream(PathOf("compile.log")) << "content";
  release::v1::Event event;
  *event.mutable_cell()->mutable_coordinates() = Coordinates("12.5");
  const std::string id = CellId(event.cell().coordinates());
  event.mutable_cell()->set_id(id);
  for (const std::string& uri :
       {"https://ci.example" + PathOf("compile.log"),
        "file://ci-7" + PathOf("compile.log"), PathOf("compile.log")}) {
    event.mutable_cell()->set_log_uri(uri);
    Store(event);
    ASSERT_THAT(Run({"log", id}), IsOk());
    EXPECT_FALSE(found_);
    EXPECT_EQ(output_, absl::StrCat("the log of ", id,
                                    " is not a readable file on this machine: ",
                                    uri, "\n"));
  }
}

TEST_F(QueryTest, CellWithoutALogHasNone) {
  ASSERT_THAT(Run({"log", kBuiltId}), IsOk());
  EXPECT_FALSE(found_);
  EXPECT_EQ(output_, absl::StrCat(kBuiltId, " has no log\n"));
}

TEST_F(QueryTest, UnknownCellIsNotFoundByAnyCommand) {
  server_.reset();
  for (const char* command : {"revisions", "attempts", "retry", "log"}) {
    options_.json = false;
    ASSERT_THAT(Run({command, "none"}), IsOk());
    EXPECT_FALSE(found_);
    EXPECT_EQ(output_, "cell \"none\" is neither planned nor built\n");
    options_.json = true;
    ASSERT_THAT(Run({command, "none"}), IsOk());
    EXPECT_FALSE(found_);
    EXPECT_EQ(output_, "null\n");
  }
}

TEST_F(QueryTest, RecordWithoutJsonFormIsAnErrorAndPrintsNothing) {
  release::v1::Event event;
  Cell& cell = *event.mutable_cell();
  *cell.mutable_coordinates() = Coordinates("12.5");
  cell.set_id(CellId(cell.coordinates()));
  cell.set_state(release::v1::CELL_STATE_BUILT);
  cell.set_revision(1);
  event.mutable_revision()->set_cell_id(cell.id());
  event.mutable_revision()->set_number(1);
  event.mutable_revision()
      ->mutable_payload()
      ->mutable_publish_time()
      ->set_seconds(int64_t{1} << 60);
  Store(event);
  options_.json = true;
  const std::vector<std::vector<std::string>> commands = {
      {"list"}, {"get", cell.id()}, {"resolve"}, {"revisions", cell.id()}};
  for (const std::vector<std::string>& command : commands) {
    EXPECT_THAT(Run(command), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("has no JSON form")));
    EXPECT_EQ(output_, "");
  }
}

TEST_F(QueryTest, ResolveDefaultsToThisHost) {
  AddGpu("0000:00:04.0", "0x030200", "0x10de", "0x20b0");
  ASSERT_THAT(Run({"resolve"}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_THAT(output_,
              HasSubstr(absl::StrCat("cell:        ", kBuiltId, "\n")));
  EXPECT_THAT(output_, HasSubstr(absl::StrCat("digest:      ", kDigest, "\n")));
}

TEST_F(QueryTest, ResolveUsesTheOldestGpu) {
  AddGpu("0000:00:04.0", "0x030200", "0x10de", "0x20b0");
  AddGpu("0000:00:05.0", "0x030000", "0x10de", "0x1db6");
  // NVIDIA's audio devices and other vendors' GPUs are ignored.
  AddGpu("0000:00:05.1", "0x040300", "0x10de", "0x0fb0");
  AddGpu("0000:00:06.0", "0x030000", "0x1002", "0x1234");
  ASSERT_THAT(Run({"resolve"}), IsOk());
  EXPECT_FALSE(found_);
  EXPECT_EQ(output_,
            "no payload: GPU 0x1db6 is of a generation from Maxwell to Volta, "
            "and the open kernel modules support Turing (0x1e00) and newer\n");
  options_.gpu_device_id = "0x2330";
  ASSERT_THAT(Run({"resolve"}), IsOk());
  EXPECT_TRUE(found_);
}

TEST_F(QueryTest, ResolveUsesFlagsForAnotherNode) {
  options_.rootfs = "/missing";
  options_.os_release = "flatcar-4230.2.0";
  options_.kernel_release = "";
  options_.json = true;
  ASSERT_THAT(Run({"resolve"}), IsOk());
  EXPECT_FALSE(found_);
  EXPECT_THAT(output_, HasSubstr("\"cause\": \"CAUSE_UNKNOWN_RELEASE\""));
}

TEST_F(QueryTest, HostWithoutOsReleaseIsAnError) {
  options_.rootfs = directory_->path();
  EXPECT_THAT(Run({"resolve"}), StatusIs(absl::StatusCode::kNotFound));
  options_.rootfs = PathOf("rootfs");
  WriteRoot("etc/os-release", "ID=debian\n");
  EXPECT_THAT(
      Run({"resolve"}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               options_.rootfs +
                   ": os-release sets no VERSION_ID; set --os_release"));
}

TEST_F(QueryTest, AbsoluteLinksAreResolvedInTheHostsRoot) {
  // If a container mounts the host's root, a link to "/usr/lib/os-release" must
  // not resolve to the container's own file.
  WriteRoot("usr/lib/os-release", "ID=flatcar\nVERSION_ID=4230.2.0\n");
  const std::string link = options_.rootfs + "/etc/os-release";
  std::filesystem::remove(link);
  std::filesystem::create_symlink("/usr/lib/os-release", link);
  ASSERT_THAT(Run({"resolve"}), IsOk());
  EXPECT_THAT(output_, HasSubstr("flatcar-4230.2.0"));
}

TEST_F(QueryTest, UnreachableServiceIsUnavailable) {
  ASSERT_NO_FATAL_FAILURE(UseService());
  const std::string address = options_.service;
  server_.reset();
  EXPECT_THAT(
      Run({"list"}),
      StatusIs(absl::StatusCode::kUnavailable,
               "no release service at " + address +
                   ": connection refused or no such host; check --service, or "
                   "start a service there with //release:server"));
}

TEST_F(QueryTest, DemandListsWhatNodesAskedForInVain) {
  ASSERT_THAT(Run({"demand"}), IsOk());
  EXPECT_EQ(output_, "no node has asked in vain\n");
  release::v1::ResolveRequest request;
  request.set_os_release("debian-12-6.1.0-56-cloud-amd64");
  request.set_cuda_version("11");
  ASSERT_THAT(Client().Resolve(request), IsOk());
  ASSERT_THAT(Client().Resolve(request), IsOk());
  // The server writes demand before it ends.
  server_.reset();

  ASSERT_THAT(Run({"demand"}), IsOk());
  EXPECT_TRUE(found_);
  EXPECT_THAT(output_, HasSubstr(absl::StrCat("2       ", kFailedId)));
  EXPECT_THAT(output_, Not(HasSubstr(kBuiltId)));
  options_.json = true;
  ASSERT_THAT(Run({"demand"}), IsOk());
  EXPECT_THAT(output_, HasSubstr("\"demand\": \"2\""));
  options_.json = false;
  options_.cell_states = {"planned"};
  ASSERT_THAT(Run({"demand"}), IsOk());
  EXPECT_EQ(output_, "no node has asked in vain\n");
}

TEST_F(QueryTest, MissingDatabaseIsNotFound) {
  options_.state_dir = PathOf("empty");
  EXPECT_THAT(
      Run({"list"}),
      StatusIs(absl::StatusCode::kNotFound,
               options_.state_dir +
                   "/release.db: no such database; run //release:matrix first, "
                   "or pass --service or --state"));
}

TEST_F(QueryTest, UnknownCommandsAndStatesAreInvalid) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{},
                                                  {"get"},
                                                  {"list", "all"},
                                                  {"failures", "all"},
                                                  {"retry"},
                                                  {"unknown", "id"}}) {
    EXPECT_THAT(
        Run(command),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 absl::StrCat("unknown command \"", absl::StrJoin(command, " "),
                              "\"; expected one of list, get ID, resolve, "
                              "revisions ID, attempts ID, failures, demand, "
                              "retry ID, log ID")));
  }
  options_.cell_states = {"unspecified"};
  EXPECT_THAT(Run({"list"}), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("unknown cell state")));
}

}  // namespace
}  // namespace gantry::cli
