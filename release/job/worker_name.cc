#include "release/job/worker_name.h"

#include <unistd.h>

#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace gantry::job {
namespace {

std::string RandomId() {
  std::random_device random;
  return absl::StrFormat("%08x%08x", random(), random());
}

std::string NameOf(const std::string& id) {
  char host[64] = "";
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "/", id);
}

}  // namespace

std::string NewWorkerName() { return NameOf(RandomId()); }

absl::StatusOr<std::string> WorkerName(const StateDir& state) {
  auto id = ReadFile(state.worker_id_path());
  if (absl::IsNotFound(id.status())) {
    id = RandomId();
    GANTRY_RETURN_IF_ERROR(WriteFileAtomically(state.worker_id_path(), *id));
  }
  GANTRY_RETURN_IF_ERROR(id.status());
  return NameOf(*id);
}

}  // namespace gantry::job
