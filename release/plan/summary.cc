#include "release/plan/summary.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/coordinates.pb.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;

std::string FlavourName(cell::v1::DriverFlavour flavour) {
  return flavour == cell::v1::DRIVER_FLAVOUR_UNSPECIFIED
             ? ""
             : absl::AsciiStrToLower(absl::StripPrefix(
                   cell::v1::DriverFlavour_Name(flavour), "DRIVER_FLAVOUR_"));
}

}  // namespace

std::string TextSummary(const Lock& lock, absl::string_view lock_path) {
  std::string text;
  for (const auto& release : lock.releases()) {
    absl::StrAppend(&text, "release  ", release.name(), "  (channel ",
                    release.channel(), ")\n");
  }
  for (const auto& driver : lock.drivers()) {
    absl::StrAppend(&text, "driver   ", driver.version(), "  ",
                    FlavourName(driver.flavour()));
    absl::StripTrailingAsciiWhitespace(&text);
    absl::StrAppend(&text, "\n");
  }
  for (const auto& toolkit : lock.cuda_toolkits()) {
    absl::StrAppend(&text, "cuda     ", toolkit.version(), "  (",
                    toolkit.components_size(), " components)\n");
  }
  const auto excluded = std::count_if(
      lock.cells().begin(), lock.cells().end(),
      [](const auto& cell) { return !cell.exclusion_reason().empty(); });
  absl::StrAppend(&text, "cells    ", lock.cells_size());
  if (excluded > 0) absl::StrAppend(&text, ", ", excluded, " of them excluded");
  absl::StrAppend(&text, "\nlock     ", lock_path, "\n");
  return text;
}

}  // namespace gantry::plan
