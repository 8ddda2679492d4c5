#include "builder/modules/patch_condition.h"

#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "builder/modules/patch_selection.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

using builder::v1::KernelPatch;

// include/linux/pci.h of Debian's 6.1.0-50 and 6.1.0-56.
constexpr char kThreeParameters[] =
    "int __must_check pci_resize_resource(struct pci_dev *dev, int i, int "
    "size);\n"
    "int pci_select_bars(struct pci_dev *dev, unsigned long flags);\n";
constexpr char kFourParameters[] =
    "int __must_check pci_resize_resource(struct pci_dev *dev, int i, int "
    "size,\n\t\t\t\t     int exclude_bars);\n"
    "int pci_select_bars(struct pci_dev *dev, unsigned long flags);\n";

KernelPatch Patch(const std::string& matches) {
  KernelPatch patch;
  patch.set_path("patches/pci.patch");
  patch.set_when_header("include/linux/pci.h");
  patch.set_matches(matches);
  return patch;
}

TEST(HeaderMatchesTest, DistinguishesPrototypes) {
  // As in release/matrix.textproto.
  const KernelPatch patch =
      Patch(R"(pci_resize_resource\([^,)]*,[^,)]*,[^,)]*,)");
  EXPECT_THAT(HeaderMatches(patch, kThreeParameters), IsOkAndHolds(false));
  EXPECT_THAT(HeaderMatches(patch, kFourParameters), IsOkAndHolds(true));
}

TEST(HeaderMatchesTest, DotMatchesNewlines) {
  EXPECT_THAT(HeaderMatches(Patch("size,.*exclude_bars"), kFourParameters),
              IsOkAndHolds(true));
}

TEST(HeaderMatchesTest, MalformedPatternIsInvalidArgument) {
  EXPECT_THAT(HeaderMatches(Patch("pci("), kFourParameters),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "patch pci.patch: malformed pattern: missing ): pci("));
}

}  // namespace
}  // namespace gantry::modules
