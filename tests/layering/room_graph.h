#ifndef GANTRY_TESTS_LAYERING_ROOM_GRAPH_H_
#define GANTRY_TESTS_LAYERING_ROOM_GRAPH_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry::layering {

// Which rooms (directories) each room may depend on; both without a trailing
// slash, such as "release/service/store".  A target belongs to the room with
// the longest matching name.
using AllowedRooms = std::map<std::string, std::set<std::string>>;

// A target and one that it depends on, as labels.
using Dependency = std::pair<std::string, std::string>;

// Reads what `bazel query --output=graph --nograph:factored` prints.
// Dependencies that involve other repositories are left out.
std::vector<Dependency> ParseDependencies(absl::string_view graph);

// FAILED_PRECONDITION, one line each: dependencies that `allowed` does not
// list, and targets outside of every room.
absl::Status CheckDependencies(const std::vector<Dependency>& dependencies,
                               const AllowedRooms& allowed);

// FAILED_PRECONDITION: `allowed` itself has a cycle, or names a room that it
// does not list.
absl::Status CheckRooms(const AllowedRooms& allowed);

}  // namespace gantry::layering

#endif  // GANTRY_TESTS_LAYERING_ROOM_GRAPH_H_
