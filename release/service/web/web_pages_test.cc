#include "release/service/web/web_pages.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/json.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/matrix.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/http/http_server.h"
#include "release/service/server/release_server.h"
#include "release/service/store/test_store.h"
#include "release/service/web/page_data.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Cell;
using ::google::protobuf::Struct;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Cell 1 is built, cell 2 has failed, and cell 3 is planned.
class WebPagesTest : public testing::Test {
 protected:
  void SetUp() override {
    ReleaseServerOptions options;
    options.database_path = database_.path();
    options.clock = [this] { return now_; };
    options.demand_interval = absl::Milliseconds(1);
    GANTRY_ASSERT_OK_AND_ASSIGN(server_, ReleaseServer::Start(options));
    client_ = std::make_unique<ReleaseClient>(server_->InProcessChannel(), "");
    pages_ = std::make_unique<WebPages>(server_->InProcessChannel(),
                                        [this] { return now_; });
    MoveHead({"6.1.0-56-cloud-amd64"});
    ASSERT_THAT(client_->PlanCells({TestPlan(1), TestPlan(2), TestPlan(3)}),
                IsOk());
    ASSERT_THAT(client_->RecordRevision(TestRevision(1)), IsOk());
    Fail(2);
  }

  void TearDown() override {
    pages_.reset();
    client_.reset();
  }

  void MoveHead(const std::vector<std::string>& versions) {
    release::v1::MoveChannelHeadRequest request;
    release::v1::ChannelHead& head = *request.mutable_head();
    head.set_family(matrix::v1::FAMILY_DEBIAN);
    head.set_name("6.1-cloud");
    head.set_version(head_version_);
    head.set_plan_digest(TestRevision(1).payload().digest());
    for (const std::string& version : versions) {
      auto& release = *head.add_releases();
      release.set_name("debian-12-" + version);
      release.set_version(version);
    }
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto moved,
                                client_->MoveChannelHead(request));
    head_version_ = moved.version();
  }

  void Fail(int number) {
    release::v1::ClaimCellsRequest claim;
    claim.set_worker("ci-7/2c26");
    claim.add_ids(TestId(number));
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed,
                                client_->ClaimCells(claim));
    ASSERT_EQ(claimed.size(), 1u);
    release::v1::FailAttemptRequest request;
    request.mutable_lease()->set_id(TestId(number));
    request.mutable_lease()->set_fencing_token(
        claimed[0].lease().fencing_token());
    auto& failure = *request.mutable_failure();
    failure.set_class_(release::v1::FAILURE_CLASS_DETERMINISTIC);
    failure.set_stage("compile");
    failure.set_fingerprint("v1:compile:12");
    failure.set_reason("nv-pci.c:1: too few arguments to <f>");
    request.set_log("the log's text");
    ASSERT_THAT(client_->FailAttempt(request), IsOk());
  }

  HttpResponse Get(const std::string& path,
                   const PageData::Parameters& parameters = {}) {
    return pages_->Handle({path, parameters, ""});
  }

  // The JSON form of a page.
  Struct Json(const std::string& path,
              const PageData::Parameters& parameters = {}) {
    const HttpResponse response = Get(path, parameters);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    Struct object;
    EXPECT_THAT(ParseJson(response.body, path, object), IsOk());
    return object;
  }

  static const Struct& Entry(const Struct& object, const std::string& list,
                             int index) {
    return object.fields().at(list).list_value().values(index).struct_value();
  }

  static std::string Text(const Struct& object, const std::string& name) {
    const auto found = object.fields().find(name);
    return found == object.fields().end() ? "" : found->second.string_value();
  }

  const TestDatabase database_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);  // 2023-11-14.
  int64_t head_version_ = 0;
  std::unique_ptr<ReleaseServer> server_;
  std::unique_ptr<ReleaseClient> client_;
  std::unique_ptr<WebPages> pages_;
};

TEST_F(WebPagesTest, RootLeadsToTheMatrix) {
  const HttpResponse response = Get("/");
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.headers.at("Location"), "/matrix");
}

TEST_F(WebPagesTest, MatrixHasAColumnForEachPayload) {
  const HttpResponse page = Get("/matrix");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(
      page.body,
      AllOf(HasSubstr("debian 6.1-cloud"),
            HasSubstr("<th scope=\"col\">nvidia 535.261.03, CUDA 12.1"),
            HasSubstr("<th scope=\"row\">debian-12-6.1.0-56-cloud-amd64</th>"),
            HasSubstr(absl::StrCat("<a class=\"state built\" href=\"/cells/",
                                   TestId(1), "\" title=\"\">built r1</a>")),
            HasSubstr("class=\"state failed\""),
            HasSubstr("title=\"nv-pci.c:1: too few arguments to &lt;f&gt;\""),
            HasSubstr("<a href=\"/matrix.json\">")));

  const Struct object = Json("/matrix.json");
  const Struct& channel = Entry(object, "channels", 0);
  EXPECT_EQ(Text(channel, "name"), "6.1-cloud");
  const Struct& release = Entry(channel, "releases", 0);
  EXPECT_EQ(Text(Entry(release, "cells", 0), "state"), "built");
  EXPECT_EQ(Text(Entry(release, "cells", 1), "state"), "failed");
  EXPECT_EQ(Text(Entry(release, "cells", 2), "state"), "planned");
}

TEST_F(WebPagesTest, MatrixOfOneChannelHasItsOlderReleases) {
  std::vector<std::string> versions;
  for (int i = 40; i > 0; --i) versions.push_back(absl::StrCat("6.1.", i));
  MoveHead(versions);
  Struct all = Json("/matrix.json");
  EXPECT_EQ(Text(Entry(all, "channels", 0), "next"), "5");
  Struct one = Json("/matrix.json", {{"channel", "6.1-cloud"}});
  EXPECT_EQ(Text(Entry(one, "channels", 0), "next"), "25");
  one = Json("/matrix.json", {{"channel", "6.1-cloud"}, {"skip", "25"}});
  EXPECT_EQ(Text(Entry(one, "channels", 0), "next"), "");
  EXPECT_EQ(Text(Entry(Entry(one, "channels", 0), "releases", 14), "name"),
            "debian-12-6.1.1");
  EXPECT_EQ(Get("/matrix", {{"channel", "none"}}).status, 404);
  EXPECT_EQ(Get("/matrix", {{"channel", "6.1-cloud"}, {"skip", "x"}}).status,
            400);
}

TEST_F(WebPagesTest, BuiltCellHasRevisionAndProof) {
  const HttpResponse page = Get("/cells/" + TestId(1));
  EXPECT_EQ(page.status, 200);
  const std::string digest = TestRevision(1).payload().digest();
  EXPECT_THAT(page.body,
              AllOf(HasSubstr("<h3>Revision 1</h3>"),
                    HasSubstr("registry.example/gantry@" + digest),
                    HasSubstr("The kernel <strong>accepted</strong> the"),
                    HasSubstr("<th scope=\"row\">nvidia-4</th>"),
                    HasSubstr("No worker has tried to build it.")));
}

TEST_F(WebPagesTest, FailedCellHasAttemptAndLog) {
  const std::string path = "/cells/" + TestId(2);
  const HttpResponse page = Get(path);
  EXPECT_THAT(
      page.body,
      AllOf(HasSubstr("Nothing has been recorded yet."),
            HasSubstr("deterministic, compile, <code>v1:compile:12</code>"),
            HasSubstr("ci-7/2c26"), Not(HasSubstr("as revision")),
            HasSubstr("<a href=\"" + path + "/log?attempt=1\">")));
  const HttpResponse log = Get(path + "/log", {{"attempt", "1"}});
  EXPECT_EQ(log.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(log.body, "the log's text");
  EXPECT_EQ(Get(path + "/log", {{"attempt", "7"}}).status, 404);
  EXPECT_EQ(Get(path + "/log", {{"attempt", "x"}}).status, 400);
  EXPECT_EQ(Text(Entry(Json(path + ".json"), "attempts", 0), "outcome"),
            "failed");
}

TEST_F(WebPagesTest, FailuresAreGroupedByCause) {
  Fail(3);
  EXPECT_THAT(Get("/failures").body,
              AllOf(HasSubstr("2 cells: nv-pci.c:1: too few arguments"),
                    HasSubstr("/cells/" + TestId(2)),
                    HasSubstr("/cells/" + TestId(3))));
  const Struct object = Json("/failures.json");
  EXPECT_EQ(Text(Entry(object, "causes", 0), "count"), "2");
}

TEST_F(WebPagesTest, ChangesAreThoseOfTheDays) {
  now_ += absl::Hours(24);
  ASSERT_THAT(client_->PlanCells({TestPlan(4)}), IsOk());
  now_ += absl::Hours(24);
  ASSERT_THAT(client_->PlanCells({TestPlan(5)}), IsOk());
  const auto ids = [&](const PageData::Parameters& parameters) {
    std::vector<std::string> ids;
    const Struct object = Json("/changes.json", parameters);
    if (object.fields().count("events") == 0) return ids;
    for (const auto& event :
         object.fields().at("events").list_value().values()) {
      ids.push_back(Text(event.struct_value(), "cell"));
    }
    return ids;
  };
  EXPECT_THAT(ids({}), ElementsAre(TestId(4), TestId(5)));
  EXPECT_THAT(ids({{"from", "2023-11-15"}, {"to", "2023-11-15"}}),
              ElementsAre(TestId(4)));
  EXPECT_THAT(ids({{"from", "2023-11-01"}, {"to", "2023-11-13"}}), IsEmpty());
  // A head, three plans, a record, a claim and a failure.
  EXPECT_EQ(ids({{"from", "2023-11-14"}, {"to", "2023-11-14"}}).size(), 7u);
  EXPECT_THAT(
      Get("/changes", {{"from", "2023-11-14"}}).body,
      AllOf(HasSubstr("debian 6.1-cloud: 6.1.0-56-cloud-amd64"),
            HasSubstr("revision 1"), HasSubstr("value=\"2023-11-14\"")));
  EXPECT_EQ(Get("/changes", {{"from", "yesterday"}}).status, 400);
  EXPECT_EQ(
      Get("/changes", {{"from", "2023-11-15"}, {"to", "2023-11-14"}}).status,
      400);
}

TEST_F(WebPagesTest, ManyChangesHaveALaterPage) {
  std::vector<release::v1::CellPlan> plans;
  for (int i = 100; i < 700; ++i) plans.push_back(TestPlan(i));
  ASSERT_THAT(client_->PlanCells(plans), IsOk());
  const Struct first = Json("/changes.json");
  EXPECT_EQ(first.fields().at("events").list_value().values_size(), 500);
  const Struct second = Json("/changes.json", {{"after", Text(first, "next")}});
  EXPECT_EQ(second.fields().at("events").list_value().values_size(), 107);
  EXPECT_EQ(Text(second, "next"), "");
}

TEST_F(WebPagesTest, DemandIsOrdered) {
  EXPECT_THAT(Get("/demand").body, HasSubstr("No node has asked in vain."));
  release::v1::ResolveRequest request;
  request.set_os_release(TestCoordinates(3).os_release());
  request.set_cuda_version(TestCoordinates(3).cuda_version());
  ASSERT_THAT(client_->Resolve(request), IsOk());
  // Demand is written at intervals.
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (Json("/demand.json").fields().count("cells") == 0) {
    ASSERT_LT(absl::Now(), deadline);
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_EQ(Text(Entry(Json("/demand.json"), "cells", 0), "id"), TestId(3));
  EXPECT_THAT(Get("/demand").body, HasSubstr("/cells/" + TestId(3)));
}

TEST_F(WebPagesTest, SearchFindsBeginningsAndIds) {
  EXPECT_THAT(Get("/search").body, HasSubstr("Search for the beginning"));
  for (const std::string text : {"debian-12-6.1.0-56", "535.261", "12"}) {
    const Struct object = Json("/search.json", {{"q", text}});
    ASSERT_EQ(object.fields().count("cells"), 1u) << text;
    EXPECT_EQ(object.fields().at("cells").list_value().values_size(), 3)
        << text;
  }
  EXPECT_EQ(
      Text(Entry(Json("/search.json", {{"q", " " + TestId(2)}}), "cells", 0),
           "id"),
      TestId(2));
  const std::string script = "<script>alert(1)</script>";
  EXPECT_THAT(Get("/search", {{"q", script}}).body,
              AllOf(HasSubstr("No cell has"), Not(HasSubstr(script))));
}

TEST_F(WebPagesTest, UnknownPagesAndCellsAreNotFound) {
  const HttpResponse page = Get("/nothing");
  EXPECT_EQ(page.status, 404);
  EXPECT_THAT(page.body, HasSubstr("there is no such page"));
  EXPECT_EQ(Get("/cells/unknown").status, 404);
  const HttpResponse json = Get("/cells/unknown.json");
  EXPECT_EQ(json.status, 404);
  EXPECT_EQ(json.content_type, "application/json");
}

TEST_F(WebPagesTest, ServiceThatDoesNotAnswerIsUnavailable) {
  // Nothing listens on port 1.
  WebPages pages(
      grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()));
  EXPECT_EQ(pages.Handle({"/matrix", {}, ""}).status, 503);
  EXPECT_EQ(pages.Handle({"/matrix.json", {}, ""}).status, 503);
  EXPECT_EQ(pages.Handle({"/style.css", {}, ""}).status, 200);
}

TEST_F(WebPagesTest, NothingIsLoadedFromElsewhere) {
  for (const char* path : {"/matrix", "/nothing", "/style.css"}) {
    const HttpResponse response = Get(path);
    EXPECT_THAT(response.headers.at("Content-Security-Policy"),
                HasSubstr("default-src 'none'"));
    EXPECT_EQ(response.headers.at("X-Content-Type-Options"), "nosniff");
    EXPECT_THAT(response.body, Not(HasSubstr("<script")));
  }
}

}  // namespace
}  // namespace gantry::service
