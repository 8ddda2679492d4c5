#include "payload/proof/verdict.h"

#include <cerrno>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "payload/proof/boot_console.h"

namespace gantry::proof {
namespace {

using proof::v1::ModuleProof;
using proof::v1::Proof;

constexpr char kLayout[] =
    "core: disagrees about version of symbol module_layout";

// A boot without any fault, which tests then add.
class VerdictTest : public testing::Test {
 protected:
  VerdictTest() {
    plan_ = {{StepKind::kPrerequisite, "fake_pci"},
             {StepKind::kModule, "core"},
             {StepKind::kModule, "nvidia-peermem"},
             {StepKind::kNegativeControl, "core"}};
    console_.kernel_release = "6.1.0-test";
    console_.finished = true;
    console_.last_line = "reboot: Restarting system";
    console_.steps = {{true, 0, {}},
                      {true, 0, {}},
                      {true, 0, {}},
                      {true, ENOEXEC, {kLayout}}};
    proof_.set_kernel_release("6.1.0-test");
    for (const char* name : {"core", "nvidia-peermem"}) {
      ModuleProof& module = *proof_.add_modules();
      module.set_name(name);
      module.set_static_verdict(proof::v1::VERDICT_ACCEPTED);
    }
    proof_.mutable_negative_control()->set_name("core");
    proof_.mutable_negative_control()->set_alteration("vermagic");
  }

  void ExpectAccepted() {
    Judge(plan_, console_, end_, proof_);
    EXPECT_TRUE(proof_.accepted());
    EXPECT_EQ(proof_.reason(), "");
  }

  void ExpectRefused(const std::string& reason) {
    Judge(plan_, console_, end_, proof_);
    EXPECT_FALSE(proof_.accepted());
    EXPECT_EQ(proof_.reason(), reason);
  }

  // Ends the console after the start of the step number `steps`.
  void CutWithin(size_t steps, const std::string& last_line) {
    console_.finished = false;
    console_.last_line = last_line;
    console_.steps[steps] = {true, absl::nullopt, {}};
    for (size_t i = steps + 1; i < console_.steps.size(); ++i) {
      console_.steps[i] = {};
    }
  }

  std::vector<BootStep> plan_;
  BootConsole console_;
  absl::Status end_;
  Proof proof_;
};

TEST_F(VerdictTest, AcceptedModulesAndRefusedNegativeControlAreAccepted) {
  ExpectAccepted();
  EXPECT_EQ(proof_.kernel_release(), "6.1.0-test");
  EXPECT_EQ(proof_.modules(0).boot_verdict(), proof::v1::VERDICT_ACCEPTED);
  EXPECT_EQ(proof_.modules(0).load_errno(), 0);
  EXPECT_EQ(proof_.negative_control().boot_verdict(),
            proof::v1::VERDICT_REFUSED);
  EXPECT_EQ(proof_.negative_control().load_errno(), ENOEXEC);
  EXPECT_EQ(proof_.negative_control().message(), kLayout);
}

TEST_F(VerdictTest, NegativeControlRefusedForItsVermagicIsAccepted) {
  console_.steps[3].log = {
      "core: version magic '0.1.0-test' should be '6.1.0-test'"};
  ExpectAccepted();
}

TEST_F(VerdictTest, RefusedModuleIsReportedWithTheKernelMessage) {
  console_.steps[1] = {
      true, ENOENT, {"other line", "core: Unknown symbol x (err -2)"}};
  ExpectRefused(
      "core was refused: core: Unknown symbol x (err -2) (No such file or "
      "directory)");
  EXPECT_EQ(proof_.modules(0).boot_verdict(), proof::v1::VERDICT_REFUSED);
  EXPECT_EQ(proof_.modules(0).load_errno(), ENOENT);
  EXPECT_EQ(proof_.modules(0).message(), "core: Unknown symbol x (err -2)");
}

TEST_F(VerdictTest, MessageOfAModuleWithAHyphenIsFound) {
  console_.steps[2] = {
      true, ENOEXEC, {"nvidia_peermem: version magic 'a'", "something else"}};
  Judge(plan_, console_, end_, proof_);
  EXPECT_EQ(proof_.modules(1).message(), "nvidia_peermem: version magic 'a'");
  console_.steps[2].log = {"NVRM: first", "NVRM: last", ""};
  Judge(plan_, console_, end_, proof_);
  EXPECT_EQ(proof_.modules(1).message(), "NVRM: last");
}

TEST_F(VerdictTest, InapplicableModuleIsAccepted) {
  console_.steps[2] = {
      true,
      EINVAL,
      {"nvidia_peermem: module was compiled without IB peer memory symbols"}};
  ExpectAccepted();
  EXPECT_EQ(proof_.modules(1).boot_verdict(),
            proof::v1::VERDICT_NOT_APPLICABLE);
  EXPECT_EQ(proof_.modules(1).load_errno(), EINVAL);
}

TEST_F(VerdictTest, InapplicableModuleWithoutItsMessageIsRefused) {
  console_.steps[2] = {true, EINVAL, {}};
  ExpectRefused("nvidia-peermem was refused: Invalid argument");
}

TEST_F(VerdictTest, RefusedPrerequisiteIsReported) {
  console_.steps[0] = {true, ENOEXEC, {"fake_pci: version magic 'a'"}};
  ExpectRefused(
      "fake_pci, which the modules need, was refused: fake_pci: version magic "
      "'a' (Exec format error)");
}

TEST_F(VerdictTest, AcceptedNegativeControlVoidsTheProof) {
  console_.steps[3] = {true, 0, {}};
  ExpectRefused(
      "void: the negative control, core with altered vermagic, was not refused "
      "as for another kernel: it was accepted");
  EXPECT_EQ(proof_.negative_control().boot_verdict(),
            proof::v1::VERDICT_ACCEPTED);
}

TEST_F(VerdictTest, NegativeControlRefusedForAnotherReasonVoidsTheProof) {
  console_.steps[3] = {true, EEXIST, {}};
  ExpectRefused(
      "void: the negative control, core with altered vermagic, was not refused "
      "as for another kernel: File exists");
  EXPECT_EQ(proof_.negative_control().boot_verdict(),
            proof::v1::VERDICT_UNSPECIFIED);
  console_.steps[3] = {true, ENOEXEC, {"Invalid ELF header"}};
  ExpectRefused(
      "void: the negative control, core with altered vermagic, was not refused "
      "as for another kernel: Invalid ELF header (Exec format error)");
}

TEST_F(VerdictTest, InapplicableNegativeControlVoidsTheProof) {
  proof_.mutable_negative_control()->set_name("nvidia-peermem");
  console_.steps[2] = {
      true, EINVAL, {"nvidia_peermem: without IB peer memory symbols"}};
  ExpectRefused(
      "void: the module of the negative control, nvidia-peermem, was not "
      "accepted unaltered");
}

TEST_F(VerdictTest, GuestThatEndsWhileLoadingIsReportedWithItsLastLine) {
  CutWithin(2, "Kernel panic - not syncing: Fatal exception");
  ExpectRefused(
      "the guest ended while it loaded nvidia-peermem; the console ends: "
      "\"Kernel panic - not syncing: Fatal exception\"");
  EXPECT_EQ(proof_.modules(0).boot_verdict(), proof::v1::VERDICT_ACCEPTED);
  EXPECT_EQ(proof_.modules(1).boot_verdict(), proof::v1::VERDICT_UNSPECIFIED);
}

TEST_F(VerdictTest, GuestThatHangsIsReportedWithItsTimeout) {
  CutWithin(1, "core: waiting");
  end_ = absl::DeadlineExceededError("killed after 2m");
  ExpectRefused(
      "the guest ended (killed after 2m) while it loaded core; the console "
      "ends: \"core: waiting\"");
}

TEST_F(VerdictTest, GuestThatNeverStartsInitIsReported) {
  console_ = {};
  console_.steps.resize(plan_.size());
  console_.last_line = "Decompressing Linux...";
  ExpectRefused(
      "the guest ended before it started our init; the console ends: "
      "\"Decompressing Linux...\"");
}

TEST_F(VerdictTest, GuestThatEndsBetweenStepsIsReported) {
  console_.finished = false;
  console_.steps[3] = {};
  ExpectRefused(
      "the guest ended before its plan was finished; the console ends: "
      "\"reboot: Restarting system\"");
}

TEST_F(VerdictTest, FailedQemuIsNotAccepted) {
  end_ = absl::InternalError("qemu exited with 1: no");
  ExpectRefused(
      "the guest ended (qemu exited with 1: no) before its plan was finished; "
      "the console ends: \"reboot: Restarting system\"");
}

TEST_F(VerdictTest, MissingResultIsNotAccepted) {
  console_.steps[1].result.reset();
  ExpectRefused("the console has no result for core");
}

TEST_F(VerdictTest, LostRecordIsNotAccepted) {
  console_.lost_record = 5;
  ExpectRefused("record 5 of the console is missing or damaged");
}

TEST_F(VerdictTest, AnotherKernelIsNotAccepted) {
  console_.kernel_release = "6.1.0-other";
  ExpectRefused("the kernel image has release 6.1.0-other, not 6.1.0-test");
  EXPECT_EQ(proof_.kernel_release(), "6.1.0-other");
}

TEST_F(VerdictTest, StaticRefusalStandsEvenIfTheBootAccepts) {
  proof_.mutable_modules(1)->set_static_verdict(proof::v1::VERDICT_REFUSED);
  proof_.mutable_modules(1)->set_message("unknown symbol x");
  ExpectRefused("nvidia-peermem: unknown symbol x");
}

TEST_F(VerdictTest, StaticRefusalIsTheReason) {
  EXPECT_TRUE(JudgeStatic(proof_));
  proof_.mutable_modules(0)->set_static_verdict(proof::v1::VERDICT_REFUSED);
  proof_.mutable_modules(0)->set_message("unknown symbol x (and 3 more)");
  EXPECT_FALSE(JudgeStatic(proof_));
  EXPECT_EQ(proof_.reason(), "core: unknown symbol x (and 3 more)");
}

// Consoles of real boots with the modules in tests/failing, starting with our
// init.
class CapturedConsoleTest : public testing::Test {
 protected:
  void JudgeConsole(const std::string& file, const std::string& nonce,
                    const std::vector<std::string>& modules) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string console,
                                ReadFile("payload/proof/testdata/" + file));
    std::vector<BootStep> plan;
    for (const std::string& name : modules) {
      plan.push_back({StepKind::kModule, name});
      ModuleProof& module = *proof_.add_modules();
      module.set_name(name);
      module.set_static_verdict(proof::v1::VERDICT_ACCEPTED);
    }
    Judge(plan, ParseBootConsole(console, nonce, plan.size()), absl::OkStatus(),
          proof_);
  }

  Proof proof_;
};

TEST_F(CapturedConsoleTest, RefusalIsReportedWithTheModulesMessage) {
  proof_.set_kernel_release("6.12.117+deb12-cloud-amd64");
  JudgeConsole("debian_6_12_refusals.console", "a494a19db3d3060b",
               {"refusing", "warning"});
  EXPECT_EQ(
      proof_.reason(),
      "refusing was refused: refusing: no supported device found (No such "
      "device)");
  EXPECT_EQ(proof_.modules(1).message(),
            "WARNING: CPU: 0 PID: 1 at /build/warning.c:10 "
            "warning_init+0x9/0xff0 [warning]");
}

TEST_F(CapturedConsoleTest, CrashIsReportedWithTheKernelMessage) {
  proof_.set_kernel_release("6.1.0-56-cloud-amd64");
  JudgeConsole("debian_6_1_crash.console", "b95b7475590c3bb1", {"crashing"});
  EXPECT_EQ(proof_.reason(),
            "the guest ended while it loaded crashing: BUG: kernel NULL "
            "pointer dereference, address: 0000000000000000");
}

}  // namespace
}  // namespace gantry::proof
