#include "release/service/store/proof_check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/proof.pb.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::testing::HasSubstr;

class ProofCheckTest : public testing::Test {
 protected:
  proof::v1::Proof& proof() {
    return *request_.mutable_payload()->mutable_proof();
  }

  // Adds what a boot finds.
  void Boot() {
    for (auto& module : *proof().mutable_modules()) {
      module.set_boot_verdict(proof::v1::VERDICT_ACCEPTED);
    }
    proof().mutable_negative_control()->set_boot_verdict(
        proof::v1::VERDICT_REFUSED);
  }

  release::v1::RecordRevisionRequest request_ = fixtures::TestRevision(1);
};

TEST_F(ProofCheckTest, CompleteProofsAreAccepted) {
  EXPECT_EQ(ProofRefusal(request_), "");
  Boot();
  EXPECT_EQ(ProofRefusal(request_), "");
  proof().mutable_modules(4)->set_boot_verdict(
      proof::v1::VERDICT_NOT_APPLICABLE);
  EXPECT_EQ(ProofRefusal(request_), "");
}

TEST_F(ProofCheckTest, RefusedProofHasItsReason) {
  proof().set_accepted(false);
  EXPECT_EQ(ProofRefusal(request_), "no reason given");
  proof().set_reason("nvidia was refused");
  EXPECT_EQ(ProofRefusal(request_), "nvidia was refused");
}

TEST_F(ProofCheckTest, KernelMustBeThatOfTheCoordinates) {
  proof().set_kernel_release("6.1.0-50");
  EXPECT_EQ(ProofRefusal(request_),
            "it is for kernel \"6.1.0-50\", not \"6.1.0-56-cloud-amd64\"");
}

TEST_F(ProofCheckTest, ProofWithoutModulesIsNone) {
  proof().clear_modules();
  EXPECT_EQ(ProofRefusal(request_), "it has no modules");
}

TEST_F(ProofCheckTest, VerdictIsNotTrusted) {
  proof().mutable_modules(2)->set_static_verdict(proof::v1::VERDICT_REFUSED);
  EXPECT_EQ(ProofRefusal(request_), "nvidia-2 was not accepted statically");
}

TEST_F(ProofCheckTest, BootMustAcceptEachModule) {
  Boot();
  proof().mutable_modules(3)->clear_boot_verdict();
  EXPECT_EQ(ProofRefusal(request_), "the kernel did not accept nvidia-3");
}

TEST_F(ProofCheckTest, BootMustRefuseTheNegativeControl) {
  Boot();
  proof().mutable_negative_control()->set_boot_verdict(
      proof::v1::VERDICT_ACCEPTED);
  EXPECT_EQ(ProofRefusal(request_),
            "the kernel did not refuse the negative control");
}

TEST_F(ProofCheckTest, EachModuleOfThePayloadMustBeProved) {
  request_.mutable_modules(1)->set_name("nvidia-peermem");
  EXPECT_EQ(ProofRefusal(request_), "it does not name nvidia-peermem");
}

TEST_F(ProofCheckTest, RecordMustNameItsModules) {
  request_.clear_modules();
  EXPECT_EQ(ProofRefusal(request_), "the record names no modules");
}

TEST_F(ProofCheckTest, ProofOfOtherBytesIsNone) {
  request_.mutable_modules(1)->set_digest("sha256:0");
  EXPECT_THAT(ProofRefusal(request_), HasSubstr("it is of nvidia-1 with"));
}

TEST_F(ProofCheckTest, ModuleThatIsNamedTwiceIsRefused) {
  *proof().add_modules() = proof().modules(0);
  EXPECT_EQ(ProofRefusal(request_), "it names nvidia-0 twice");
}

}  // namespace
}  // namespace gantry::service
