#ifndef GANTRY_TESTS_E2E_TEST_DRIVER_H_
#define GANTRY_TESTS_E2E_TEST_DRIVER_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry::e2e {

// The sources of tests/fixtures/hello, which replace those of a driver.
class TestDriver {
 public:
  // Sources and patches are written to `directory`, which must exist.
  explicit TestDriver(std::string directory)
      : directory_(std::move(directory)) {}

  // Packs the sources, with `last_line` at the end of hello.c, into a gzipped
  // tar archive.
  absl::Status Pack(absl::string_view last_line,
                    const std::string& archive) const;

  // Writes a patch that replaces the last line of hello.c, `from`, with `to`.
  absl::Status WritePatch(absl::string_view name, absl::string_view from,
                          absl::string_view to) const;

 private:
  std::string directory_;
};

}  // namespace gantry::e2e

#endif  // GANTRY_TESTS_E2E_TEST_DRIVER_H_
