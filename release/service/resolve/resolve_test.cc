#include "release/service/resolve/resolve.h"

#include <string>
#include <vector>

#include "base/cell_name.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"
#include "proto/no_payload.pb.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

using ::gantry::cell::v1::DRIVER_FLAVOUR_OPEN;
using ::gantry::cell::v1::DRIVER_FLAVOUR_PROPRIETARY;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellState;
using ::gantry::release::v1::NoPayload;
using ::gantry::release::v1::ResolveRequest;
using ::gantry::release::v1::ResolveResponse;

constexpr CellState kPlanned = release::v1::CELL_STATE_PLANNED;
constexpr CellState kBuilding = release::v1::CELL_STATE_BUILDING;
constexpr CellState kBuilt = release::v1::CELL_STATE_BUILT;
constexpr CellState kFailed = release::v1::CELL_STATE_FAILED;
constexpr CellState kBlocked = release::v1::CELL_STATE_BLOCKED;
constexpr CellState kExcluded = release::v1::CELL_STATE_EXCLUDED;
constexpr CellState kRetired = release::v1::CELL_STATE_RETIRED;

// 2023-11-14 22:13:20 UTC.
const absl::Time kNow = absl::FromUnixSeconds(1700000000);

struct CellSpec {
  CellState state;
  std::string driver = "535.261.03";
  std::string cuda = "12.4";
  std::string os_release = "flatcar-4230.2.0";
  std::string kernel = "6.6.95-flatcar";
  cell::v1::DriverFlavour flavour = DRIVER_FLAVOUR_OPEN;
  // Cells in other states than kBuilt may have one, too.
  bool has_payload = state == kBuilt;
};

Cell MakeCell(const CellSpec& spec) {
  Cell cell;
  auto* coordinates = cell.mutable_coordinates();
  coordinates->set_os_release(spec.os_release);
  coordinates->set_architecture("amd64");
  coordinates->set_product("nvidia");
  coordinates->set_kernel_release(spec.kernel);
  coordinates->set_version(spec.driver);
  coordinates->set_cuda_version(spec.cuda);
  coordinates->set_flavour(spec.flavour);
  cell.set_id(CellId(*coordinates));
  cell.set_state(spec.state);
  *cell.mutable_update_time() = ToTimestamp(kNow - absl::Minutes(30));
  if (spec.state == kBuilding) {
    cell.mutable_lease()->set_worker("ci-7/4711");
    *cell.mutable_lease()->mutable_start_time() =
        ToTimestamp(kNow - absl::Minutes(30));
    *cell.mutable_lease()->mutable_expire_time() =
        ToTimestamp(kNow + absl::Minutes(30));
  }
  if (spec.state == kFailed) {
    cell.set_reason("nv-pci.c:1: too few arguments");
    cell.set_attempt_count(3);
  }
  if (spec.state == kBlocked) cell.set_reason("siblings a and b fail alike: f");
  if (spec.state == kExcluded) cell.set_reason("no such firmware");
  if (spec.state == kRetired) cell.set_reason("the matrix no longer has it");
  if (spec.has_payload) cell.mutable_payload()->set_digest("sha256:12");
  return cell;
}

struct Node {
  std::string os_release = "flatcar-4230.2.0";
  std::string kernel = "6.6.95-flatcar";
  std::string gpu = "";
  std::string driver = "";
  std::string cuda = "";
};

ResolveResponse ResolveFor(const Node& node, const std::vector<CellSpec>& specs,
                           absl::Time now = kNow) {
  ResolveRequest request;
  request.set_os_release(node.os_release);
  request.set_kernel_release(node.kernel);
  request.set_gpu_device_id(node.gpu);
  request.set_driver_version(node.driver);
  request.set_cuda_version(node.cuda);
  std::vector<Cell> cells;
  for (const CellSpec& spec : specs) cells.push_back(MakeCell(spec));
  const auto response = Resolve(request, cells, now);
  EXPECT_THAT(response, IsOk());
  return response.value_or(ResolveResponse());
}

struct CellTestCase {
  std::string name;
  Node node;
  std::vector<CellSpec> cells;
  std::string id;
};

class ResolveCellTest : public testing::TestWithParam<CellTestCase> {};

TEST_P(ResolveCellTest, ChoosesTheCell) {
  const ResolveResponse response =
      ResolveFor(GetParam().node, GetParam().cells);
  EXPECT_EQ(response.cell().id(), GetParam().id)
      << response.no_payload().reason();
}

INSTANTIATE_TEST_SUITE_P(
    All, ResolveCellTest,
    testing::ValuesIn(std::vector<CellTestCase>{
        {"OnlyCell",
         {},
         {{kBuilt}},
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4"},
        {"NewestDriverByNumber",
         {},
         {{kBuilt, "535.54.03"}, {kBuilt, "535.261.03"}, {kBuilt, "470.1"}},
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4"},
        {"NewestToolkitByNumber",
         {},
         {{kBuilt, "535", "12.4"}, {kBuilt, "535", "12.10"}},
         "flatcar-4230.2.0_amd64_nvidia_535_open_cuda12.10"},
        {"NewestDriverBeforeNewestToolkit",
         {},
         {{kBuilt, "535", "12.4"}, {kBuilt, "550", "11.8"}},
         "flatcar-4230.2.0_amd64_nvidia_550_open_cuda11.8"},
        {"BuiltCellBeforeNewerDriver",
         {},
         {{kBuilt, "535"}, {kPlanned, "550"}, {kFailed, "560"}},
         "flatcar-4230.2.0_amd64_nvidia_535_open_cuda12.4"},
        {"RequestedVersions",
         {"flatcar-4230.2.0", "", "", "535", "11"},
         {{kBuilt, "550"}, {kBuilt, "535.261.03", "11.8"}, {kBuilt, "5350.1"}},
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda11.8"},
        {"UnknownKernelMatchesAny",
         {"flatcar-4230.2.0", ""},
         {{kBuilt}},
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4"},
        {"TuringSupportsTheOpenModules",
         {"flatcar-4230.2.0", "", "0x1e00"},
         {{kBuilt}},
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4"},
        {"VoltaNeedsTheProprietaryModules",
         {"flatcar-4230.2.0", "", "0x1db6"},
         {{kBuilt, "550"},
          {kBuilt, "535", "12.4", "flatcar-4230.2.0", "6.6.95-flatcar",
           DRIVER_FLAVOUR_PROPRIETARY}},
         "flatcar-4230.2.0_amd64_nvidia_535_proprietary_cuda12.4"},
        {"VoltaGetsNoDriverAfter580",
         {"flatcar-4230.2.0", "", "0x1db6"},
         {{kBuilt, "595", "12.4", "flatcar-4230.2.0", "6.6.95-flatcar",
           DRIVER_FLAVOUR_PROPRIETARY},
          {kBuilt, "580", "12.4", "flatcar-4230.2.0", "6.6.95-flatcar",
           DRIVER_FLAVOUR_PROPRIETARY}},
         "flatcar-4230.2.0_amd64_nvidia_580_proprietary_cuda12.4"},
        {"BlackwellNeedsTheOpenModules",
         {"flatcar-4230.2.0", "", "0x2901"},
         {{kBuilt, "580", "12.4", "flatcar-4230.2.0", "6.6.95-flatcar",
           DRIVER_FLAVOUR_PROPRIETARY},
          {kBuilt, "570"}},
         "flatcar-4230.2.0_amd64_nvidia_570_open_cuda12.4"},
        {"OtherReleasesAreIgnored",
         {},
         {{kBuilt, "550", "12.4", "flatcar-4230.2.1"}, {kBuilt, "535"}},
         "flatcar-4230.2.0_amd64_nvidia_535_open_cuda12.4"},
    }),
    [](const auto& info) { return info.param.name; });

struct NoPayloadTestCase {
  std::string name;
  Node node;
  std::vector<CellSpec> cells;
  NoPayload::Cause cause;
  std::string reason;
  std::string nearest;
};

class ResolveNoPayloadTest : public testing::TestWithParam<NoPayloadTestCase> {
};

TEST_P(ResolveNoPayloadTest, ExplainsWhy) {
  const ResolveResponse response =
      ResolveFor(GetParam().node, GetParam().cells);
  ASSERT_TRUE(response.has_no_payload()) << response.cell().id();
  EXPECT_EQ(NoPayload::Cause_Name(response.no_payload().cause()),
            NoPayload::Cause_Name(GetParam().cause));
  EXPECT_EQ(response.no_payload().reason(), GetParam().reason);
  EXPECT_EQ(response.no_payload().nearest().id(), GetParam().nearest);
}

constexpr char kId[] = "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4";

INSTANTIATE_TEST_SUITE_P(
    All, ResolveNoPayloadTest,
    testing::ValuesIn(std::vector<NoPayloadTestCase>{
        {"NoCells",
         {},
         {},
         NoPayload::CAUSE_UNKNOWN_RELEASE,
         "OS release \"flatcar-4230.2.0\" is not planned",
         ""},
        {"SimilarRelease",
         {"flatcar-4230.2.3"},
         {{kBuilt}, {kBuilt, "535", "12.4", "flatcar-4240.0.0"}},
         NoPayload::CAUSE_UNKNOWN_RELEASE,
         "OS release \"flatcar-4230.2.3\" is not planned; the most similar "
         "name "
         "is \"flatcar-4230.2.0\"",
         kId},
        {"AnotherSystemIsNotSimilar",
         {"fedora-39"},
         {{kBuilt}},
         NoPayload::CAUSE_UNKNOWN_RELEASE,
         "OS release \"fedora-39\" is not planned",
         ""},
        {"AnotherKernel",
         {"flatcar-4230.2.0", "6.6.96-flatcar"},
         {{kBuilt}, {kFailed, "550"}},
         NoPayload::CAUSE_KERNEL_MISMATCH,
         "the node runs kernel \"6.6.96-flatcar\", but OS release "
         "\"flatcar-4230.2.0\" has \"6.6.95-flatcar\"",
         kId},
        {"UnknownDriver",
         {"flatcar-4230.2.0", "", "", "550"},
         {{kBuilt}},
         NoPayload::CAUSE_UNKNOWN_VERSION,
         "OS release \"flatcar-4230.2.0\" has no driver 550, but 535.261.03 "
         "with CUDA 12.4",
         kId},
        {"UnknownCombination",
         {"flatcar-4230.2.0", "", "", "550", "12"},
         {{kBuilt, "550", "11.8"}, {kBuilt}},
         NoPayload::CAUSE_UNKNOWN_VERSION,
         "OS release \"flatcar-4230.2.0\" has no driver 550 with CUDA 12, but "
         "535.261.03 with CUDA 12.4, 550 with CUDA 11.8",
         "flatcar-4230.2.0_amd64_nvidia_550_open_cuda11.8"},
        {"GpuTooOldForTheOpenModules",
         {"flatcar-4230.2.0", "", "0x1b06"},
         {{kBuilt}},
         NoPayload::CAUSE_GPU_UNSUPPORTED,
         "GPU 0x1b06 is of a generation from Maxwell to Volta, and the open "
         "kernel modules support Turing (0x1e00) and newer",
         kId},
        {"Planned",
         {},
         {{kPlanned}},
         NoPayload::CAUSE_PLANNED,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 was planned "
         "at 2023-11-14 "
         "21:43:20 UTC; no worker has claimed it yet",
         kId},
        {"Building",
         {},
         {{kBuilding}},
         NoPayload::CAUSE_BUILDING,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 is being "
         "built by ci-7/4711, "
         "started at 2023-11-14 21:43:20 UTC",
         kId},
        {"Failed",
         {},
         {{kFailed}},
         NoPayload::CAUSE_FAILED,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 failed at "
         "2023-11-14 21:43:20 "
         "UTC (attempt 3): nv-pci.c:1: too few arguments",
         kId},
        {"Blocked",
         {},
         {{kBlocked}},
         NoPayload::CAUSE_PLANNED,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 is planned, "
         "but was blocked: siblings a and b fail alike: f; asking the service "
         "for it lifts that",
         kId},
        {"BlockedIsNearerThanFailed",
         {},
         {{kFailed, "560"}, {kBlocked}},
         NoPayload::CAUSE_PLANNED,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 is planned, "
         "but was blocked: siblings a and b fail alike: f; asking the service "
         "for it lifts that",
         kId},
        {"PlannedIsNearerThanBlocked",
         {},
         {{kBlocked, "560"}, {kPlanned}},
         NoPayload::CAUSE_PLANNED,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 was planned "
         "at 2023-11-14 21:43:20 UTC; no worker has claimed it yet",
         kId},
        {"Excluded",
         {},
         {{kExcluded}},
         NoPayload::CAUSE_EXCLUDED,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 is excluded: "
         "no such firmware",
         kId},
        {"Retired",
         {},
         {{kRetired}},
         NoPayload::CAUSE_EXCLUDED,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 is retired: "
         "the matrix no longer has it",
         kId},
        {"NearestToBeingBuilt",
         {},
         {{kExcluded, "570"}, {kFailed, "560"}, {kPlanned, "550"}, {kBuilding}},
         NoPayload::CAUSE_BUILDING,
         "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 is being "
         "built by ci-7/4711, "
         "started at 2023-11-14 21:43:20 UTC",
         kId},
    }),
    [](const auto& info) { return info.param.name; });

class ResolveStateTest : public testing::TestWithParam<CellState> {};

// Nodes keep what they have while a changed recipe is built, or is not.
TEST_P(ResolveStateTest, CellWithAPayloadResolves) {
  CellSpec spec = {GetParam()};
  spec.has_payload = true;
  const ResolveResponse response = ResolveFor({}, {spec});
  EXPECT_EQ(response.cell().id(), kId) << response.no_payload().reason();
  EXPECT_EQ(response.cell().payload().digest(), "sha256:12");
}

TEST_P(ResolveStateTest, PayloadIsPreferredToANewerDriverWithoutOne) {
  CellSpec spec = {GetParam()};
  spec.has_payload = true;
  CellSpec newer = {GetParam(), "550"};
  newer.has_payload = false;
  EXPECT_EQ(ResolveFor({}, {newer, spec}).cell().id(), kId);
}

// Whether it was built by the wanted recipe does not matter.
TEST_P(ResolveStateTest, NewerDriverWithAPayloadIsPreferredToABuiltOne) {
  CellSpec newer = {GetParam(), "550"};
  newer.has_payload = true;
  EXPECT_EQ(ResolveFor({}, {{kBuilt}, newer}).cell().id(),
            "flatcar-4230.2.0_amd64_nvidia_550_open_cuda12.4");
}

INSTANTIATE_TEST_SUITE_P(All, ResolveStateTest,
                         testing::Values(kPlanned, kBuilding, kBuilt, kFailed,
                                         kBlocked, kExcluded, kRetired),
                         [](const auto& info) {
                           return release::v1::CellState_Name(info.param);
                         });

TEST(ResolveTest, ExpiredLeaseIsReportedAsPlanned) {
  const ResolveResponse response =
      ResolveFor({}, {{kBuilding}}, kNow + absl::Minutes(30));
  EXPECT_EQ(response.no_payload().cause(), NoPayload::CAUSE_PLANNED);
  EXPECT_EQ(response.no_payload().reason(),
            "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4 is "
            "planned; ci-7/4711 "
            "started to build it at 2023-11-14 21:43:20 UTC, but its lease "
            "expired at "
            "2023-11-14 22:43:20 UTC");
}

TEST(ResolveTest, ExpiredLeaseHidesNoRunningSibling) {
  Cell running = MakeCell({kBuilding});
  Cell expired = MakeCell({kBuilding, "550"});
  *expired.mutable_lease()->mutable_expire_time() = ToTimestamp(kNow);
  ResolveRequest request;
  request.set_os_release("flatcar-4230.2.0");
  const auto response = Resolve(request, {expired, running}, kNow);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->no_payload().cause(), NoPayload::CAUSE_BUILDING);
  EXPECT_EQ(response->no_payload().nearest().id(), kId);
}

TEST(ResolveTest, CellWithoutAKernelReleaseMatchesAnyKernel) {
  const ResolveResponse response = ResolveFor(
      {}, {{kPlanned, "535", "12.4", "flatcar-4230.2.0", /*kernel=*/""}});
  EXPECT_EQ(response.no_payload().cause(), NoPayload::CAUSE_PLANNED);
}

TEST(ResolveTest, InvalidRequestNamesTheField) {
  EXPECT_EQ(Resolve(ResolveRequest(), {}, kNow).status(),
            InvalidFieldError("os_release", "is required"));
  ResolveRequest request;
  request.set_os_release("a");
  request.set_gpu_device_id("tesla");
  EXPECT_EQ(
      Resolve(request, {}, kNow).status(),
      InvalidFieldError("gpu_device_id",
                        "\"tesla\" is not a PCI device ID such as \"0x20b0\""));
}

}  // namespace
}  // namespace gantry::service
