#ifndef GANTRY_RELEASE_PLAN_RECIPES_H_
#define GANTRY_RELEASE_PLAN_RECIPES_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "proto/lock.pb.h"
#include "proto/recipe.pb.h"

namespace gantry::plan {

// The recipes of a lock's cells.
class Recipes {
 public:
  explicit Recipes(const matrix::v1::Lock& lock);

  // INVALID_ARGUMENT: the lock lacks a release, driver or toolkit of the cell.
  absl::StatusOr<release::v1::Recipe> RecipeOf(
      const matrix::v1::LockedCell& cell) const;

 private:
  // Digests by name; that of a driver is DriverName().
  std::map<std::string, std::string> releases_;
  std::map<std::string, std::string> drivers_;
  std::map<std::string, std::string> toolkits_;
};

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_RECIPES_H_
