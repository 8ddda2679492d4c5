#include "payload/proof/sample_modules.h"

#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace gantry::proof {

std::string SampleModule(absl::string_view variant) {
  // Tests run in their runfiles folder.
  return ReadFile(absl::StrCat("payload/proof/sample_", variant, ".ko"))
      .value();
}

}  // namespace gantry::proof
