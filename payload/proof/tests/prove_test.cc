// Real kernels of Debian, their modules, and QEMU.

#include "payload/proof/prove.h"

#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/proof/boot.h"
#include "payload/proof/module_archive.h"
#include "payload/proof/prove_output.h"
#include "payload/proof/verdict.h"
#include "proto/developer_container.pb.h"

namespace gantry::proof {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kOldKernel[] = "debian_6_1";
constexpr char kNewKernel[] = "debian_6_12";

// Tests run in their runfiles folder.
std::string File(absl::string_view kernel, absl::string_view suffix) {
  return absl::StrCat("payload/proof/tests/", kernel, suffix);
}

ProveOptions OptionsFor(absl::string_view kernel) {
  ProveOptions options;
  options.modules = File(kernel, "_hello.modules.tar");
  options.extra_symvers = {File(kernel, "_hello.module_symvers")};
  options.container = File(kernel, ".container.textproto");
  options.root = File(kernel, ".tar");
  options.symvers = File(kernel, ".symvers");
  options.kernel_image = File(kernel, ".vmlinuz");
  options.fake_pci = File(kernel, "_fake_pci.modules.tar");
  options.init = "payload/proof/init";
  return options;
}

std::string ReleaseOf(absl::string_view kernel) {
  builder::v1::DeveloperContainer container;
  EXPECT_TRUE(
      ReadTextProto(File(kernel, ".container.textproto"), container).ok());
  return container.kernel_release();
}

// The boot of hello's modules, with a control, below the level of Prove().
class BootTest : public testing::Test {
 protected:
  BootTest()
      : modules_(*ReadModuleTar(File(kOldKernel, "_hello.modules.tar"))) {
    options_.kernel_image = File(kOldKernel, ".vmlinuz");
    options_.init = "payload/proof/init";
    proof_.set_kernel_release(ReleaseOf(kOldKernel));
    proof_.mutable_control()->set_name(modules_[0].name);
    proof_.mutable_control()->set_alteration("nothing");
    for (const NamedModule& module : modules_) {
      plan_.push_back({StepKind::kModule, module.name});
      files_.push_back(module.bytes);
      auto& entry = *proof_.add_module();
      entry.set_name(module.name);
      entry.set_static_verdict(proof::v1::VERDICT_ACCEPTED);
    }
  }

  void BootAndJudge(const std::string& control) {
    plan_.push_back({StepKind::kControl, modules_[0].name});
    files_.push_back(control);
    const auto boot = BootModules(options_, files_);
    ASSERT_TRUE(boot.ok()) << boot.status();
    Judge(plan_, boot->console, boot->run.end, proof_);
  }

  const std::vector<NamedModule> modules_;
  BootOptions options_;
  std::vector<BootStep> plan_;
  std::vector<absl::string_view> files_;
  proof::v1::Proof proof_;
};

// Why the kernel refuses one of the modules in failing/.
std::string BootReason(absl::string_view name) {
  const auto modules = ReadModuleTar(File(kOldKernel, "_failing.modules.tar"));
  EXPECT_THAT(modules, IsOk());
  BootOptions options;
  options.kernel_image = File(kOldKernel, ".vmlinuz");
  options.init = "payload/proof/init";
  for (const NamedModule& module : *modules) {
    if (module.name != name) continue;
    const auto boot = BootModules(options, {module.bytes});
    EXPECT_THAT(boot, IsOk());
    proof::v1::Proof proof;
    proof.set_kernel_release(ReleaseOf(kOldKernel));
    proof.add_module()->set_name(module.name);
    proof.mutable_module(0)->set_static_verdict(proof::v1::VERDICT_ACCEPTED);
    Judge({{StepKind::kModule, module.name}}, boot->console, boot->run.end,
          proof);
    return proof.reason();
  }
  return absl::StrCat("no module ", name);
}

class ProveTest : public testing::TestWithParam<const char*> {};

TEST_P(ProveTest, ModulesOfTheKernelAreAccepted) {
  std::vector<std::string> progress;
  ProveOptions options = OptionsFor(GetParam());
  options.progress = [&](absl::string_view line) {
    progress.emplace_back(line);
  };
  const auto result = Prove(options);
  ASSERT_TRUE(result.ok()) << result.status();
  const proof::v1::Proof& proof = result->proof;
  EXPECT_TRUE(proof.accepted()) << proof.reason() << result->console;
  EXPECT_EQ(proof.kernel_release(), ReleaseOf(GetParam()));
  EXPECT_EQ(proof.console_digest(), Sha256Digest(result->console));
  ASSERT_EQ(proof.module_size(), 2);
  EXPECT_EQ(proof.module(0).name(), "hello_core");
  EXPECT_EQ(proof.module(1).name(), "hello");
  for (const auto& module : proof.module()) {
    EXPECT_EQ(module.static_verdict(), proof::v1::VERDICT_ACCEPTED);
    EXPECT_EQ(module.boot_verdict(), proof::v1::VERDICT_ACCEPTED);
    EXPECT_GT(module.symbol_count(), 0);
    EXPECT_GT(module.crc_count(), 0);
  }
  EXPECT_EQ(proof.control().boot_verdict(), proof::v1::VERDICT_REFUSED);
  EXPECT_EQ(proof.control().load_errno(), ENOEXEC);
  EXPECT_THAT(proof.control().message(),
              HasSubstr("disagrees about version of symbol module_layout"));
  EXPECT_THAT(progress, testing::Contains("hello: loaded"));
}

INSTANTIATE_TEST_SUITE_P(Kernels, ProveTest,
                         testing::Values(kOldKernel, kNewKernel));

TEST(ProveStaticTest, ModulesOfAnotherKernelAreRefusedWithoutABoot) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.modules = File(kNewKernel, "_hello.modules.tar");
  options.extra_symvers = {File(kNewKernel, "_hello.module_symvers")};
  options.qemu = "/nonexistent";
  const auto folder = TempDir::Create(testing::TempDir());
  const std::string proof = JoinPath(folder->path(), "proof");
  const std::string console = JoinPath(folder->path(), "console");
  const auto outcome = ProveToFiles(options, proof, console);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->accepted);
  EXPECT_EQ(outcome->reason,
            absl::StrCat("hello_core: vermagic is for kernel \"",
                         ReleaseOf(kNewKernel), "\", not \"",
                         ReleaseOf(kOldKernel), "\""));
  EXPECT_FALSE(ReadFile(proof).ok());
  EXPECT_FALSE(ReadFile(console).ok());
}

TEST(ProveProgramTest, RefusalIsExitCode1AndOneLine) {
  const auto folder = TempDir::Create(testing::TempDir());
  const std::string proof = JoinPath(folder->path(), "proof");
  const ProveOptions options = OptionsFor(kOldKernel);
  SubprocessOptions program;
  program.argv = {"payload/proof/prove",
                  "--modules=" + File(kNewKernel, "_hello.modules.tar"),
                  "--container=" + options.container,
                  "--root=" + options.root,
                  "--symvers=" + options.symvers,
                  "--kernel_image=" + options.kernel_image,
                  "--fake_pci=" + options.fake_pci,
                  "--init=" + options.init,
                  "--proof=" + proof,
                  "--console=" + proof + ".console"};
  const auto result = RunSubprocess(program);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 1);
  EXPECT_EQ(result->output, "");
  EXPECT_EQ(result->error_output,
            absl::StrCat("prove: hello_core: vermagic is for kernel \"",
                         ReleaseOf(kNewKernel), "\", not \"",
                         ReleaseOf(kOldKernel), "\"\n"));
  EXPECT_FALSE(ReadFile(proof).ok());
}

TEST(ProveProgramTest, MissingFlagIsExitCode2) {
  SubprocessOptions program;
  program.argv = {"payload/proof/prove", "--modules=x"};
  const auto result = RunSubprocess(program);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 2);
  EXPECT_EQ(result->error_output, "prove: --container is required\n");
}

TEST(ProveBootTest, ModulesOfAnotherKernelAreRefusedInTheBootToo) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.modules = File(kNewKernel, "_hello.modules.tar");
  options.extra_symvers = {File(kNewKernel, "_hello.module_symvers")};
  options.static_refusal = StaticRefusal::kBootAnyway;
  const auto result = Prove(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->proof.accepted());
  EXPECT_EQ(result->proof.reason(),
            "hello_core is refused: hello_core: disagrees about version of "
            "symbol module_layout (Exec format error)");
  EXPECT_EQ(result->proof.module(0).boot_verdict(), proof::v1::VERDICT_REFUSED);
  EXPECT_EQ(result->proof.module(0).load_errno(), ENOEXEC);
}

TEST(ProveBootTest, KernelImageOfAnotherReleaseIsNoProof) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.kernel_image = File(kNewKernel, ".vmlinuz");
  const auto result = Prove(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->proof.accepted());
  EXPECT_EQ(result->proof.reason(),
            absl::StrCat("the kernel image is of ", ReleaseOf(kNewKernel),
                         ", not of ", ReleaseOf(kOldKernel)));
}

TEST(ProveBootTest, GuestThatIsTooSlowIsKilled) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.accelerator = AcceleratorChoice::kTcg;
  options.boot_timeout = absl::Milliseconds(500);
  const auto result = Prove(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->proof.accepted());
  EXPECT_THAT(result->proof.reason(),
              StartsWith("the guest ended (killed after 500ms) before it "
                         "reached our init; the console ends: \""));
}

TEST(ProveBootTest, MissingQemuIsAnErrorThatNamesIt) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.qemu = "/nonexistent/qemu";
  options.accelerator = AcceleratorChoice::kTcg;
  const auto result = Prove(options);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr("/nonexistent/qemu"));
}

TEST(InTreeModulesTest, LoadInTheOrderInWhichTheyCome) {
  for (const char* kernel : {kOldKernel, kNewKernel}) {
    const auto modules = ReadInTreeModules(File(kernel, ".tar"),
                                           ReleaseOf(kernel), {"virtio_net"});
    ASSERT_TRUE(modules.ok()) << modules.status();
    EXPECT_GT(modules->size(), 2u);
    BootOptions options;
    options.kernel_image = File(kernel, ".vmlinuz");
    options.init = "payload/proof/init";
    std::vector<absl::string_view> files;
    for (const NamedModule& module : *modules) files.push_back(module.bytes);
    const auto boot = BootModules(options, files);
    ASSERT_TRUE(boot.ok()) << boot.status();
    EXPECT_TRUE(boot->console.finished);
    for (size_t i = 0; i < modules->size(); ++i) {
      EXPECT_EQ(boot->console.steps[i].result, 0) << (*modules)[i].name;
    }
  }
}

TEST(FailingModuleTest, RefusalHasTheMessageThatFollowsARegisterDump) {
  EXPECT_EQ(BootReason("refusing"),
            "refusing is refused: refusing: no supported device found (No such "
            "device)");
}

TEST(FailingModuleTest, CrashIsReportedWithItsFirstLine) {
  EXPECT_THAT(
      BootReason("crashing"),
      StartsWith("the guest ended while it loaded crashing: BUG: kernel "
                 "NULL pointer dereference, address: "));
}

TEST_F(BootTest, UnalteredControlVoidsTheProof) {
  BootAndJudge(modules_[0].bytes);
  EXPECT_FALSE(proof_.accepted());
  EXPECT_EQ(proof_.reason(),
            "void: the control, hello_core with altered nothing, is not "
            "refused as another kernel's: File exists");
}

TEST_F(BootTest, DamagedControlVoidsTheProof) {
  const std::string damaged = modules_[0].bytes.substr(0, 100);
  BootAndJudge(damaged);
  EXPECT_FALSE(proof_.accepted());
  EXPECT_THAT(proof_.reason(), StartsWith("void: the control, hello_core "));
  EXPECT_EQ(proof_.control().load_errno(), ENOEXEC);
}

}  // namespace
}  // namespace gantry::proof
