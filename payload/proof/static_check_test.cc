#include "payload/proof/static_check.h"

#include <string>

#include "gtest/gtest.h"

namespace gantry::proof {
namespace {

using proof::v1::ModuleProof;

constexpr char kRelease[] = "6.1.0-test";

// A module and a kernel that match, until a test changes one of them.
class StaticCheckTest : public testing::Test {
 protected:
  StaticCheckTest() {
    module_.modinfo.entries = {
        {"license", "GPL"},
        {"vermagic", "6.1.0-test SMP mod_unload modversions "}};
    module_.undefined = {{"kfree", false}, {"kmalloc", false}};
    module_.versions = {{"kfree", 2}, {"kmalloc", 3}, {"module_layout", 1}};
    kernel_ = {{"kfree", {2, "vmlinux", false, ""}},
               {"kmalloc", {3, "vmlinux", false, ""}},
               {"module_layout", {1, "vmlinux", false, ""}}};
  }

  ModuleProof Check() {
    return StaticChecker(kRelease, kernel_, extra_).Check("m-name", module_);
  }

  void ExpectRefused(const std::string& message) {
    const ModuleProof proof = Check();
    EXPECT_EQ(proof.static_verdict(), proof::v1::VERDICT_REFUSED);
    EXPECT_EQ(proof.message(), message);
  }

  void ExpectAccepted() {
    const ModuleProof proof = Check();
    EXPECT_EQ(proof.static_verdict(), proof::v1::VERDICT_ACCEPTED);
    EXPECT_EQ(proof.message(), "");
  }

  void WithoutModversions() {
    for (auto& [name, symbol] : kernel_) symbol.crc = 0;
    module_.versions.clear();
  }

  ElfModule module_;
  Symvers kernel_, extra_;
};

TEST_F(StaticCheckTest, MatchingModuleIsAcceptedAndCounted) {
  ExpectAccepted();
  const ModuleProof proof = Check();
  EXPECT_EQ(proof.name(), "m-name");
  EXPECT_EQ(proof.vermagic(), "6.1.0-test SMP mod_unload modversions ");
  EXPECT_EQ(proof.symbol_count(), 2);
  EXPECT_EQ(proof.crc_count(), 3);
}

TEST_F(StaticCheckTest, VermagicOfAnotherKernelIsRefused) {
  module_.modinfo.entries[1].second = "6.1.0-test2 SMP ";
  ExpectRefused("vermagic is for kernel \"6.1.0-test2\", not \"6.1.0-test\"");
  module_.modinfo.entries.pop_back();
  ExpectRefused("vermagic is for kernel \"\", not \"6.1.0-test\"");
}

TEST_F(StaticCheckTest, WrongCrcsAreReportedWithTheNumberOfOthers) {
  module_.versions["kmalloc"] = 0xdead;
  ExpectRefused(
      "symbol kmalloc has CRC 0x0000dead in the module, 0x00000003 in the "
      "kernel");
  module_.versions["kfree"] = 0xbeef;
  module_.versions["module_layout"] = 7;
  ExpectRefused(
      "symbol kfree has CRC 0x0000beef in the module, 0x00000002 in the "
      "kernel (and 2 more)");
}

TEST_F(StaticCheckTest, MissingCrcIsRefused) {
  module_.versions.erase("kfree");
  ExpectRefused(
      "symbol kfree has no CRC in the module, 0x00000002 in the kernel");
}

TEST_F(StaticCheckTest, UnknownSymbolsAreRefused) {
  module_.undefined.push_back({"nobodys", false});
  ExpectRefused("unknown symbol nobodys");
  module_.undefined.push_back({"nobodys_too", false});
  ExpectRefused("unknown symbol nobodys (and 1 more)");
}

TEST_F(StaticCheckTest, UnknownWeakSymbolIsAccepted) {
  module_.undefined.push_back({"optional", true});
  ExpectAccepted();
  EXPECT_EQ(Check().symbol_count(), 2);
}

TEST_F(StaticCheckTest, KernelWithoutModversionsNeedsNoCrcs) {
  WithoutModversions();
  ExpectAccepted();
  EXPECT_EQ(Check().crc_count(), 0);
  module_.undefined.push_back({"nobodys", false});
  ExpectRefused("unknown symbol nobodys");
}

TEST_F(StaticCheckTest, GplSymbolNeedsAGplLicence) {
  kernel_["kfree"].gpl_only = true;
  for (const char* license : {"GPL", "GPL v2", "Dual MIT/GPL"}) {
    module_.modinfo.entries[0].second = license;
    ExpectAccepted();
  }
  module_.modinfo.entries[0].second = "NVIDIA";
  ExpectRefused(
      "symbol kfree is for GPL modules only, the licence is \"NVIDIA\"");
}

TEST_F(StaticCheckTest, NamespaceNeedsAnImport) {
  kernel_["kfree"].symbol_namespace = "DMA_BUF";
  ExpectRefused("symbol kfree is in namespace DMA_BUF, which is not imported");
  module_.modinfo.entries.emplace_back("import_ns", "OTHER");
  module_.modinfo.entries.emplace_back("import_ns", "DMA_BUF");
  ExpectAccepted();
}

TEST_F(StaticCheckTest, SymbolForListedModulesIsOnlyForThem) {
  kernel_["kfree"].symbol_namespace = "module:kvm,m-*";
  ExpectAccepted();
  kernel_["kfree"].symbol_namespace = "module:kvm";
  ExpectRefused(
      "symbol kfree is in namespace module:kvm, which is not imported");
}

TEST_F(StaticCheckTest, SymbolsOfAnAcceptedModuleAreAvailableToTheNext) {
  extra_["core_count"] = {5, "/build/some-core", false, ""};
  ElfModule user = module_;
  user.undefined.push_back({"core_count", false});
  user.versions["core_count"] = 5;

  StaticChecker early(kRelease, kernel_, extra_);
  EXPECT_EQ(early.Check("user", user).message(),
            "symbol core_count is exported by some_core, which is not loaded "
            "before it");

  StaticChecker checker(kRelease, kernel_, extra_);
  EXPECT_EQ(checker.Check("some-core", module_).message(), "");
  EXPECT_EQ(checker.Check("user", user).message(), "");
  user.versions["core_count"] = 6;
  EXPECT_EQ(checker.Check("user", user).message(),
            "symbol core_count has CRC 0x00000006 in the module, 0x00000005 in "
            "the kernel");
}

TEST_F(StaticCheckTest, SymbolsOfARefusedModuleAreUnavailable) {
  extra_["core_count"] = {5, "core", false, ""};
  ElfModule core = module_;
  core.modinfo.entries[1].second = "5.0 ";
  module_.undefined.push_back({"core_count", false});
  module_.versions["core_count"] = 5;
  StaticChecker checker(kRelease, kernel_, extra_);
  EXPECT_NE(checker.Check("core", core).message(), "");
  EXPECT_EQ(checker.Check("user", module_).message(),
            "symbol core_count is exported by core, which is not loaded "
            "before it");
}

}  // namespace
}  // namespace gantry::proof
