#ifndef GANTRY_TESTS_E2E_REGISTRY_H_
#define GANTRY_TESTS_E2E_REGISTRY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/subprocess.h"

namespace gantry {

// An image registry (Debian's docker-registry) on a free port of 127.0.0.1,
// without TLS, until this ends.
class Registry {
 public:
  // Keeps its images in `directory`, which must exist.  It answers as soon as
  // this returns.
  static absl::StatusOr<Registry> Start(const std::string& directory);

  // "127.0.0.1:<port>": how image references name it.
  const std::string& host() const { return host_; }
  // "http://127.0.0.1:<port>", without a slash at the end.
  std::string url() const;
  // "127.0.0.1:<port>/<name>".
  std::string Repository(absl::string_view name) const;

 private:
  Registry(BackgroundProcess process, std::string host)
      : process_(std::move(process)), host_(std::move(host)) {}

  BackgroundProcess process_;
  std::string host_;
};

}  // namespace gantry

#endif  // GANTRY_TESTS_E2E_REGISTRY_H_
