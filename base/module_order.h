#ifndef GANTRY_BASE_MODULE_ORDER_H_
#define GANTRY_BASE_MODULE_ORDER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace gantry {

// An order in which kernel modules can be loaded: each after all modules that
// it depends on.
//
// `depends` has for every module, by kernel name, the modules that it depends
// on; those that are not themselves keys are ignored.  Where dependencies leave
// a choice, the modules in `preferred` come first, in its order, then the
// others by name.
//
// INVALID_ARGUMENT: modules depend on each other in a cycle; names one of them.
absl::StatusOr<std::vector<std::string>> OrderModules(
    const std::map<std::string, std::vector<std::string>>& depends,
    absl::Span<const absl::string_view> preferred);

}  // namespace gantry

#endif  // GANTRY_BASE_MODULE_ORDER_H_
