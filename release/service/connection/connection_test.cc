#include "release/service/connection/connection.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/release_service.pb.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ConnectionTest : public testing::Test {
 protected:
  const TestDatabase database_;
};

TEST_F(ConnectionTest, DatabaseIsCreatedAndPersists) {
  {
    GANTRY_ASSERT_OK_AND_ASSIGN(const Connection connection,
                                Connection::ToDatabase(database_.path()));
    ASSERT_THAT(connection.client().PlanCells({TestPlan(1)}), IsOk());
  }
  GANTRY_ASSERT_OK_AND_ASSIGN(const Connection again,
                              Connection::ToDatabase(database_.path()));
  EXPECT_THAT(again.client().ListCells({}), IsOkAndHolds(SizeIs(1)));
}

TEST_F(ConnectionTest, DatabaseOfOneMachineRecordsItsDirectories) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Connection connection,
                              Connection::ToDatabase(database_.path()));
  release::v1::RecordRevisionRequest revision = TestRevision(1, "payload", 0);
  const std::string digest = revision.payload().digest();
  revision.mutable_payload()->set_reference("oci:/srv/oci@" + digest);
  EXPECT_THAT(connection.client().RecordRevision(revision), IsOk());
}

TEST_F(ConnectionTest, ReadOnlyDatabaseIsReadBesideAWriter) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Connection writer,
                              Connection::ToDatabase(database_.path()));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Connection reader,
                              Connection::ToReadOnlyDatabase(database_.path()));
  ASSERT_THAT(writer.client().PlanCells({TestPlan(1)}), IsOk());
  EXPECT_THAT(reader.client().ListCells({}), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(reader.client().PlanCells({TestPlan(2)}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ConnectionTest, MissingReadOnlyDatabaseIsNotFound) {
  EXPECT_THAT(Connection::ToReadOnlyDatabase(database_.path()),
              StatusIs(absl::StatusCode::kNotFound,
                       EndsWith("; run //release:matrix first, or pass "
                                "--service or --state")));
}

TEST_F(ConnectionTest, RemoteServiceIsReachedByItsAddress) {
  ReleaseServerOptions options;
  options.listen_address = "127.0.0.1:0";
  options.database_path = database_.path();
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto server, ReleaseServer::Start(options));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Connection connection,
      Connection::ToService(absl::StrCat("127.0.0.1:", server->port())));
  EXPECT_THAT(connection.client().PlanCells({TestPlan(1)}), IsOk());
}

TEST_F(ConnectionTest, UnreachableServiceIsNamed) {
  // Nothing listens on port 1.
  EXPECT_THAT(
      Connection::ToService("127.0.0.1:1"),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1:1")));
}

}  // namespace
}  // namespace gantry::service
