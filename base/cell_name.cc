#include "base/cell_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"

namespace gantry {
namespace {

using ::gantry::cell::v1::CellCoordinates;

// OCI distribution specification: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}.
constexpr size_t kMaxTagLength = 128;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '.' || c == '+' || c == '-';
}

absl::Status ValidatePart(absl::string_view field, absl::string_view value) {
  if (value.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(field, " is empty"));
  }
  if (!absl::ascii_isalnum(value[0]) ||
      !std::all_of(value.begin(), value.end(), IsNameCharacter)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " \"", value,
                     "\" must start with a letter or digit and hold only "
                     "[A-Za-z0-9.+-]"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string OsReleaseName(absl::string_view id, absl::string_view version_id,
                          absl::string_view kernel_release) {
  std::string name = absl::StrCat(id, "-", version_id);
  if (id == "debian") absl::StrAppend(&name, "-", kernel_release);
  return name;
}

std::string DriverName(const CellCoordinates& coordinates) {
  return absl::StrCat(
      coordinates.driver_version(),
      coordinates.driver_flavour() == cell::v1::DRIVER_FLAVOUR_PROPRIETARY
          ? "-proprietary"
          : "");
}

std::string CellId(const CellCoordinates& coordinates) {
  return absl::StrCat(coordinates.os_release(), "-", DriverName(coordinates),
                      "-cuda", coordinates.cuda_version());
}

std::string CellTag(const CellCoordinates& coordinates) {
  return absl::StrReplaceAll(CellId(coordinates), {{"+", "_"}});
}

absl::Status ValidateCoordinates(const CellCoordinates& coordinates) {
  GANTRY_RETURN_IF_ERROR(ValidatePart("os_release", coordinates.os_release()));
  GANTRY_RETURN_IF_ERROR(
      ValidatePart("driver_version", coordinates.driver_version()));
  GANTRY_RETURN_IF_ERROR(
      ValidatePart("cuda_version", coordinates.cuda_version()));
  if (CellTag(coordinates).size() > kMaxTagLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", CellTag(coordinates), "\" is longer than ",
                     kMaxTagLength, " characters, the limit of an image tag"));
  }
  return absl::OkStatus();
}

}  // namespace gantry
