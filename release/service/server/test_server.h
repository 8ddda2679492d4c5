#ifndef GANTRY_RELEASE_SERVICE_SERVER_TEST_SERVER_H_
#define GANTRY_RELEASE_SERVICE_SERVER_TEST_SERVER_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "proto/release_service.grpc.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "release/service/store/test_store.h"

namespace gantry::service {

// A server on a free port, with a clock that the test controls, and a client.
class ReleaseServerTest : public testing::Test {
 protected:
  void SetUp() override { Start(); }

  ReleaseServerOptions Options();

  void Start();
  void Stop();

  // "127.0.0.1:<port>".
  std::string Address() const;

  void AdvanceClock(absl::Duration duration) { now_ = now_.load() + duration; }

  // Blocks the next write while it reads the clock.  The test calls
  // write_blocked_.WaitForNotification(), then unblock_write_.Notify().
  void BlockNextWrite() { block_next_write_ = true; }

  // A client with gRPC's default limits, which can also read single pages.
  std::unique_ptr<release::v1::ReleaseService::Stub> NewStub() const;

  const TestDatabase database_;
  std::atomic<absl::Time> now_{absl::FromUnixSeconds(1700000000)};
  std::atomic<bool> block_next_write_{false};
  absl::Notification write_blocked_;
  absl::Notification unblock_write_;
  std::unique_ptr<ReleaseServer> server_;
  std::unique_ptr<ReleaseClient> client_;

 private:
  absl::Time Now();
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_TEST_SERVER_H_
