#include "release/plan/validate.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/status_macros.h"
#include "proto/coordinates.pb.h"
#include "re2/re2.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Channel;
using ::gantry::matrix::v1::CudaToolkit;
using ::gantry::matrix::v1::Driver;
using ::gantry::matrix::v1::Exclusion;
using ::gantry::matrix::v1::Family;
using ::gantry::matrix::v1::Matrix;
using ::gantry::matrix::v1::ModuleArchive;
using ::gantry::matrix::v1::OperatingSystem;
using ::gantry::matrix::v1::Patch;
using ::gantry::matrix::v1::Retention;

constexpr size_t kMaxReason = 4096;
constexpr int kMaxNewest = 50;
// As a number of days, 273 years: what is longer is a mistake.
constexpr int kMaxRetention = 100'000;
constexpr int kFirstLtsYear = 2021;
constexpr int kLastLtsYear = 2100;

absl::Status Invalid(absl::string_view path, absl::string_view error) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", error));
}

std::string Element(absl::string_view list, int index) {
  return absl::StrCat(list, "[", index, "]");
}

// INVALID_ARGUMENT unless `pattern` matches the whole text.
absl::Status CheckPattern(absl::string_view path, const std::string& text,
                          const char* pattern) {
  if (text.empty()) return Invalid(path, "required");
  if (!RE2::FullMatch(text, pattern)) {
    return Invalid(path,
                   absl::StrCat("\"", text, "\" is not of the form ", pattern));
  }
  return absl::OkStatus();
}

constexpr char kName[] = "[a-z0-9.-]+";
// Debian policy 5.6.7 ("Package").
constexpr char kPackage[] = "[a-z0-9][a-z0-9+.-]+";
constexpr char kPackageOrPrefix[] = "[a-z0-9][a-z0-9+.-]+[*]?";
constexpr char kVersion[] = "[0-9]+([.][0-9]+)*";
constexpr char kRelease[] = "[0-9][A-Za-z0-9.+-]*";
constexpr char kToolkit[] = "[0-9]+[.][0-9]+([.][0-9]+)?";
constexpr char kUrl[] = "(https?|file)://[^ ]+";
constexpr char kHttpUrl[] = "https?://[^ ]+";
constexpr char kFingerprint[] = "[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}";

absl::Status CheckOptionalPattern(absl::string_view path,
                                  const std::string& text,
                                  const char* pattern) {
  return text.empty() ? absl::OkStatus() : CheckPattern(path, text, pattern);
}

// Checks a path relative to the matrix or to a source tree.
absl::Status CheckRelativePath(absl::string_view path,
                               const std::string& file) {
  if (file.empty()) return Invalid(path, "required");
  if (file[0] == '/') {
    return Invalid(path, absl::StrCat("\"", file, "\" must be relative"));
  }
  return absl::OkStatus();
}

absl::Status CheckDebianChannel(const Channel& channel,
                                const std::string& path) {
  if (!channel.versions().empty()) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(
      CheckPattern(path + ".kernel_series", channel.kernel_series(), kVersion));
  return CheckPattern(path + ".kernel_flavour", channel.kernel_flavour(),
                      kName);
}

absl::Status CheckLtsYear(const Channel& channel, Family family,
                          const std::string& path) {
  const int year = channel.lts_year();
  const bool is_flatcar = family == matrix::v1::FAMILY_FLATCAR;
  if (year == 0) {
    return is_flatcar && channel.name() == "lts" && channel.versions().empty()
               ? Invalid(path, "required for channel \"lts\"")
               : absl::OkStatus();
  }
  if (!is_flatcar) return Invalid(path, "only allowed for FAMILY_FLATCAR");
  if (!channel.versions().empty()) {
    return Invalid(path, "must not be set together with `versions`");
  }
  if (year < kFirstLtsYear || year > kLastLtsYear) {
    return Invalid(path, absl::StrCat(year, " is not between ", kFirstLtsYear,
                                      " and ", kLastLtsYear));
  }
  return absl::OkStatus();
}

absl::Status CheckChannel(const Channel& channel, Family family,
                          const std::string& path) {
  GANTRY_RETURN_IF_ERROR(CheckPattern(path + ".name", channel.name(), kName));
  if (channel.newest() < 0 || channel.newest() > kMaxNewest) {
    return Invalid(
        path + ".newest",
        absl::StrCat(channel.newest(), " is not between 0 and ", kMaxNewest));
  }
  if (channel.newest() != 0 && !channel.versions().empty()) {
    return Invalid(path + ".newest",
                   "must not be set together with `versions`");
  }
  std::set<std::string> seen;
  for (int i = 0; i < channel.versions_size(); ++i) {
    const std::string element = Element(path + ".versions", i);
    GANTRY_RETURN_IF_ERROR(
        CheckPattern(element, channel.versions(i), kRelease));
    if (!seen.insert(channel.versions(i)).second) {
      return Invalid(element, absl::StrCat("\"", channel.versions(i),
                                           "\" is a duplicate"));
    }
  }
  GANTRY_RETURN_IF_ERROR(CheckLtsYear(channel, family, path + ".lts_year"));
  if (family == matrix::v1::FAMILY_DEBIAN) {
    return CheckDebianChannel(channel, path);
  }
  if (!channel.kernel_series().empty()) {
    return Invalid(path + ".kernel_series", "only allowed for FAMILY_DEBIAN");
  }
  if (!channel.kernel_flavour().empty()) {
    return Invalid(path + ".kernel_flavour", "only allowed for FAMILY_DEBIAN");
  }
  return absl::OkStatus();
}

absl::Status CheckFamily(const OperatingSystem& os, const std::string& path) {
  switch (os.family()) {
    case matrix::v1::FAMILY_DEBIAN:
      for (const auto& [field, value] :
           {std::pair(".base_url", &os.base_url()),
            std::pair(".index_url", &os.index_url()),
            std::pair(".keyring", &os.keyring())}) {
        if (!value->empty()) {
          return Invalid(path + field, "not allowed for FAMILY_DEBIAN");
        }
      }
      if (!os.signing_key_fingerprints().empty()) {
        return Invalid(path + ".signing_key_fingerprints",
                       "not allowed for FAMILY_DEBIAN");
      }
      return CheckPattern(path + ".debian_suite", os.debian_suite(), kName);
    case matrix::v1::FAMILY_COREOS:
    case matrix::v1::FAMILY_FLATCAR:
      if (!os.debian_suite().empty()) {
        return Invalid(path + ".debian_suite",
                       "only allowed for FAMILY_DEBIAN");
      }
      GANTRY_RETURN_IF_ERROR(
          CheckOptionalPattern(path + ".base_url", os.base_url(), kHttpUrl));
      GANTRY_RETURN_IF_ERROR(
          CheckOptionalPattern(path + ".index_url", os.index_url(), kHttpUrl));
      if (os.keyring().empty()) return Invalid(path + ".keyring", "required");
      for (int i = 0; i < os.signing_key_fingerprints_size(); ++i) {
        GANTRY_RETURN_IF_ERROR(
            CheckPattern(Element(path + ".signing_key_fingerprints", i),
                         os.signing_key_fingerprints(i), kFingerprint));
      }
      return absl::OkStatus();
    default:
      return Invalid(path + ".family", "required");
  }
}

absl::Status CheckOs(const Matrix& matrix) {
  if (matrix.operating_systems().empty())
    return Invalid("operating_systems", "at least one is required");
  std::set<std::pair<int, std::string>> names;
  for (int i = 0; i < matrix.operating_systems_size(); ++i) {
    const OperatingSystem& os = matrix.operating_systems(i);
    const std::string path = Element("operating_systems", i);
    GANTRY_RETURN_IF_ERROR(CheckFamily(os, path));
    if (os.channels().empty()) {
      return Invalid(path + ".channels", "at least one is required");
    }
    for (int j = 0; j < os.channels_size(); ++j) {
      const std::string element = Element(path + ".channels", j);
      GANTRY_RETURN_IF_ERROR(
          CheckChannel(os.channels(j), os.family(), element));
      if (!names.emplace(os.family(), os.channels(j).name()).second) {
        return Invalid(
            element + ".name",
            absl::StrCat("\"", os.channels(j).name(), "\" is a duplicate"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPatch(const Patch& patch, const std::string& path) {
  GANTRY_RETURN_IF_ERROR(CheckRelativePath(path + ".file", patch.file()));
  if (patch.when_header().empty()) {
    if (!patch.matches().empty()) {
      return Invalid(path + ".matches", "requires `when_header`");
    }
  } else {
    GANTRY_RETURN_IF_ERROR(
        CheckRelativePath(path + ".when_header", patch.when_header()));
    if (patch.matches().empty()) {
      return Invalid(path + ".matches", "required with `when_header`");
    }
    const RE2 pattern(patch.matches(), RE2::Quiet);
    if (!pattern.ok()) return Invalid(path + ".matches", pattern.error());
  }
  if (patch.reason().empty()) return Invalid(path + ".reason", "required");
  return absl::OkStatus();
}

absl::Status CheckModuleArchive(const ModuleArchive& archive,
                                const std::string& path) {
  GANTRY_RETURN_IF_ERROR(CheckPattern(path + ".url", archive.url(), kUrl));
  if (!ValidateDigest(archive.digest()).ok()) {
    return Invalid(
        path + ".digest",
        absl::StrCat("\"", archive.digest(),
                     "\" is not of the form sha256:<64 hex digits>"));
  }
  for (int i = 0; i < archive.modules_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(CheckPattern(Element(path + ".modules", i),
                                        archive.modules(i), "[A-Za-z0-9_-]+"));
  }
  return absl::OkStatus();
}

absl::Status CheckDriverSource(const Driver& driver, const std::string& path) {
  switch (driver.source_case()) {
    case Driver::kDebian:
      GANTRY_RETURN_IF_ERROR(
          CheckPattern(path + ".debian.suite", driver.debian().suite(), kName));
      GANTRY_RETURN_IF_ERROR(CheckPattern(path + ".debian.source_package",
                                          driver.debian().source_package(),
                                          kPackage));
      for (int i = 0; i < driver.debian().packages_size(); ++i) {
        GANTRY_RETURN_IF_ERROR(
            CheckPattern(Element(path + ".debian.packages", i),
                         driver.debian().packages(i), kPackage));
      }
      return absl::OkStatus();
    case Driver::kRedist:
      return CheckOptionalPattern(path + ".redist.base_url",
                                  driver.redist().base_url(), kHttpUrl);
    case Driver::kArchive:
      return CheckModuleArchive(driver.archive(), path + ".archive");
    case Driver::SOURCE_NOT_SET:
      return Invalid(path,
                     "one of `debian`, `redist` and `archive` is required");
  }
  return absl::OkStatus();
}

absl::Status CheckDrivers(const Matrix& matrix) {
  if (matrix.drivers().empty()) {
    return Invalid("drivers", "at least one is required");
  }
  for (int i = 0; i < matrix.drivers_size(); ++i) {
    const Driver& driver = matrix.drivers(i);
    const std::string path = Element("drivers", i);
    GANTRY_RETURN_IF_ERROR(
        CheckPattern(path + ".version", driver.version(), kVersion));
    GANTRY_RETURN_IF_ERROR(CheckDriverSource(driver, path));
    const bool has_flavour =
        driver.flavour() != cell::v1::DRIVER_FLAVOUR_UNSPECIFIED;
    if (has_flavour == driver.has_archive()) {
      return Invalid(path + ".flavour",
                     has_flavour ? "not allowed for `archive`" : "required");
    }
    for (int j = 0; j < driver.patches_size(); ++j) {
      GANTRY_RETURN_IF_ERROR(
          CheckPatch(driver.patches(j), Element(path + ".patches", j)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckToolkits(const Matrix& matrix) {
  if (matrix.cuda_toolkits().empty())
    return Invalid("cuda_toolkits", "at least one is required");
  for (int i = 0; i < matrix.cuda_toolkits_size(); ++i) {
    const CudaToolkit& cuda = matrix.cuda_toolkits(i);
    const std::string path = Element("cuda_toolkits", i);
    GANTRY_RETURN_IF_ERROR(
        CheckPattern(path + ".version", cuda.version(), kToolkit));
    if (cuda.has_debian()) {
      GANTRY_RETURN_IF_ERROR(
          CheckPattern(path + ".debian.suite", cuda.debian().suite(), kName));
      if (cuda.debian().packages().empty()) {
        return Invalid(path + ".debian.packages", "at least one is required");
      }
      for (int j = 0; j < cuda.debian().packages_size(); ++j) {
        GANTRY_RETURN_IF_ERROR(
            CheckPattern(Element(path + ".debian.packages", j),
                         cuda.debian().packages(j), kPackageOrPrefix));
      }
    } else if (cuda.has_redist()) {
      GANTRY_RETURN_IF_ERROR(CheckOptionalPattern(
          path + ".redist.base_url", cuda.redist().base_url(), kHttpUrl));
    } else {
      return Invalid(path, "one of `debian` and `redist` is required");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRetention(const Retention& retention) {
  for (const auto& [field, value] :
       {std::pair("revisions_per_cell", retention.revisions_per_cell()),
        std::pair("retired_months", retention.retired_months()),
        std::pair("log_days", retention.log_days()),
        std::pair("input_days", retention.input_days())}) {
    if (value < 0 || value > kMaxRetention) {
      return Invalid(
          absl::StrCat("retention.", field),
          absl::StrCat(value, " is not between 0 and ", kMaxRetention));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateMatrix(const Matrix& matrix) {
  GANTRY_RETURN_IF_ERROR(CheckOs(matrix));
  GANTRY_RETURN_IF_ERROR(CheckDrivers(matrix));
  GANTRY_RETURN_IF_ERROR(CheckToolkits(matrix));
  for (int i = 0; i < matrix.exclusions_size(); ++i) {
    if (matrix.exclusions(i).reason().empty()) {
      return Invalid(Element("exclusions", i) + ".reason", "required");
    }
    // The limit of the release service; see Cell.reason.
    const std::string& reason = matrix.exclusions(i).reason();
    if (reason.size() > kMaxReason ||
        std::any_of(reason.begin(), reason.end(),
                    [](char c) { return absl::ascii_iscntrl(c); })) {
      return Invalid(
          Element("exclusions", i) + ".reason",
          absl::StrCat("must be one line of at most ", kMaxReason, " bytes"));
    }
  }
  return CheckRetention(matrix.retention());
}

}  // namespace gantry::plan
