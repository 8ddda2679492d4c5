#include "release/service/auth/permissions.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "proto/credentials.pb.h"
#include "proto/release_service.pb.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::ROLE_NODE;
using ::gantry::release::v1::ROLE_OPERATOR;
using ::gantry::release::v1::ROLE_PLANNER;
using ::gantry::release::v1::ROLE_READER;
using ::gantry::release::v1::ROLE_UNSPECIFIED;
using ::gantry::release::v1::ROLE_WORKER;

const google::protobuf::ServiceDescriptor& Service() {
  return *release::v1::GetCellRequest::descriptor()->file()->FindServiceByName(
      "ReleaseService");
}

TEST(PermissionsTest, EveryRpcIsListed) {
  for (int i = 0; i < Service().method_count(); ++i) {
    const std::string& rpc = Service().method(i)->name();
    EXPECT_TRUE(MayCall(rpc, {ROLE_OPERATOR})) << rpc;
    EXPECT_FALSE(MayCall(rpc, {})) << rpc;
    // The service finds the permission by the request's type.
    EXPECT_EQ(Service().method(i)->input_type()->name(),
              absl::StrCat(rpc, "Request"));
  }
  EXPECT_FALSE(MayCall("DropDatabase", {ROLE_OPERATOR}));
}

TEST(PermissionsTest, WorkersNeitherPlanNorMoveHeads) {
  for (const char* rpc :
       {"PlanCells", "RetireCells", "PutFragments", "MoveChannelHead"}) {
    EXPECT_FALSE(MayCall(rpc, {ROLE_WORKER})) << rpc;
    EXPECT_FALSE(MayCall(rpc, {ROLE_READER, ROLE_NODE})) << rpc;
    EXPECT_TRUE(MayCall(rpc, {ROLE_PLANNER})) << rpc;
  }
  EXPECT_TRUE(MayCall("ClaimCells", {ROLE_WORKER}));
  EXPECT_FALSE(MayCall("ClaimCells", {ROLE_PLANNER}));
  EXPECT_TRUE(MayCall("ClaimCells", {ROLE_PLANNER, ROLE_WORKER}));
}

TEST(PermissionsTest, ReadersChangeNothing) {
  for (int i = 0; i < Service().method_count(); ++i) {
    const auto& method = *Service().method(i);
    if (!MayCall(method.name(), {ROLE_READER})) continue;
    // What changes something can be repeated with an id, or is a lease.
    EXPECT_EQ(method.input_type()->FindFieldByName("request_id"), nullptr)
        << method.name();
    EXPECT_EQ(method.input_type()->FindFieldByName("lease_duration"), nullptr)
        << method.name();
  }
}

TEST(PermissionsTest, NodesOnlyResolve) {
  for (int i = 0; i < Service().method_count(); ++i) {
    const std::string& rpc = Service().method(i)->name();
    EXPECT_EQ(MayCall(rpc, {ROLE_NODE}), rpc == "Resolve") << rpc;
  }
}

TEST(PermissionsTest, RolesHaveNames) {
  EXPECT_EQ(RoleName(ROLE_PLANNER), "planner");
  EXPECT_EQ(ParseRoleName("planner"), ROLE_PLANNER);
  EXPECT_EQ(ParseRoleName("root"), ROLE_UNSPECIFIED);
}

}  // namespace
}  // namespace gantry::service
