#include <cstdio>
#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "release/job/reconcile.h"
#include "release/publish/publisher.h"
#include "release/service/connection/connection.h"

ABSL_FLAG(std::string, service, "",
          "HOST:PORT of the release service; empty: an in-process service that "
          "reads the state directory's database");
ABSL_FLAG(std::string, registry, "",
          "repository to complete, such as registry.example/gantry; empty: the "
          "OCI layout in the state directory");
ABSL_FLAG(std::string, state, "",
          "state directory; empty: .gantry in the workspace");

namespace {

constexpr char kUsage[] =
    "Makes a registry or an OCI layout equal to the records: images of all "
    "revisions, and tags.  Also fills a second registry.\n"
    "Exit codes: 0 it is equal; 3 revisions are missing, with the reasons on "
    "standard output; 1 error.";
constexpr int kIncomplete = 3;

absl::StatusOr<gantry::job::ReconcileResult> Run(gantry::Progress& progress) {
  GANTRY_ASSIGN_OR_RETURN(const gantry::StateDir state,
                          gantry::StateDir::Open(absl::GetFlag(FLAGS_state)));
  const std::string service = absl::GetFlag(FLAGS_service);
  GANTRY_ASSIGN_OR_RETURN(
      const gantry::service::Connection connection,
      service.empty() ? gantry::service::Connection::ToReadOnlyDatabase(
                            state.database_path())
                      : gantry::service::Connection::ToService(service));
  gantry::publish::Destination destination;
  destination.registry_repository = absl::GetFlag(FLAGS_registry);
  if (destination.registry_repository.empty()) {
    destination.layout_directory = state.oci_path();
  }
  return gantry::job::Reconcile(connection.client(), destination, progress);
}

}  // namespace

int main(int argc, char** argv) {
  gantry::ParseFlags({"publish", kUsage, gantry::kVersion}, argc, argv);
  absl::StatusOr<gantry::job::ReconcileResult> result;
  {
    gantry::Progress progress(stderr);
    result = Run(progress);
  }
  if (!result.ok()) {
    std::cerr << "publish: " << result.status().message() << "\n";
    return 1;
  }
  std::cout << result->copied_images << " images copied, " << result->moved_tags
            << " tags moved, " << result->missing.size()
            << " revisions missing\n";
  for (const std::string& missing : result->missing) {
    std::cout << missing << "\n";
  }
  return result->missing.empty() ? 0 : kIncomplete;
}
