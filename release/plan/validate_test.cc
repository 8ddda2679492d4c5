#include "release/plan/validate.h"

#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Matrix;

// A valid matrix with every kind of element.
Matrix ValidMatrix() {
  Matrix matrix;
  EXPECT_THAT(ParseTextProto(
                  R"(
        operating_systems {
          family: FAMILY_DEBIAN
          debian_suite: "bookworm"
          channels {
            name: "6.1-cloud" kernel_series: "6.1" kernel_flavour: "cloud-amd64"
          }
        }
        operating_systems {
          family: FAMILY_FLATCAR
          keyring: "flatcar.asc"
          base_url: "http://127.0.0.1:8080/{channel}"
          channels { name: "stable" newest: 2 }
          channels { name: "pinned" versions: "4230.2.0" }
        }
        drivers {
          version: "535"
          flavour: DRIVER_FLAVOUR_OPEN
          debian {
            suite: "bookworm"
            source_package: "nvidia-open-kernel-source"
            packages: "libcuda1"
          }
          patches {
            file: "a.patch"
            when_header: "include/linux/pci.h"
            matches: "pci_resize_resource[(].*int exclude"
            reason: "why"
          }
        }
        drivers {
          version: "1.0"
          archive {
            url: "http://127.0.0.1/a.tar"
            digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            modules: "crane"
          }
        }
        cuda_toolkits {
          version: "12.4"
          debian { suite: "trixie" packages: "libcudart12" packages: "libnpp*" }
        }
        cuda_toolkits { version: "11.8.0" redist {} }
        exclusions { channel: "stable" reason: "why" }
        retention { revisions_per_cell: 3 retired_months: 12 log_days: 90 }
      )",
                  "valid", matrix),
              IsOk());
  return matrix;
}

TEST(ValidateTest, ValidMatrixIsAccepted) {
  EXPECT_THAT(ValidateMatrix(ValidMatrix()), IsOk());
}

TEST(ValidateTest, MatricesOfThisRepositoryAreAccepted) {
  for (const char* path : {"release/matrix.textproto",
                           "release/matrices/container_linux.textproto"}) {
    Matrix matrix;
    ASSERT_THAT(ReadTextProto(path, matrix), IsOk());
    EXPECT_THAT(ValidateMatrix(matrix), IsOk()) << path;
  }
}

// An error, and a change to the valid matrix that causes it.
struct Case {
  const char* message;
  void (*change)(Matrix& matrix);
};

class InvalidMatrixTest : public testing::TestWithParam<Case> {};

TEST_P(InvalidMatrixTest, ErrorNamesTheField) {
  Matrix matrix = ValidMatrix();
  GetParam().change(matrix);
  EXPECT_THAT(ValidateMatrix(matrix),
              StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Os, InvalidMatrixTest,
    testing::ValuesIn<Case>({
        {"operating_systems: at least one is required",
         [](Matrix& m) { m.clear_operating_systems(); }},
        {"operating_systems[0].family: required",
         [](Matrix& m) { m.mutable_operating_systems(0)->clear_family(); }},
        {"operating_systems[0].channels: at least one is required",
         [](Matrix& m) { m.mutable_operating_systems(0)->clear_channels(); }},
        {"operating_systems[0].debian_suite: required",
         [](Matrix& m) {
           m.mutable_operating_systems(0)->clear_debian_suite();
         }},
        {"operating_systems[0].keyring: not allowed for FAMILY_DEBIAN",
         [](Matrix& m) { m.mutable_operating_systems(0)->set_keyring("a"); }},
        {"operating_systems[0].signing_key_fingerprints: not allowed for "
         "FAMILY_DEBIAN",
         [](Matrix& m) {
           m.mutable_operating_systems(0)->add_signing_key_fingerprints("A1");
         }},
        {"operating_systems[1].signing_key_fingerprints[0]: \"A1B2\" is not of "
         "the form [0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->add_signing_key_fingerprints("A1B2");
         }},
        {"operating_systems[1].debian_suite: only allowed for FAMILY_DEBIAN",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->set_debian_suite("bookworm");
         }},
        {"operating_systems[1].keyring: required",
         [](Matrix& m) { m.mutable_operating_systems(1)->clear_keyring(); }},
        {"operating_systems[1].base_url: \"a\" is not of the form https?://[^ "
         "]+",
         [](Matrix& m) { m.mutable_operating_systems(1)->set_base_url("a"); }},
    }));

INSTANTIATE_TEST_SUITE_P(
    Channel, InvalidMatrixTest,
    testing::ValuesIn<Case>({
        {"operating_systems[0].channels[0].name: required",
         [](Matrix& m) {
           m.mutable_operating_systems(0)->mutable_channels(0)->clear_name();
         }},
        {"operating_systems[0].channels[0].name: \"A b\" is not of the form "
         "[a-z0-9.-]+",
         [](Matrix& m) {
           m.mutable_operating_systems(0)->mutable_channels(0)->set_name("A b");
         }},
        {"operating_systems[1].channels[1].name: \"stable\" is a duplicate",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(1)->set_name(
               "stable");
         }},
        {"operating_systems[1].channels[0].newest: 51 is not between 0 and 50",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(0)->set_newest(51);
         }},
        {"operating_systems[1].channels[0].newest: -1 is not between 0 and 50",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(0)->set_newest(-1);
         }},
        {"operating_systems[0].channels[0].lts_year: only allowed for "
         "FAMILY_FLATCAR",
         [](Matrix& m) {
           m.mutable_operating_systems(0)->mutable_channels(0)->set_lts_year(
               2024);
         }},
        {"operating_systems[1].channels[0].lts_year: 2020 is not between 2021 "
         "and 2100",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(0)->set_lts_year(
               2020);
         }},
        {"operating_systems[1].channels[1].lts_year: must not be set together "
         "with `versions`",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(1)->set_lts_year(
               2024);
         }},
        {"operating_systems[1].channels[0].lts_year: required for channel "
         "\"lts\"",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(0)->set_name("lts");
         }},
        {"operating_systems[1].channels[1].newest: must not be set together "
         "with `versions`",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(1)->set_newest(1);
         }},
        {"operating_systems[1].channels[1].versions[1]: \"4230.2.0\" is "
         "a duplicate",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(1)->add_versions(
               "4230.2.0");
         }},
        {"operating_systems[1].channels[1].versions[1]: \"../x\" is not of the "
         "form "
         "[0-9][A-Za-z0-9.+-]*",
         [](Matrix& m) {
           m.mutable_operating_systems(1)->mutable_channels(1)->add_versions(
               "../x");
         }},
        {"operating_systems[0].channels[0].kernel_series: required",
         [](Matrix& m) {
           m.mutable_operating_systems(0)
               ->mutable_channels(0)
               ->clear_kernel_series();
         }},
        {"operating_systems[0].channels[0].kernel_series: \"6.x\" is not of "
         "the form "
         "[0-9]+([.][0-9]+)*",
         [](Matrix& m) {
           m.mutable_operating_systems(0)
               ->mutable_channels(0)
               ->set_kernel_series("6.x");
         }},
        {"operating_systems[0].channels[0].kernel_flavour: required",
         [](Matrix& m) {
           m.mutable_operating_systems(0)
               ->mutable_channels(0)
               ->clear_kernel_flavour();
         }},
        {"operating_systems[1].channels[0].kernel_series: only "
         "allowed for FAMILY_DEBIAN",
         [](Matrix& m) {
           m.mutable_operating_systems(1)
               ->mutable_channels(0)
               ->set_kernel_series("6.1");
         }},
    }));

INSTANTIATE_TEST_SUITE_P(
    Driver, InvalidMatrixTest,
    testing::ValuesIn<Case>({
        {"drivers: at least one is required",
         [](Matrix& m) { m.clear_drivers(); }},
        {"drivers[0].version: required",
         [](Matrix& m) { m.mutable_drivers(0)->clear_version(); }},
        {"drivers[0].flavour: required",
         [](Matrix& m) { m.mutable_drivers(0)->clear_flavour(); }},
        {"drivers[1].flavour: not allowed for `archive`",
         [](Matrix& m) {
           m.mutable_drivers(1)->set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
         }},
        {"drivers[0]: one of `debian`, `redist` and `archive` is required",
         [](Matrix& m) { m.mutable_drivers(0)->clear_debian(); }},
        {"drivers[0].debian.source_package: required",
         [](Matrix& m) {
           m.mutable_drivers(0)->mutable_debian()->clear_source_package();
         }},
        {"drivers[0].debian.packages[1]: \"-a\" is not of the form "
         "[a-z0-9][a-z0-9+.-]+",
         [](Matrix& m) {
           m.mutable_drivers(0)->mutable_debian()->add_packages("-a");
         }},
        {"drivers[1].archive.url: required",
         [](Matrix& m) {
           m.mutable_drivers(1)->mutable_archive()->clear_url();
         }},
        {"drivers[1].archive.digest: \"sha256:0\" is not of the form "
         "sha256:<64 hex digits>",
         [](Matrix& m) {
           m.mutable_drivers(1)->mutable_archive()->set_digest("sha256:0");
         }},
    }));

matrix::v1::Patch& FirstPatch(Matrix& matrix) {
  return *matrix.mutable_drivers(0)->mutable_patches(0);
}

INSTANTIATE_TEST_SUITE_P(
    Patch, InvalidMatrixTest,
    testing::ValuesIn<Case>({
        {"drivers[0].patches[0].file: required",
         [](Matrix& m) { FirstPatch(m).clear_file(); }},
        {"drivers[0].patches[0].file: \"/a\" must be relative",
         [](Matrix& m) { FirstPatch(m).set_file("/a"); }},
        {"drivers[0].patches[0].reason: required",
         [](Matrix& m) { FirstPatch(m).clear_reason(); }},
        {"drivers[0].patches[0].matches: required with `when_header`",
         [](Matrix& m) { FirstPatch(m).clear_matches(); }},
        {"drivers[0].patches[0].matches: requires `when_header`",
         [](Matrix& m) { FirstPatch(m).clear_when_header(); }},
        {"drivers[0].patches[0].matches: missing ): a(b",
         [](Matrix& m) { FirstPatch(m).set_matches("a(b"); }},
    }));

INSTANTIATE_TEST_SUITE_P(
    Cuda, InvalidMatrixTest,
    testing::ValuesIn<Case>({
        {"cuda_toolkits: at least one is required",
         [](Matrix& m) { m.clear_cuda_toolkits(); }},
        {"cuda_toolkits[0].version: \"12\" is not of the form "
         "[0-9]+[.][0-9]+([.][0-9]+)?",
         [](Matrix& m) { m.mutable_cuda_toolkits(0)->set_version("12"); }},
        {"cuda_toolkits[0]: one of `debian` and `redist` is required",
         [](Matrix& m) { m.mutable_cuda_toolkits(0)->clear_debian(); }},
        {"cuda_toolkits[0].debian.suite: required",
         [](Matrix& m) {
           m.mutable_cuda_toolkits(0)->mutable_debian()->clear_suite();
         }},
        {"cuda_toolkits[0].debian.packages: at least one is required",
         [](Matrix& m) {
           m.mutable_cuda_toolkits(0)->mutable_debian()->clear_packages();
         }},
        {"cuda_toolkits[0].debian.packages[2]: \"*\" is not of the form "
         "[a-z0-9][a-z0-9+.-]+[*]?",
         [](Matrix& m) {
           m.mutable_cuda_toolkits(0)->mutable_debian()->add_packages("*");
         }},
        {"cuda_toolkits[1].redist.base_url: \"x\" is not of the form "
         "https?://[^ ]+",
         [](Matrix& m) {
           m.mutable_cuda_toolkits(1)->mutable_redist()->set_base_url("x");
         }},
        {"exclusions[0].reason: required",
         [](Matrix& m) { m.mutable_exclusions(0)->clear_reason(); }},
        {"exclusions[0].reason: must be one line of at most 4096 bytes",
         [](Matrix& m) { m.mutable_exclusions(0)->set_reason("a\nb"); }},
        {"retention.revisions_per_cell: -1 is not between 0 and 100000",
         [](Matrix& m) { m.mutable_retention()->set_revisions_per_cell(-1); }},
        {"retention.retired_months: 100001 is not between 0 and 100000",
         [](Matrix& m) { m.mutable_retention()->set_retired_months(100'001); }},
        {"retention.log_days: -1 is not between 0 and 100000",
         [](Matrix& m) { m.mutable_retention()->set_log_days(-1); }},
        {"retention.input_days: -7 is not between 0 and 100000",
         [](Matrix& m) { m.mutable_retention()->set_input_days(-7); }},
    }));

}  // namespace
}  // namespace gantry::plan
