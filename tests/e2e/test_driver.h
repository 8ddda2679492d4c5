#ifndef GANTRY_TESTS_E2E_TEST_DRIVER_H_
#define GANTRY_TESTS_E2E_TEST_DRIVER_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::e2e {

// The sources of tests/fixtures/hello, which tests build in place of a driver.
class TestDriver {
 public:
  // `directory` must exist; sources and patches are written there.
  explicit TestDriver(std::string directory)
      : directory_(std::move(directory)) {}

  // Packs the sources, with `last_line` at the end of hello.c, as a gzipped tar
  // file.
  absl::Status Pack(absl::string_view last_line,
                    const std::string& archive) const;

  // Writes a patch of the last line of hello.c to `name` in the directory.
  absl::Status WritePatch(absl::string_view name, absl::string_view from,
                          absl::string_view to) const;

 private:
  std::string directory_;
};

}  // namespace gantry::e2e

#endif  // GANTRY_TESTS_E2E_TEST_DRIVER_H_
