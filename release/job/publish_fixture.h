#ifndef GANTRY_RELEASE_JOB_PUBLISH_FIXTURE_H_
#define GANTRY_RELEASE_JOB_PUBLISH_FIXTURE_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/state_dir.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "tests/fixtures/registry.h"

namespace gantry::job {

// A release service with a fake clock on a state directory, in whose layout are
// the images of the cells.
class PublishTest : public testing::Test {
 protected:
  PublishTest();

  std::string PathOf(const std::string& name) const;

  // Restarts the service so that it is reached through a port, too; it records
  // no images of the layout from then on.  Returns "127.0.0.1:<port>".
  std::string Serve();

  // Plans the cell (tests/fixtures/test_cells.h).
  void Plan(int number);

  // Retires all cells that were planned.
  void RetireAll();

  // Publishes an image with this content, without a tag, and records it as the
  // next revision of the cell.  Returns its digest.
  std::string Record(int number, const std::string& content);

  // The same, but only publishes.
  std::string Publish(int number, const std::string& content,
                      const publish::Destination& destination);

  publish::Destination StartRegistry(
      const fixtures::RegistryOptions& options = {});

  // Takes the lease of a registry for a worker named "another".
  void TakeLease(const publish::Destination& registry);

  const TempDir directory_;
  const StateDir state_;
  publish::Destination layout_;
  // Since the start of the test.
  std::atomic<int> days_{0};
  std::unique_ptr<service::ReleaseServer> server_;
  std::unique_ptr<service::ReleaseClient> client_;

 private:
  void StartService(const std::string& listen_address);

  std::vector<fixtures::Registry> registries_;
};

// The time of the fake clock after so many days.
absl::Time FakeTime(int days);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_PUBLISH_FIXTURE_H_
