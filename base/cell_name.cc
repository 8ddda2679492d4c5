#include "base/cell_name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"

namespace gantry {
namespace {

using ::gantry::cell::v1::CellCoordinates;

// OCI distribution specification: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}.
constexpr size_t kMaxTagLength = 128;

// Whether the value is runs of letters and digits with one of ".+-" between
// each two.
bool IsName(absl::string_view value) {
  bool after_separator = true;
  for (const char c : value) {
    const bool is_separator = c == '.' || c == '+' || c == '-';
    if (!is_separator && !absl::ascii_isalnum(c)) return false;
    if (is_separator && after_separator) return false;
    after_separator = is_separator;
  }
  return !after_separator;
}

absl::Status ValidatePart(absl::string_view field, absl::string_view value) {
  if (value.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(field, " is empty"));
  }
  if (!IsName(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " \"", value,
                     "\" must consist of letters and digits, with single "
                     "characters of \".+-\" only between them"));
  }
  return absl::OkStatus();
}

absl::string_view FlavourName(cell::v1::DriverFlavour flavour) {
  return flavour == cell::v1::DRIVER_FLAVOUR_PROPRIETARY ? "proprietary"
                                                         : "open";
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
      coordinates.version(),
      coordinates.flavour() == cell::v1::DRIVER_FLAVOUR_PROPRIETARY
          ? "_proprietary"
          : "");
}

std::string CellId(const CellCoordinates& coordinates) {
  std::string id =
      absl::StrCat(coordinates.os_release(), "_", coordinates.architecture(),
                   "_", coordinates.product(), "_", coordinates.version());
  if (coordinates.flavour() != cell::v1::DRIVER_FLAVOUR_UNSPECIFIED) {
    absl::StrAppend(&id, "_", FlavourName(coordinates.flavour()));
  }
  if (!coordinates.cuda_version().empty()) {
    absl::StrAppend(&id, "_cuda", coordinates.cuda_version());
  }
  return id;
}

std::string CellTag(const CellCoordinates& coordinates) {
  return absl::StrReplaceAll(CellId(coordinates), {{"+", "--"}});
}

absl::Status ValidateCoordinates(const CellCoordinates& coordinates) {
  GANTRY_RETURN_IF_ERROR(ValidatePart("os_release", coordinates.os_release()));
  GANTRY_RETURN_IF_ERROR(
      ValidatePart("architecture", coordinates.architecture()));
  GANTRY_RETURN_IF_ERROR(ValidatePart("product", coordinates.product()));
  GANTRY_RETURN_IF_ERROR(ValidatePart("version", coordinates.version()));
  if (!coordinates.cuda_version().empty()) {
    GANTRY_RETURN_IF_ERROR(
        ValidatePart("cuda_version", coordinates.cuda_version()));
  }
  if (!cell::v1::DriverFlavour_IsValid(coordinates.flavour())) {
    return absl::InvalidArgumentError(
        absl::StrCat("flavour ", coordinates.flavour(), " is unknown"));
  }
  if (CellTag(coordinates).size() > kMaxTagLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", CellTag(coordinates), "\" is longer than ",
                     kMaxTagLength, " characters, the limit of an image tag"));
  }
  return absl::OkStatus();
}

}  // namespace gantry
