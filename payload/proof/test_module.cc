#include "payload/proof/test_module.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace gantry::proof {

std::string TestModule(absl::string_view variant) {
  // Tests run in their runfiles directory.
  return ReadFile(absl::StrCat("payload/proof/sample_", variant, ".ko"))
      .value();
}

}  // namespace gantry::proof
