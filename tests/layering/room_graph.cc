#include "tests/layering/room_graph.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace gantry::layering {
namespace {

// "//release/plan:discover" -> "release/plan".
absl::string_view PackageOf(absl::string_view label) {
  absl::ConsumePrefix(&label, "//");
  return label.substr(0, label.find(':'));
}

// The room of a target; empty if it is in none.
std::string RoomOf(absl::string_view label, const AllowedRooms& rooms) {
  absl::string_view directory = PackageOf(label);
  while (!directory.empty()) {
    if (rooms.count(std::string(directory)) > 0) return std::string(directory);
    const size_t slash = directory.rfind('/');
    if (slash == absl::string_view::npos) break;
    directory = directory.substr(0, slash);
  }
  return "";
}

absl::Status ErrorOf(const std::set<std::string>& problems) {
  if (problems.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(problems, "\n"));
}

// Appends the cycle that a depth-first search finds, if any.
void FindCycle(const std::string& room, const AllowedRooms& allowed,
               std::vector<std::string>& path, std::set<std::string>& finished,
               std::set<std::string>& problems) {
  for (const std::string& visited : path) {
    if (visited != room) continue;
    problems.insert(
        absl::StrCat("cycle: ", absl::StrJoin(path, " -> "), " -> ", room));
    return;
  }
  if (finished.count(room) > 0) return;
  path.push_back(room);
  const auto found = allowed.find(room);
  if (found != allowed.end()) {
    for (const std::string& next : found->second) {
      FindCycle(next, allowed, path, finished, problems);
    }
  }
  path.pop_back();
  finished.insert(room);
}

}  // namespace

std::vector<Dependency> ParseDependencies(absl::string_view graph) {
  std::vector<Dependency> dependencies;
  for (absl::string_view line : absl::StrSplit(graph, '\n')) {
    // `  "//a:b" -> "//c:d"`
    const std::vector<absl::string_view> parts = absl::StrSplit(line, '"');
    if (parts.size() != 5 || parts[2] != " -> ") continue;
    if (!absl::StartsWith(parts[1], "//")) continue;
    if (!absl::StartsWith(parts[3], "//")) continue;
    dependencies.emplace_back(parts[1], parts[3]);
  }
  return dependencies;
}

absl::Status CheckDependencies(const std::vector<Dependency>& dependencies,
                               const AllowedRooms& allowed) {
  std::set<std::string> problems;
  for (const auto& [user, used] : dependencies) {
    const std::string user_room = RoomOf(user, allowed);
    const std::string used_room = RoomOf(used, allowed);
    if (user_room.empty()) problems.insert(absl::StrCat(user, ": in no room"));
    if (used_room.empty()) problems.insert(absl::StrCat(used, ": in no room"));
    if (user_room.empty() || used_room.empty() || user_room == used_room) {
      continue;
    }
    if (allowed.at(user_room).count(used_room) == 0) {
      problems.insert(absl::StrCat(user, " -> ", used, ": ", user_room,
                                   " may not depend on ", used_room));
    }
  }
  return ErrorOf(problems);
}

absl::Status CheckRooms(const AllowedRooms& allowed) {
  std::set<std::string> problems;
  std::set<std::string> finished;
  for (const auto& [room, used_rooms] : allowed) {
    for (const std::string& used : used_rooms) {
      if (allowed.count(used) == 0) {
        problems.insert(absl::StrCat(room, " lists unknown room ", used));
      }
    }
    std::vector<std::string> path;
    FindCycle(room, allowed, path, finished, problems);
  }
  return ErrorOf(problems);
}

}  // namespace gantry::layering
