#include "release/service/server/request_validation.h"

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/message_digest.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/fragment.pb.h"
#include "proto/matrix.pb.h"
#include "proto/payload.pb.h"
#include "proto/recipe.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/limits.h"
#include "tests/fixtures/test_cells.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestFragment;
using ::gantry::fixtures::TestHeadMove;
using ::gantry::fixtures::TestHeadReference;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::AcquireLeaseRequest;
using ::gantry::release::v1::ClaimCellsRequest;
using ::gantry::release::v1::FailAttemptRequest;
using ::gantry::release::v1::Fragment;
using ::gantry::release::v1::GetCellRequest;
using ::gantry::release::v1::GetFragmentsRequest;
using ::gantry::release::v1::GetLogRequest;
using ::gantry::release::v1::ListAttemptsRequest;
using ::gantry::release::v1::ListCellsRequest;
using ::gantry::release::v1::ListEventsRequest;
using ::gantry::release::v1::ListRevisionsRequest;
using ::gantry::release::v1::MoveChannelHeadRequest;
using ::gantry::release::v1::PlanCellsRequest;
using ::gantry::release::v1::PruneLogsRequest;
using ::gantry::release::v1::PruneRevisionRequest;
using ::gantry::release::v1::PutFragmentsRequest;
using ::gantry::release::v1::RecordRevisionRequest;
using ::gantry::release::v1::ReleaseLeaseRequest;
using ::gantry::release::v1::ReleaseNamedLeaseRequest;
using ::gantry::release::v1::RenewLeasesRequest;
using ::gantry::release::v1::ResolveRequest;
using ::gantry::release::v1::RetireCellsRequest;
using ::gantry::release::v1::RetryCellRequest;

constexpr char kNotOneLine[] = "contains a line break or control character";

PlanCellsRequest Plan() {
  PlanCellsRequest request;
  *request.add_plans() = TestPlan(1);
  return request;
}

RetireCellsRequest Retirement() {
  RetireCellsRequest request;
  request.set_plan_id("plan");
  request.add_channels("stable");
  return request;
}

RecordRevisionRequest Publication() { return TestRevision(1); }

ClaimCellsRequest Claim() {
  ClaimCellsRequest request;
  request.set_worker("worker");
  return request;
}

RenewLeasesRequest Renewal() {
  RenewLeasesRequest request;
  request.add_leases()->set_id(TestId(1));
  return request;
}

ReleaseLeaseRequest Return() {
  ReleaseLeaseRequest request;
  request.mutable_lease()->set_id(TestId(1));
  return request;
}

FailAttemptRequest Failure() {
  FailAttemptRequest request;
  request.mutable_lease()->set_id(TestId(1));
  request.mutable_failure()->set_class_(
      release::v1::FAILURE_CLASS_DETERMINISTIC);
  request.mutable_failure()->set_reason("error: no such file");
  return request;
}

RetryCellRequest Retry() {
  RetryCellRequest request;
  request.set_id(TestId(1));
  return request;
}

PutFragmentsRequest Fragments() {
  PutFragmentsRequest request;
  *request.add_fragments() = TestFragment("content");
  return request;
}

MoveChannelHeadRequest HeadMove() { return TestHeadMove(0, {"4230.2.0"}); }

AcquireLeaseRequest NamedLease() {
  AcquireLeaseRequest request;
  request.set_name("registry");
  request.set_worker("worker");
  return request;
}

PruneLogsRequest LogPruning() {
  PruneLogsRequest request;
  request.mutable_before_time()->set_seconds(1);
  return request;
}

// A request of a type with an id only.
template <typename Request>
Request WithId(const std::string& id) {
  Request request;
  request.set_id(id);
  return request;
}

ResolveRequest Node() {
  ResolveRequest request;
  request.set_os_release(TestCoordinates(1).os_release());
  return request;
}

template <typename Request>
void ExpectInvalid(const Request& request, const std::string& field,
                   const std::string& description) {
  EXPECT_EQ(ValidateRequest(request), InvalidFieldError(field, description));
}

TEST(RequestValidationTest, ValidRequestsAreAccepted) {
  EXPECT_THAT(ValidateRequest(Plan()), IsOk());
  EXPECT_THAT(ValidateRequest(Retirement()), IsOk());
  EXPECT_THAT(ValidateRequest(Publication()), IsOk());
  EXPECT_THAT(ValidateRequest(GetCellRequest()), IsOk());
  EXPECT_THAT(ValidateRequest(ListCellsRequest()), IsOk());
  EXPECT_THAT(ValidateRequest(Claim()), IsOk());
  EXPECT_THAT(ValidateRequest(Renewal()), IsOk());
  EXPECT_THAT(ValidateRequest(Return()), IsOk());
  EXPECT_THAT(ValidateRequest(Failure()), IsOk());
  EXPECT_THAT(ValidateRequest(Retry()), IsOk());
  EXPECT_THAT(ValidateRequest(ListRevisionsRequest()), IsOk());
  EXPECT_THAT(ValidateRequest(ListAttemptsRequest()), IsOk());
  EXPECT_THAT(ValidateRequest(ListEventsRequest()), IsOk());
  EXPECT_THAT(ValidateRequest(Node()), IsOk());
}

TEST(RequestValidationTest, PlanNeeds1To1000Cells) {
  ExpectInvalid(PlanCellsRequest(), "plans", "0 is not from 1 to 1000");
  PlanCellsRequest request = Plan();
  while (request.plans_size() < kMaxCellsPerCall)
    *request.add_plans() = TestPlan(1);
  EXPECT_THAT(ValidateRequest(request), IsOk());
  *request.add_plans() = TestPlan(1);
  ExpectInvalid(request, "plans", "1001 is not from 1 to 1000");
}

TEST(RequestValidationTest, InvalidPlanIsNamedByItsIndex) {
  PlanCellsRequest request = Plan();
  release::v1::CellPlan& plan = *request.add_plans();
  plan = TestPlan(2);
  plan.set_exclusion_reason("two\nlines");
  ExpectInvalid(request, "plans[1].exclusion_reason",
                "contains a line break or control character");
  plan.mutable_recipe()->set_digest("sha256:12");
  ExpectInvalid(request, "plans[1].recipe.digest", "is not that of the recipe");
  plan.set_channels(0, std::string(257, 'x'));
  ExpectInvalid(request, "plans[1].channels",
                "is 257 bytes long; the limit is 256");
  plan.mutable_coordinates()->set_cuda_version("12/4");
  ExpectInvalid(
      request, "plans[1].coordinates",
      "cuda_version \"12/4\" must consist of letters and digits, with "
      "single characters of \".+-\" only between them");
}

TEST(RequestValidationTest, PlanHasAtMost16NamedChannels) {
  PlanCellsRequest request = Plan();
  release::v1::CellPlan& plan = *request.mutable_plans(0);
  plan.clear_channels();
  EXPECT_THAT(ValidateRequest(request), IsOk());
  while (plan.channels_size() < kMaxChannelsPerCell) plan.add_channels("x");
  EXPECT_THAT(ValidateRequest(request), IsOk());
  plan.add_channels("x");
  ExpectInvalid(request, "plans[0].channels",
                "has 17 entries; the limit is 16");
  plan.clear_channels();
  plan.add_channels("");
  ExpectInvalid(request, "plans[0].channels", "is required");
}

TEST(RequestValidationTest, RecipeHasItsOwnDigest) {
  PlanCellsRequest request = Plan();
  release::v1::Recipe& recipe = *request.mutable_plans(0)->mutable_recipe();
  auto& fragment = *recipe.add_fragments();
  fragment.set_kind("driver");
  recipe.set_digest(RecipeDigest(recipe));
  EXPECT_THAT(ValidateRequest(request), IsOk());
  fragment.set_name("535.261.03");
  ExpectInvalid(request, "plans[0].recipe.digest", "is not that of the recipe");
  recipe.set_digest(RecipeDigest(recipe));
  EXPECT_THAT(ValidateRequest(request), IsOk());
  recipe.clear_digest();
  ExpectInvalid(request, "plans[0].recipe.digest", "is not that of the recipe");
}

TEST(RequestValidationTest, RecipeIsAtMost8KiB) {
  PlanCellsRequest request = Plan();
  release::v1::Recipe& recipe = *request.mutable_plans(0)->mutable_recipe();
  recipe.add_fragments()->set_name(std::string(8 << 10, 'x'));
  recipe.set_digest(RecipeDigest(recipe));
  ExpectInvalid(request, "plans[0].recipe",
                absl::StrCat("is ", recipe.ByteSizeLong(),
                             " bytes long; the limit is 8192"));
}

TEST(RequestValidationTest, RequestIdIsOneLineOfAtMost128Bytes) {
  const auto expect_checked = [](auto request) {
    request.set_request_id(std::string(128, 'x'));
    EXPECT_THAT(ValidateRequest(request), IsOk());
    request.set_request_id(std::string(129, 'x'));
    ExpectInvalid(request, "request_id", "is 129 bytes long; the limit is 128");
    request.set_request_id("two\nlines");
    ExpectInvalid(request, "request_id", kNotOneLine);
  };
  expect_checked(Plan());
  expect_checked(Retirement());
  expect_checked(Publication());
  expect_checked(Claim());
  expect_checked(Return());
  expect_checked(Failure());
  expect_checked(Retry());
  expect_checked(Fragments());
  expect_checked(HeadMove());
  expect_checked(PruneRevisionRequest());
  expect_checked(LogPruning());
}

TEST(RequestValidationTest, PlanIdIsOneLineOfAtMost128Bytes) {
  PlanCellsRequest request = Plan();
  request.set_plan_id(std::string(129, 'x'));
  ExpectInvalid(request, "plan_id", "is 129 bytes long; the limit is 128");
  request.set_plan_id("two\nlines");
  ExpectInvalid(request, "plan_id", kNotOneLine);
}

TEST(RequestValidationTest, RetirementNeedsAPlanAndChannels) {
  RetireCellsRequest request = Retirement();
  request.clear_plan_id();
  ExpectInvalid(request, "plan_id", "is required");
  request = Retirement();
  request.clear_channels();
  ExpectInvalid(request, "channels", "0 is not from 1 to 1000");
  request.add_channels("");
  ExpectInvalid(request, "channels", "is required");
  request.set_channels(0, "two\nlines");
  ExpectInvalid(request, "channels", kNotOneLine);
  request = Retirement();
  while (request.channels_size() <= kMaxCellsPerCall) {
    request.add_channels("x");
  }
  ExpectInvalid(request, "channels", "1001 is not from 1 to 1000");
}

TEST(RequestValidationTest, DigestsOfAPublicationMayBeUnset) {
  const struct {
    std::string field;
    std::function<void(RecordRevisionRequest&, const std::string&)> set;
  } cases[] = {
      {"recipe_digest",
       [](auto& request, auto& value) { request.set_recipe_digest(value); }},
      {"content_digest",
       [](auto& request, auto& value) { request.set_content_digest(value); }},
  };
  for (const auto& c : cases) {
    RecordRevisionRequest request = Publication();
    c.set(request, Sha256Digest("x"));
    EXPECT_THAT(ValidateRequest(request), IsOk());
    c.set(request, "sha256:12");
    ExpectInvalid(request, c.field,
                  "\"sha256:12\" is not sha256:<64 hex digits>");
  }
}

TEST(RequestValidationTest, ModulesNeedNamesAndDigests) {
  RecordRevisionRequest request = Publication();
  request.clear_modules();
  auto& module = *request.add_modules();
  ExpectInvalid(request, "modules[0].name", "is required");
  module.set_name("nvidia\n");
  ExpectInvalid(request, "modules[0].name", kNotOneLine);
  module.set_name("nvidia");
  ExpectInvalid(request, "modules[0].digest",
                "\"\" is not sha256:<64 hex digits>");
  module.set_digest(Sha256Digest("module"));
  EXPECT_THAT(ValidateRequest(request), IsOk());
  while (request.modules_size() <= kMaxCellsPerCall) {
    *request.add_modules() = request.modules(0);
  }
  ExpectInvalid(request, "modules", "1001 is not from 0 to 1000");
}

TEST(RequestValidationTest, PublicationNeedsTheKernelRelease) {
  RecordRevisionRequest request = Publication();
  request.mutable_coordinates()->clear_kernel_release();
  ExpectInvalid(request, "coordinates.kernel_release", "is required");
}

TEST(RequestValidationTest, OversizedCoordinatesAreNotQuoted) {
  RecordRevisionRequest request = Publication();
  request.mutable_coordinates()->set_os_release(std::string(2000, '!'));
  ExpectInvalid(request, "coordinates",
                absl::StrCat("is ", request.coordinates().ByteSizeLong(),
                             " bytes long; the limit is 1024"));
}

TEST(RequestValidationTest, UnknownFieldsCountTowardsTheSize) {
  RecordRevisionRequest request = Publication();
  request.mutable_payload()
      ->GetReflection()
      ->MutableUnknownFields(request.mutable_payload())
      ->AddLengthDelimited(1000, std::string(1 << 20, 'x'));
  ExpectInvalid(request, "payload",
                absl::StrCat("is ", request.payload().ByteSizeLong(),
                             " bytes long; the limit is 262144"));
}

TEST(RequestValidationTest, PayloadIncludingProofIsAtMost256KiB) {
  RecordRevisionRequest request = Publication();
  std::string& message = *request.mutable_payload()
                              ->mutable_proof()
                              ->mutable_modules(0)
                              ->mutable_message();
  message.resize(256 << 10);
  message.resize((256 << 10) -
                 (request.payload().ByteSizeLong() - (256 << 10)));
  ASSERT_EQ(request.payload().ByteSizeLong(), 256u << 10);
  EXPECT_THAT(ValidateRequest(request), IsOk());
  message.push_back('x');
  ExpectInvalid(request, "payload",
                "is 262145 bytes long; the limit is 262144");
}

TEST(RequestValidationTest, PayloadFieldsAreChecked) {
  const std::string digest = Publication().payload().digest();
  const struct {
    std::string field;
    std::string description;
    std::function<void(release::v1::Payload&)> edit;
  } cases[] = {
      {"payload.digest", "\"sha256:12\" is not sha256:<64 hex digits>",
       [](auto& payload) { payload.set_digest("sha256:12"); }},
      {"payload.reference", "is required",
       [](auto& payload) { payload.clear_reference(); }},
      {"payload.reference", absl::StrCat("does not end with \"@", digest, "\""),
       [](auto& payload) { payload.set_reference("oci:/x"); }},
      {"payload.total_size", "is negative",
       [](auto& payload) { payload.set_total_size(-1); }},
      {"payload.proof.boot_duration", "-1s is not from 0 to 24h",
       [](auto& payload) {
         payload.mutable_proof()->mutable_boot_duration()->set_seconds(-1);
       }},
  };
  for (const auto& c : cases) {
    RecordRevisionRequest request = Publication();
    c.edit(*request.mutable_payload());
    ExpectInvalid(request, c.field, c.description);
  }
}

TEST(RequestValidationTest, IdIsAtMost128Bytes) {
  const std::string longest(128, 'x');
  EXPECT_THAT(ValidateRequest(WithId<GetCellRequest>(longest)), IsOk());
  const std::string id(129, 'x');
  const std::string too_long = "is 129 bytes long; the limit is 128";
  ExpectInvalid(WithId<GetCellRequest>(id), "id", too_long);
  ExpectInvalid(WithId<RetryCellRequest>(id), "id", too_long);
  ExpectInvalid(WithId<ListRevisionsRequest>(id), "id", too_long);
  ExpectInvalid(WithId<ListAttemptsRequest>(id), "id", too_long);
  ExpectInvalid(WithId<GetLogRequest>(id), "id", too_long);
  ExpectInvalid(WithId<PruneRevisionRequest>(id), "id", too_long);
  RenewLeasesRequest renewal = Renewal();
  *renewal.add_leases() = renewal.leases(0);
  renewal.mutable_leases(1)->set_id(id);
  ExpectInvalid(renewal, "leases[1].id", too_long);
  ReleaseLeaseRequest returned = Return();
  returned.mutable_lease()->set_id(id);
  ExpectInvalid(returned, "lease.id", too_long);
  FailAttemptRequest failure = Failure();
  failure.mutable_lease()->set_id(id);
  ExpectInvalid(failure, "lease.id", too_long);
}

TEST(RequestValidationTest, ListNeedsKnownStatesAndAPageSizeOfAtMost1000) {
  ListCellsRequest request;
  request.set_page_size(1001);
  ExpectInvalid(request, "page_size", "1001 is not from 0 to 1000");
  request.set_page_size(-1);
  ExpectInvalid(request, "page_size", "-1 is not from 0 to 1000");
  request.set_page_size(1000);
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.add_states(release::v1::CELL_STATE_UNSPECIFIED);
  ExpectInvalid(request, "states", "0 is not a cell state");
  request.set_states(0, static_cast<release::v1::CellState>(99));
  ExpectInvalid(request, "states", "99 is not a cell state");
}

TEST(RequestValidationTest, ClaimNeedsAWorkerAndAtMost1000Cells) {
  ExpectInvalid(ClaimCellsRequest(), "worker", "is required");
  ClaimCellsRequest request = Claim();
  request.set_max_cells(1001);
  ExpectInvalid(request, "max_cells", "1001 is not from 0 to 1000");
  request = Claim();
  while (request.ids_size() <= kMaxCellsPerCall) request.add_ids(TestId(1));
  ExpectInvalid(request, "ids", "1001 is not from 0 to 1000");
  request = Claim();
  request.add_ids("two\nlines");
  ExpectInvalid(request, "ids[0]", kNotOneLine);
  request = Claim();
  request.add_channels("");
  ExpectInvalid(request, "channels", "is required");
  while (request.channels_size() <= kMaxCellsPerCall) {
    request.add_channels("x");
  }
  ExpectInvalid(request, "channels", "has 1001 entries; the limit is 1000");
}

TEST(RequestValidationTest, LeaseIs1SecondTo24Hours) {
  const struct {
    int64_t seconds;
    int32_t nanos;
    std::string description;
  } cases[] = {
      {0, 0, "0 is not from 1s to 24h"},
      {0, 999'999'999, "999.999999ms is not from 1s to 24h"},
      {24 * 60 * 60, 1, "24h0.000000001s is not from 1s to 24h"},
      {int64_t{1} << 62, 0, "1281023894007607h45m4s is not from 1s to 24h"},
      {5, -1, "4.999999999s is not from 1s to 24h"},
  };
  const auto expect_checked = [&](auto request) {
    for (const auto& c : cases) {
      request.mutable_lease_duration()->set_seconds(c.seconds);
      request.mutable_lease_duration()->set_nanos(c.nanos);
      ExpectInvalid(request, "lease_duration", c.description);
    }
    for (int64_t seconds : {1, 24 * 60 * 60}) {
      request.mutable_lease_duration()->set_seconds(seconds);
      request.mutable_lease_duration()->set_nanos(0);
      EXPECT_THAT(ValidateRequest(request), IsOk());
    }
  };
  expect_checked(Claim());
  expect_checked(Renewal());
  expect_checked(NamedLease());
}

TEST(RequestValidationTest, RenewalNeeds1To1000Leases) {
  ExpectInvalid(RenewLeasesRequest(), "leases", "0 is not from 1 to 1000");
  RenewLeasesRequest request = Renewal();
  while (request.leases_size() <= kMaxCellsPerCall) {
    *request.add_leases() = request.leases(0);
  }
  ExpectInvalid(request, "leases", "1001 is not from 1 to 1000");
}

TEST(RequestValidationTest, ReturnedLeaseMayHaveAOneLineReason) {
  ReleaseLeaseRequest request = Return();
  request.set_reason("interrupted");
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.set_reason("two\nlines");
  ExpectInvalid(request, "reason", kNotOneLine);
}

TEST(RequestValidationTest, FailureNeedsAOneLineReason) {
  FailAttemptRequest request = Failure();
  request.mutable_failure()->clear_reason();
  ExpectInvalid(request, "failure.reason", "is required");
  request.mutable_failure()->set_reason("two\nlines");
  ExpectInvalid(request, "failure.reason", kNotOneLine);
  request.mutable_failure()->set_reason(std::string(4097, 'x'));
  ExpectInvalid(request, "failure.reason",
                "is 4097 bytes long; the limit is 4096");
  request = Failure();
  request.clear_failure();
  ExpectInvalid(request, "failure.reason", "is required");
}

TEST(RequestValidationTest, FailureNeedsAKnownClass) {
  FailAttemptRequest request = Failure();
  request.mutable_failure()->set_class_(
      release::v1::FAILURE_CLASS_INFRASTRUCTURE);
  EXPECT_THAT(ValidateRequest(request), IsOk());
  for (int value : {0, 3}) {
    request.mutable_failure()->set_class_(
        static_cast<release::v1::FailureClass>(value));
    ExpectInvalid(request, "failure.class",
                  "must be FAILURE_CLASS_DETERMINISTIC or "
                  "FAILURE_CLASS_INFRASTRUCTURE");
  }
}

TEST(RequestValidationTest, StageFingerprintAndLogOfAFailureAreOneLine) {
  const std::string too_long(257, 'x');
  FailAttemptRequest request = Failure();
  request.mutable_failure()->set_stage(too_long);
  ExpectInvalid(request, "failure.stage",
                "is 257 bytes long; the limit is 256");
  request.mutable_failure()->set_stage("two\nlines");
  ExpectInvalid(request, "failure.stage", kNotOneLine);
  request = Failure();
  request.mutable_failure()->set_fingerprint(too_long);
  ExpectInvalid(request, "failure.fingerprint",
                "is 257 bytes long; the limit is 256");
  request.mutable_failure()->set_fingerprint("two\nlines");
  ExpectInvalid(request, "failure.fingerprint", kNotOneLine);
  request = Failure();
  request.set_log_uri("two\nlines");
  ExpectInvalid(request, "log_uri", kNotOneLine);
}

TEST(RequestValidationTest, LogIsAtMost1MiB) {
  FailAttemptRequest request = Failure();
  request.set_log(std::string(1 << 20, 'x'));
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.mutable_log()->push_back('x');
  ExpectInvalid(request, "log", "is 1048577 bytes long; the limit is 1048576");
}

TEST(RequestValidationTest, LogIsOfAnAttemptOrTheNewestOne) {
  GetLogRequest request = WithId<GetLogRequest>(TestId(1));
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.set_fencing_token(-1);
  ExpectInvalid(request, "fencing_token", "is negative");
}

TEST(RequestValidationTest, WorkerNamesAtMost16EpochsAndArchitectures) {
  ClaimCellsRequest request = Claim();
  for (int i = 0; i < 16; ++i) {
    auto& epoch = *request.add_epochs();
    epoch.set_stage(absl::StrCat("stage", i));
    epoch.set_epoch(1);
    request.add_architectures("amd64");
  }
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.mutable_epochs(3)->set_epoch(0);
  ExpectInvalid(request, "epochs[3].epoch", "must be at least 1");
  request.mutable_epochs(3)->clear_stage();
  ExpectInvalid(request, "epochs[3].stage", "is required");
  *request.add_epochs() = request.epochs(0);
  ExpectInvalid(request, "epochs", "17 is not from 0 to 16");
  request.clear_epochs();
  request.set_architectures(0, "");
  ExpectInvalid(request, "architectures", "is required");
  request.add_architectures("amd64");
  ExpectInvalid(request, "architectures", "17 is not from 0 to 16");
}

TEST(RequestValidationTest, HeadsOfAPlanAreNamed) {
  const auto expect_checked = [](auto request) {
    auto& head = *request.add_heads();
    head = TestHeadReference(0);
    EXPECT_THAT(ValidateRequest(request), IsOk());
    head.set_version(-1);
    ExpectInvalid(request, "heads[0].version", "is negative");
    head.clear_family();
    ExpectInvalid(request, "heads[0].family", "is required");
    head = TestHeadReference(1);
    head.clear_name();
    ExpectInvalid(request, "heads[0].name", "is required");
    while (request.heads_size() <= kMaxCellsPerCall) {
      *request.add_heads() = TestHeadReference(1);
    }
    ExpectInvalid(request, "heads", "1001 is not from 0 to 1000");
  };
  expect_checked(Plan());
  expect_checked(Retirement());
}

TEST(RequestValidationTest, HeadNeedsReleasesAndAPlan) {
  MoveChannelHeadRequest request = HeadMove();
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.mutable_head()->clear_plan_digest();
  ExpectInvalid(request, "head.plan_digest",
                "\"\" is not sha256:<64 hex digits>");
  request.mutable_head()->mutable_releases(0)->clear_version();
  ExpectInvalid(request, "head.releases[0].version", "is required");
  request.mutable_head()->mutable_releases(0)->set_name("two\nlines");
  ExpectInvalid(request, "head.releases[0].name", kNotOneLine);
  request.mutable_head()->clear_releases();
  ExpectInvalid(request, "head.releases", "0 is not from 1 to 1000");
  request.mutable_head()->set_family(static_cast<matrix::v1::Family>(99));
  ExpectInvalid(request, "head.family", "is required");
}

// The digest of a fragment is that of its content.
TEST(RequestValidationTest, FragmentIsWhatItsReferenceSays) {
  PutFragmentsRequest request = Fragments();
  EXPECT_THAT(ValidateRequest(request), IsOk());
  *request.add_fragments() = TestFragment("second");
  Fragment& fragment = *request.mutable_fragments(1);
  fragment.mutable_reference()->set_kind("toolkit");
  ExpectInvalid(request, "fragments[1].sources",
                "are of kind \"driver\", not \"toolkit\"");
  fragment.mutable_sources()->clear_resource();
  ExpectInvalid(request, "fragments[1].sources", "has no resource");
  fragment.set_content("other");
  ExpectInvalid(request, "fragments[1].reference.digest",
                "is not that of the content");
  fragment.mutable_reference()->clear_name();
  ExpectInvalid(request, "fragments[1].reference.name", "is required");
  fragment.clear_content();
  ExpectInvalid(request, "fragments[1].content", "is required");
  ExpectInvalid(PutFragmentsRequest(), "fragments", "0 is not from 1 to 1000");
}

TEST(RequestValidationTest, EachKindOfFragmentHasItsResource) {
  PutFragmentsRequest request = Fragments();
  Fragment& fragment = *request.mutable_fragments(0);
  fragment.mutable_reference()->set_kind("os_release");
  fragment.mutable_sources()->mutable_os_release()->set_name("flatcar-1.2.3");
  EXPECT_THAT(ValidateRequest(request), IsOk());
  fragment.mutable_sources()->mutable_os_release()->set_keyring("/srv/key.gpg");
  ExpectInvalid(request, "fragments[0].sources.os_release.keyring",
                "is a path of one machine; send the content as "
                "sources.keyring");
  fragment.mutable_reference()->set_kind("toolkit");
  fragment.mutable_sources()->mutable_toolkit();
  EXPECT_THAT(ValidateRequest(request), IsOk());
}

TEST(RequestValidationTest, ContentAndKeyringAreAtMost1MiBEach) {
  PutFragmentsRequest request;
  Fragment& fragment = *request.add_fragments();
  fragment = TestFragment(std::string(1 << 20, 'x'));
  fragment.mutable_sources()->set_keyring(std::string(1 << 20, 'x'));
  EXPECT_THAT(ValidateRequest(request), IsOk());
  fragment.mutable_sources()->mutable_driver()->add_patches()->set_content(
      std::string(1 << 20, 'x'));
  ExpectInvalid(request, "fragments[0]",
                absl::StrCat("is ", fragment.ByteSizeLong(),
                             " bytes long; the limit is 3145728"));
  fragment.mutable_sources()->mutable_keyring()->push_back('x');
  ExpectInvalid(request, "fragments[0].sources.keyring",
                "is 1048577 bytes long; the limit is 1048576");
  fragment.mutable_content()->push_back('x');
  ExpectInvalid(request, "fragments[0].content",
                "is 1048577 bytes long; the limit is 1048576");
}

TEST(RequestValidationTest, FragmentsAreFoundBy1To1000Digests) {
  GetFragmentsRequest request;
  ExpectInvalid(request, "digests", "0 is not from 1 to 1000");
  request.add_digests(Sha256Digest("x"));
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.add_digests("x");
  ExpectInvalid(request, "digests[1]", "\"x\" is not sha256:<64 hex digits>");
  while (request.digests_size() <= kMaxCellsPerCall) {
    request.add_digests(request.digests(0));
  }
  ExpectInvalid(request, "digests", "1001 is not from 1 to 1000");
}

TEST(RequestValidationTest, NamedLeaseNeedsANameAndAWorker) {
  AcquireLeaseRequest request = NamedLease();
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.clear_worker();
  ExpectInvalid(request, "worker", "is required");
  request.set_name(std::string(257, 'x'));
  ExpectInvalid(request, "name", "is 257 bytes long; the limit is 256");
  ReleaseNamedLeaseRequest returned;
  ExpectInvalid(returned, "name", "is required");
  returned.set_name("registry");
  ExpectInvalid(returned, "worker", "is required");
  returned.set_worker("worker");
  EXPECT_THAT(ValidateRequest(returned), IsOk());
}

TEST(RequestValidationTest, LogsArePrunedBeforeATime) {
  EXPECT_THAT(ValidateRequest(LogPruning()), IsOk());
  ExpectInvalid(PruneLogsRequest(), "before_time", "is required");
}

TEST(RequestValidationTest, EventsNeedAPositionAndAPageSizeOfAtMost1000) {
  ListEventsRequest request;
  request.set_after_sequence(-1);
  ExpectInvalid(request, "after_sequence", "is negative");
  request.set_after_sequence(int64_t{1} << 62);
  request.set_page_size(1000);
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.set_page_size(1001);
  ExpectInvalid(request, "page_size", "1001 is not from 0 to 1000");
  request.set_page_size(-1);
  ExpectInvalid(request, "page_size", "-1 is not from 0 to 1000");
}

TEST(RequestValidationTest, ResolveNeedsAnOsRelease) {
  ExpectInvalid(ResolveRequest(), "os_release", "is required");
  ResolveRequest request = Node();
  request.set_kernel_release(std::string(257, 'x'));
  ExpectInvalid(request, "kernel_release",
                "is 257 bytes long; the limit is 256");
}

}  // namespace
}  // namespace gantry::service
