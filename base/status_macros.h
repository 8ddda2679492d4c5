#ifndef GANTRY_BASE_STATUS_MACROS_H_
#define GANTRY_BASE_STATUS_MACROS_H_

#include <utility>  // IWYU pragma: keep

#include "absl/status/status.h"    // IWYU pragma: keep
#include "absl/status/statusor.h"  // IWYU pragma: keep

// Returns from the function if `expr`, an absl::Status, is an error.
#define GANTRY_RETURN_IF_ERROR(expr)                 \
  do {                                               \
    absl::Status gantry_status_ = (expr);            \
    if (!gantry_status_.ok()) return gantry_status_; \
  } while (false)

// Declares or assigns `lhs` from `expr`, an absl::StatusOr, or returns its
// error.
#define GANTRY_ASSIGN_OR_RETURN(lhs, expr) \
  GANTRY_ASSIGN_OR_RETURN_IMPL_(           \
      GANTRY_STATUS_CONCAT_(gantry_status_or_, __LINE__), lhs, expr)

#define GANTRY_STATUS_CONCAT_INNER_(a, b) a##b
#define GANTRY_STATUS_CONCAT_(a, b) GANTRY_STATUS_CONCAT_INNER_(a, b)
#define GANTRY_ASSIGN_OR_RETURN_IMPL_(value, lhs, expr) \
  auto value = (expr);                                  \
  if (!value.ok()) return std::move(value).status();    \
  lhs = *std::move(value)

#endif  // GANTRY_BASE_STATUS_MACROS_H_
