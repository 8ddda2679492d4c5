#include "release/plan/validate.h"

#include <string>

#include "base/textproto.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Matrix;

// A matrix with one of everything.
Matrix Good() {
  Matrix matrix;
  const absl::Status status = ParseTextProto(
      R"(
        os {
          family: FAMILY_DEBIAN
          debian_suite: "bookworm"
          channel {
            name: "6.1-cloud" kernel_series: "6.1" kernel_flavour: "cloud-amd64"
          }
        }
        os {
          family: FAMILY_FLATCAR
          keyring: "flatcar.asc"
          base_url: "http://127.0.0.1:8080/{channel}"
          channel { name: "stable" newest: 2 }
          channel { name: "pinned" version: "4230.2.0" }
        }
        driver {
          version: "535"
          flavour: DRIVER_FLAVOUR_OPEN
          debian {
            suite: "bookworm"
            source_package: "nvidia-open-kernel-source"
            package: "libcuda1"
          }
          patch {
            file: "a.patch"
            when_header: "include/linux/pci.h"
            matches: "pci_resize_resource[(].*int exclude"
            reason: "why"
          }
        }
        driver {
          version: "1.0"
          archive {
            url: "http://127.0.0.1/a.tar"
            digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            module: "crane"
          }
        }
        cuda {
          version: "12.4"
          debian { suite: "trixie" package: "libcudart12" package: "libnpp*" }
        }
        cuda { version: "11.8.0" redist {} }
        exclusion { channel: "stable" reason: "why" }
      )",
      "good", matrix);
  EXPECT_TRUE(status.ok()) << status;
  return matrix;
}

struct Case {
  const char* message;
  void (*spoil)(Matrix& matrix);
};

class ValidateTest : public testing::TestWithParam<Case> {};

TEST(ValidateTest, GoodMatrixIsOk) {
  EXPECT_EQ(ValidateMatrix(Good()), absl::OkStatus());
}

TEST(ValidateTest, OurOwnMatricesAreOk) {
  for (const char* path : {"release/matrix.textproto",
                           "release/matrices/container_linux.textproto"}) {
    Matrix matrix;
    ASSERT_EQ(ReadTextProto(path, matrix), absl::OkStatus());
    EXPECT_EQ(ValidateMatrix(matrix), absl::OkStatus()) << path;
  }
}

TEST_P(ValidateTest, NamesThePlaceAndTheFault) {
  Matrix matrix = Good();
  GetParam().spoil(matrix);
  EXPECT_EQ(ValidateMatrix(matrix),
            absl::InvalidArgumentError(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Os, ValidateTest,
    testing::ValuesIn<Case>({
        {"os: at least one is needed", [](Matrix& m) { m.clear_os(); }},
        {"os[0].family: required",
         [](Matrix& m) { m.mutable_os(0)->clear_family(); }},
        {"os[0].channel: at least one is needed",
         [](Matrix& m) { m.mutable_os(0)->clear_channel(); }},
        {"os[0].debian_suite: required",
         [](Matrix& m) { m.mutable_os(0)->clear_debian_suite(); }},
        {"os[0].keyring: not for FAMILY_DEBIAN",
         [](Matrix& m) { m.mutable_os(0)->set_keyring("a"); }},
        {"os[1].debian_suite: only for FAMILY_DEBIAN",
         [](Matrix& m) { m.mutable_os(1)->set_debian_suite("bookworm"); }},
        {"os[1].keyring: required",
         [](Matrix& m) { m.mutable_os(1)->clear_keyring(); }},
        {"os[1].base_url: \"a\" is not of the form https?://[^ ]+",
         [](Matrix& m) { m.mutable_os(1)->set_base_url("a"); }},
    }));

INSTANTIATE_TEST_SUITE_P(
    Channel, ValidateTest,
    testing::ValuesIn<Case>({
        {"os[0].channel[0].name: required",
         [](Matrix& m) { m.mutable_os(0)->mutable_channel(0)->clear_name(); }},
        {"os[0].channel[0].name: \"A b\" is not of the form [a-z0-9.-]+",
         [](Matrix& m) {
           m.mutable_os(0)->mutable_channel(0)->set_name("A b");
         }},
        {"os[1].channel[1].name: \"stable\" is given twice",
         [](Matrix& m) {
           m.mutable_os(1)->mutable_channel(1)->set_name("stable");
         }},
        {"os[1].channel[0].newest: 51 is not from 0 to 50",
         [](Matrix& m) {
           m.mutable_os(1)->mutable_channel(0)->set_newest(51);
         }},
        {"os[1].channel[0].newest: -1 is not from 0 to 50",
         [](Matrix& m) {
           m.mutable_os(1)->mutable_channel(0)->set_newest(-1);
         }},
        {"os[1].channel[1].newest: must not be set along with `version`",
         [](Matrix& m) { m.mutable_os(1)->mutable_channel(1)->set_newest(1); }},
        {"os[1].channel[1].version[1]: \"4230.2.0\" is given twice",
         [](Matrix& m) {
           m.mutable_os(1)->mutable_channel(1)->add_version("4230.2.0");
         }},
        {"os[1].channel[1].version[1]: \"../x\" is not of the form "
         "[0-9][A-Za-z0-9.+-]*",
         [](Matrix& m) {
           m.mutable_os(1)->mutable_channel(1)->add_version("../x");
         }},
        {"os[0].channel[0].kernel_series: required",
         [](Matrix& m) {
           m.mutable_os(0)->mutable_channel(0)->clear_kernel_series();
         }},
        {"os[0].channel[0].kernel_series: \"6.x\" is not of the form "
         "[0-9]+([.][0-9]+)*",
         [](Matrix& m) {
           m.mutable_os(0)->mutable_channel(0)->set_kernel_series("6.x");
         }},
        {"os[0].channel[0].kernel_flavour: required",
         [](Matrix& m) {
           m.mutable_os(0)->mutable_channel(0)->clear_kernel_flavour();
         }},
        {"os[1].channel[0].kernel_series: only for FAMILY_DEBIAN",
         [](Matrix& m) {
           m.mutable_os(1)->mutable_channel(0)->set_kernel_series("6.1");
         }},
    }));

INSTANTIATE_TEST_SUITE_P(
    Driver, ValidateTest,
    testing::ValuesIn<Case>({
        {"driver: at least one is needed", [](Matrix& m) { m.clear_driver(); }},
        {"driver[0].version: required",
         [](Matrix& m) { m.mutable_driver(0)->clear_version(); }},
        {"driver[0].flavour: required",
         [](Matrix& m) { m.mutable_driver(0)->clear_flavour(); }},
        {"driver[1].flavour: not for `archive`",
         [](Matrix& m) {
           m.mutable_driver(1)->set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
         }},
        {"driver[0]: one of `debian`, `redist` and `archive` is needed",
         [](Matrix& m) { m.mutable_driver(0)->clear_debian(); }},
        {"driver[0].debian.source_package: required",
         [](Matrix& m) {
           m.mutable_driver(0)->mutable_debian()->clear_source_package();
         }},
        {"driver[0].debian.package[1]: \"-a\" is not of the form "
         "[a-z0-9][a-z0-9+.-]+",
         [](Matrix& m) {
           m.mutable_driver(0)->mutable_debian()->add_package("-a");
         }},
        {"driver[1].archive.url: required",
         [](Matrix& m) {
           m.mutable_driver(1)->mutable_archive()->clear_url();
         }},
        {"driver[1].archive.digest: \"sha256:0\" is not of the form "
         "sha256:<64 hex digits>",
         [](Matrix& m) {
           m.mutable_driver(1)->mutable_archive()->set_digest("sha256:0");
         }},
    }));

matrix::v1::Patch& FirstPatch(Matrix& matrix) {
  return *matrix.mutable_driver(0)->mutable_patch(0);
}

INSTANTIATE_TEST_SUITE_P(
    Patch, ValidateTest,
    testing::ValuesIn<Case>({
        {"driver[0].patch[0].file: required",
         [](Matrix& m) { FirstPatch(m).clear_file(); }},
        {"driver[0].patch[0].file: \"/a\" must be relative",
         [](Matrix& m) { FirstPatch(m).set_file("/a"); }},
        {"driver[0].patch[0].reason: required",
         [](Matrix& m) { FirstPatch(m).clear_reason(); }},
        {"driver[0].patch[0].matches: required with `when_header`",
         [](Matrix& m) { FirstPatch(m).clear_matches(); }},
        {"driver[0].patch[0].matches: needs `when_header`",
         [](Matrix& m) { FirstPatch(m).clear_when_header(); }},
        {"driver[0].patch[0].matches: missing ): a(b",
         [](Matrix& m) { FirstPatch(m).set_matches("a(b"); }},
    }));

INSTANTIATE_TEST_SUITE_P(
    Cuda, ValidateTest,
    testing::ValuesIn<Case>({
        {"cuda: at least one is needed", [](Matrix& m) { m.clear_cuda(); }},
        {"cuda[0].version: \"12\" is not of the form "
         "[0-9]+[.][0-9]+([.][0-9]+)?",
         [](Matrix& m) { m.mutable_cuda(0)->set_version("12"); }},
        {"cuda[0]: one of `debian` and `redist` is needed",
         [](Matrix& m) { m.mutable_cuda(0)->clear_debian(); }},
        {"cuda[0].debian.suite: required",
         [](Matrix& m) { m.mutable_cuda(0)->mutable_debian()->clear_suite(); }},
        {"cuda[0].debian.package: at least one is needed",
         [](Matrix& m) {
           m.mutable_cuda(0)->mutable_debian()->clear_package();
         }},
        {"cuda[0].debian.package[2]: \"*\" is not of the form "
         "[a-z0-9][a-z0-9+.-]+[*]?",
         [](Matrix& m) {
           m.mutable_cuda(0)->mutable_debian()->add_package("*");
         }},
        {"cuda[1].redist.base_url: \"x\" is not of the form https?://[^ ]+",
         [](Matrix& m) {
           m.mutable_cuda(1)->mutable_redist()->set_base_url("x");
         }},
        {"exclusion[0].reason: required",
         [](Matrix& m) { m.mutable_exclusion(0)->clear_reason(); }},
        {"exclusion[0].reason: must be one line of at most 4096 bytes",
         [](Matrix& m) { m.mutable_exclusion(0)->set_reason("a\nb"); }},
    }));

}  // namespace
}  // namespace gantry::plan
