#include "release/cli/query.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "release/service/store/cell_store.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;
using ::testing::HasSubstr;

const char kDigest[] =
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const char kBuiltId[] = "debian-12-6.1.0-56-cloud-amd64-535.261.03-cuda12.4";
const char kFailedId[] = "debian-12-6.1.0-56-cloud-amd64-535.261.03-cuda11.8";

cell::v1::CellCoordinates Coordinates(const std::string& cuda_version) {
  cell::v1::CellCoordinates coordinates;
  coordinates.set_os_release("debian-12-6.1.0-56-cloud-amd64");
  coordinates.set_kernel_release("6.1.0-56-cloud-amd64");
  coordinates.set_driver_version("535.261.03");
  coordinates.set_cuda_version(cuda_version);
  coordinates.set_driver_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  return coordinates;
}

// A state folder with a built and a failed cell, and a host's root.
class QueryTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_TRUE(dir.ok()) << dir.status();
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    options_.state_dir = dir_->path() + "/state";
    ASSERT_TRUE(CreateDirectories(options_.state_dir).ok());
    options_.rootfs = dir_->path() + "/rootfs";
    WriteRoot("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    options_.kernel_release = "6.1.0-56-cloud-amd64";

    service::ReleaseServerOptions server_options;
    server_options.database_path = options_.state_dir + "/release.db";
    server_options.listen_address = "127.0.0.1:0";
    auto server = service::ReleaseServer::Start(server_options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Fill();
  }

  void Fill() {
    service::ReleaseClient client(server_->InProcessChannel(), "test");
    release::v1::CellPlan plan;
    *plan.mutable_coordinates() = Coordinates("11.8");
    plan.set_channel("6.1-cloud");
    ASSERT_TRUE(client.PlanCells({plan}).ok());
    release::v1::ClaimCellsRequest claim;
    claim.set_worker("worker");
    auto claimed = client.ClaimCells(claim);
    ASSERT_TRUE(claimed.ok()) << claimed.status();
    release::v1::FailAttemptRequest failure;
    failure.set_id(kFailedId);
    failure.set_fencing_token((*claimed)[0].lease().fencing_token());
    failure.set_reason("nv-pci.c:1: too few arguments");
    ASSERT_TRUE(client.FailAttempt(failure).ok());

    release::v1::PublishPayloadRequest publication;
    *publication.mutable_coordinates() = Coordinates("12.4");
    auto* payload = publication.mutable_payload();
    payload->set_digest(kDigest);
    payload->set_reference(absl::StrCat("oci:/srv/oci@", kDigest));
    payload->mutable_proof()->set_accepted(true);
    payload->mutable_proof()->set_kernel_release("6.1.0-56-cloud-amd64");
    auto published = client.PublishPayload(publication);
    ASSERT_TRUE(published.ok()) << published.status();
  }

  // Stores a built cell directly, past the checks of the service.
  void Store(const Cell& cell) {
    server_.reset();
    auto store = service::CellStore::Open(options_.state_dir + "/release.db");
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT(
        (*store)->WriteAndWait([&](service::CellTable& table, absl::Time) {
          return table.Put(cell);
        }),
        IsOk());
  }

  void WriteRoot(const std::string& path, const std::string& content) {
    const std::filesystem::path file = options_.rootfs + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }

  void AddGpu(const std::string& slot, const std::string& pci_class,
              const std::string& vendor, const std::string& device) {
    const std::string folder = "sys/bus/pci/devices/" + slot;
    WriteRoot(folder + "/class", pci_class + "\n");
    WriteRoot(folder + "/vendor", vendor + "\n");
    WriteRoot(folder + "/device", device + "\n");
  }

  // Runs a command; `found_` and `output_` tell what came of it.
  absl::Status Run(const std::vector<std::string>& command) {
    options_.command = command;
    std::ostringstream out;
    const absl::StatusOr<bool> found = Query(options_, out);
    found_ = found.value_or(false);
    output_ = out.str();
    return found.status();
  }

  std::unique_ptr<TempDir> dir_;
  std::unique_ptr<service::ReleaseServer> server_;
  QueryOptions options_;
  bool found_ = false;
  std::string output_;
};

TEST_F(QueryTest, ListShowsATable) {
  ASSERT_EQ(Run({"list"}), absl::OkStatus());
  EXPECT_TRUE(found_);
  EXPECT_EQ(output_,
            absl::StrCat("CELL                                                "
                         "CHANNEL    STATE   PAYLOAD OR REASON\n",
                         kFailedId,
                         "  6.1-cloud  failed  nv-pci.c:1: too few arguments\n",
                         kBuiltId, "             built   ", kDigest, "\n"));
}

TEST_F(QueryTest, ListFilters) {
  options_.cell_states = {"planned", "built"};
  options_.cuda_version = "12";
  options_.json = true;
  ASSERT_EQ(Run({"list"}), absl::OkStatus());
  EXPECT_THAT(output_, HasSubstr(absl::StrCat("\"id\": \"", kBuiltId, "\"")));
  EXPECT_THAT(output_, Not(HasSubstr(kFailedId)));

  options_.channel = "other";
  ASSERT_EQ(Run({"list"}), absl::OkStatus());
  EXPECT_EQ(output_, "{\n \"cells\": [],\n \"next_page_token\": \"\"\n}\n");
}

TEST_F(QueryTest, ListReadsAllPages) {
  {
    service::ReleaseClient client(server_->InProcessChannel(), "test");
    std::vector<release::v1::CellPlan> plans(2500);
    for (size_t i = 0; i < plans.size(); ++i) {
      *plans[i].mutable_coordinates() = Coordinates(absl::StrCat("13.", i));
    }
    auto planned = client.PlanCells(plans);
    ASSERT_TRUE(planned.ok()) << planned.status();
  }
  options_.service = absl::StrCat("127.0.0.1:", server_->port());
  ASSERT_EQ(Run({"list"}), absl::OkStatus());
  EXPECT_EQ(std::count(output_.begin(), output_.end(), '\n'), 1 + 2500 + 2);
}

TEST_F(QueryTest, GetShowsACellOrThatThereIsNone) {
  ASSERT_EQ(Run({"get", kFailedId}), absl::OkStatus());
  EXPECT_TRUE(found_);
  EXPECT_THAT(output_,
              HasSubstr("reason:     nv-pci.c:1: too few arguments\n"));

  ASSERT_EQ(Run({"get", "none"}), absl::OkStatus());
  EXPECT_FALSE(found_);
  EXPECT_EQ(output_, "cell \"none\" is neither planned nor built\n");
}

TEST_F(QueryTest, CellWithoutJsonFormIsAnErrorAndPrintsNothing) {
  Cell cell;
  *cell.mutable_coordinates() = Coordinates("12.5");
  cell.set_id(CellId(cell.coordinates()));
  cell.set_state(release::v1::CELL_STATE_BUILT);
  cell.mutable_update_time()->set_seconds(int64_t{1} << 60);
  Store(cell);
  options_.json = true;
  const std::vector<std::vector<std::string>> commands = {
      {"list"}, {"get", cell.id()}, {"resolve"}};
  for (const std::vector<std::string>& command : commands) {
    EXPECT_THAT(Run(command), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("has no JSON form")));
    EXPECT_EQ(output_, "");
  }
}

TEST_F(QueryTest, ResolveTakesTheHostByDefault) {
  AddGpu("0000:00:04.0", "0x030200", "0x10de", "0x20b0");
  ASSERT_EQ(Run({"resolve"}), absl::OkStatus());
  EXPECT_TRUE(found_);
  EXPECT_THAT(output_, HasSubstr(absl::StrCat("cell:       ", kBuiltId, "\n")));
  EXPECT_THAT(output_, HasSubstr(absl::StrCat("digest:     ", kDigest, "\n")));
}

TEST_F(QueryTest, ResolveHeedsTheOldestGpu) {
  AddGpu("0000:00:04.0", "0x030200", "0x10de", "0x20b0");
  AddGpu("0000:00:05.0", "0x030000", "0x10de", "0x1db6");
  // Neither NVIDIA's sound nor another vendor's GPU counts.
  AddGpu("0000:00:05.1", "0x040300", "0x10de", "0x0fb0");
  AddGpu("0000:00:06.0", "0x030000", "0x1002", "0x1234");
  ASSERT_EQ(Run({"resolve"}), absl::OkStatus());
  EXPECT_FALSE(found_);
  EXPECT_EQ(output_,
            "no payload: GPU 0x1db6 is of a generation from Maxwell to Volta, "
            "and the open kernel modules support Turing (0x1e00) and newer\n");
  options_.gpu_device_id = "0x2330";
  ASSERT_EQ(Run({"resolve"}), absl::OkStatus());
  EXPECT_TRUE(found_);
}

TEST_F(QueryTest, ResolveTakesAnotherNodesValuesFromFlags) {
  options_.rootfs = "/nowhere";
  options_.os_release = "flatcar-4230.2.0";
  options_.kernel_release = "";
  options_.json = true;
  ASSERT_EQ(Run({"resolve"}), absl::OkStatus());
  EXPECT_FALSE(found_);
  EXPECT_THAT(output_, HasSubstr("\"cause\": \"CAUSE_UNKNOWN_RELEASE\""));
}

TEST_F(QueryTest, HostWithoutOsReleaseIsAnError) {
  options_.rootfs = dir_->path();
  EXPECT_EQ(Run({"resolve"}).code(), absl::StatusCode::kNotFound);
  options_.rootfs = dir_->path() + "/rootfs";
  WriteRoot("etc/os-release", "ID=debian\n");
  EXPECT_EQ(Run({"resolve"}),
            absl::FailedPreconditionError(
                options_.rootfs +
                ": os-release sets no VERSION_ID; set --os_release"));
}

TEST_F(QueryTest, AbsoluteLinkInTheHostsRootStaysInside) {
  // Where a container mounts it, a link to "/usr/lib/os-release" must not lead
  // to the container's own file.
  WriteRoot("usr/lib/os-release", "ID=flatcar\nVERSION_ID=4230.2.0\n");
  const std::string link = options_.rootfs + "/etc/os-release";
  std::filesystem::remove(link);
  std::filesystem::create_symlink("/usr/lib/os-release", link);
  ASSERT_EQ(Run({"resolve"}), absl::OkStatus());
  EXPECT_THAT(output_, HasSubstr("flatcar-4230.2.0"));
}

TEST_F(QueryTest, UnreachableServiceIsOneClearError) {
  const std::string address = absl::StrCat("127.0.0.1:", server_->port());
  server_.reset();
  options_.service = address;
  const absl::Status status = Run({"list"});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "no release service at " + address +
                ": connection refused or no such host; check --service, or "
                "start a service there with //release:server");
}

TEST_F(QueryTest, MissingDatabaseIsOneClearError) {
  options_.state_dir = dir_->path() + "/empty";
  EXPECT_EQ(Run({"list"}),
            absl::NotFoundError(
                options_.state_dir +
                "/release.db: no such database; run //release:matrix first, "
                "or pass --service or --state"));
}

TEST_F(QueryTest, UnknownCommandsAndStatesAreRefused) {
  EXPECT_EQ(Run({"get"}), absl::InvalidArgumentError(
                              "\"get\" is no command; there are list, get ID, "
                              "resolve"));
  options_.cell_states = {"unspecified"};
  EXPECT_EQ(Run({"list"}),
            absl::InvalidArgumentError(
                "\"unspecified\" is no cell state; there are planned, "
                "building, built, failed, excluded"));
}

}  // namespace
}  // namespace gantry::cli
