// Proves modules with kernels of Debian, in QEMU.

#include "payload/proof/prove.h"

#include <cerrno>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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
#include "payload/proof/in_tree_modules.h"
#include "payload/proof/module_tar.h"
#include "payload/proof/prove_output.h"
#include "payload/proof/verdict.h"
#include "proto/developer_container.pb.h"
#include "proto/proof.pb.h"

namespace gantry::proof {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kOldKernel[] = "debian_6_1";
constexpr char kNewKernel[] = "debian_6_12";

// Tests run in their runfiles directory.
std::string ModuleFile(absl::string_view kernel, absl::string_view suffix) {
  return absl::StrCat("payload/proof/tests/", kernel, suffix);
}
std::string ContainerFile(absl::string_view kernel, absl::string_view suffix) {
  return absl::StrCat("tests/fixtures/", kernel, suffix);
}

ProveOptions OptionsFor(absl::string_view kernel) {
  ProveOptions options;
  options.modules = ModuleFile(kernel, "_hello.modules.tar");
  options.extra_symvers = {ModuleFile(kernel, "_hello.module_symvers")};
  options.container = ContainerFile(kernel, ".container.textproto");
  options.root = ContainerFile(kernel, ".tar");
  options.symvers = ContainerFile(kernel, ".symvers");
  options.kernel_image = ContainerFile(kernel, ".vmlinuz");
  options.fake_pci = ModuleFile(kernel, "_fake_pci.modules.tar");
  options.init = "payload/proof/init";
  return options;
}

std::string ReleaseOf(absl::string_view kernel) {
  builder::v1::DeveloperContainer container;
  EXPECT_THAT(
      ReadTextProto(ContainerFile(kernel, ".container.textproto"), container),
      IsOk());
  return container.kernel_release();
}

// Boots with the modules of hello and some negative control.
class BootTest : public testing::Test {
 protected:
  BootTest()
      : modules_(*ReadModuleTar(ModuleFile(kOldKernel, "_hello.modules.tar"))) {
    options_.kernel_image = ContainerFile(kOldKernel, ".vmlinuz");
    options_.init = "payload/proof/init";
    proof_.set_kernel_release(ReleaseOf(kOldKernel));
    proof_.mutable_negative_control()->set_name(modules_[0].name);
    proof_.mutable_negative_control()->set_alteration("nothing");
    for (const NamedModule& module : modules_) {
      plan_.push_back({StepKind::kModule, module.name});
      files_.push_back(module.bytes);
      auto& entry = *proof_.add_modules();
      entry.set_name(module.name);
      entry.set_static_verdict(proof::v1::VERDICT_ACCEPTED);
    }
  }

  void BootAndJudge(const std::string& negative_control) {
    plan_.push_back({StepKind::kNegativeControl, modules_[0].name});
    files_.push_back(negative_control);
    const auto boot = BootModules(options_, files_);
    ASSERT_THAT(boot, IsOk());
    Judge(plan_, boot->console, boot->run.end, proof_);
  }

  const std::vector<NamedModule> modules_;
  BootOptions options_;
  std::vector<BootStep> plan_;
  std::vector<absl::string_view> files_;
  proof::v1::Proof proof_;
};

// Why the kernel refuses a module of failing/.
std::string BootReason(absl::string_view name) {
  const auto modules =
      ReadModuleTar(ModuleFile(kOldKernel, "_failing.modules.tar"));
  EXPECT_THAT(modules, IsOk());
  BootOptions options;
  options.kernel_image = ContainerFile(kOldKernel, ".vmlinuz");
  options.init = "payload/proof/init";
  for (const NamedModule& module : *modules) {
    if (module.name != name) continue;
    const auto boot = BootModules(options, {module.bytes});
    EXPECT_THAT(boot, IsOk());
    proof::v1::Proof proof;
    proof.set_kernel_release(ReleaseOf(kOldKernel));
    proof.add_modules()->set_name(module.name);
    proof.mutable_modules(0)->set_static_verdict(proof::v1::VERDICT_ACCEPTED);
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
  ASSERT_THAT(result, IsOk());
  const proof::v1::Proof& proof = result->proof;
  EXPECT_TRUE(proof.accepted()) << proof.reason() << result->console;
  EXPECT_EQ(proof.kernel_release(), ReleaseOf(GetParam()));
  EXPECT_EQ(proof.console_digest(), Sha256Digest(result->console));
  ASSERT_EQ(proof.modules_size(), 2);
  EXPECT_EQ(proof.modules(0).name(), "hello_core");
  EXPECT_EQ(proof.modules(1).name(), "hello");
  for (const auto& module : proof.modules()) {
    EXPECT_EQ(module.static_verdict(), proof::v1::VERDICT_ACCEPTED);
    EXPECT_EQ(module.boot_verdict(), proof::v1::VERDICT_ACCEPTED);
    EXPECT_GT(module.symbol_count(), 0);
    EXPECT_GT(module.crc_count(), 0);
  }
  EXPECT_EQ(proof.negative_control().boot_verdict(),
            proof::v1::VERDICT_REFUSED);
  EXPECT_EQ(proof.negative_control().load_errno(), ENOEXEC);
  EXPECT_THAT(proof.negative_control().message(),
              HasSubstr("disagrees about version of symbol module_layout"));
  EXPECT_THAT(progress, Contains("hello: loaded"));
}

INSTANTIATE_TEST_SUITE_P(Kernels, ProveTest,
                         testing::Values(kOldKernel, kNewKernel));

TEST(ProveStaticTest, ModulesOfAnotherKernelAreRefusedWithoutABoot) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.modules = ModuleFile(kNewKernel, "_hello.modules.tar");
  options.extra_symvers = {ModuleFile(kNewKernel, "_hello.module_symvers")};
  options.qemu = "/nonexistent";
  const auto temp = TempDir::Create(testing::TempDir());
  const std::string proof = JoinPath(temp->path(), "proof");
  const std::string console = JoinPath(temp->path(), "console");
  const auto outcome = ProveToFiles(options, proof, console);
  ASSERT_THAT(outcome, IsOk());
  EXPECT_FALSE(outcome->accepted);
  EXPECT_EQ(outcome->reason,
            absl::StrCat("hello_core: vermagic is for kernel \"",
                         ReleaseOf(kNewKernel), "\", not \"",
                         ReleaseOf(kOldKernel), "\""));
  EXPECT_THAT(ReadFile(proof), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ReadFile(console), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ProveProgramTest, RefusalIsExitCode1AndOneLine) {
  const auto temp = TempDir::Create(testing::TempDir());
  const std::string proof = JoinPath(temp->path(), "proof");
  const ProveOptions options = OptionsFor(kOldKernel);
  SubprocessOptions program;
  program.argv = {"payload/proof/prove",
                  "--modules=" + ModuleFile(kNewKernel, "_hello.modules.tar"),
                  "--container=" + options.container,
                  "--root=" + options.root,
                  "--symvers=" + options.symvers,
                  "--kernel_image=" + options.kernel_image,
                  "--fake_pci=" + options.fake_pci,
                  "--init=" + options.init,
                  "--proof=" + proof,
                  "--console=" + proof + ".console"};
  const auto result = RunSubprocess(program);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->exit_code, 1);
  EXPECT_EQ(result->output, "");
  EXPECT_EQ(result->error_output,
            absl::StrCat("prove: hello_core: vermagic is for kernel \"",
                         ReleaseOf(kNewKernel), "\", not \"",
                         ReleaseOf(kOldKernel), "\"\n"));
  EXPECT_THAT(ReadFile(proof), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ProveProgramTest, MissingFlagIsExitCode2) {
  SubprocessOptions program;
  program.argv = {"payload/proof/prove", "--modules=x"};
  const auto result = RunSubprocess(program);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->exit_code, 2);
  EXPECT_EQ(result->error_output, "prove: --container is required\n");
}

TEST(ProveBootTest, ModulesOfAnotherKernelAreRefusedByTheBootToo) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.modules = ModuleFile(kNewKernel, "_hello.modules.tar");
  options.extra_symvers = {ModuleFile(kNewKernel, "_hello.module_symvers")};
  options.static_refusal = StaticRefusal::kBootAnyway;
  const auto result = Prove(options);
  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->proof.accepted());
  EXPECT_EQ(result->proof.reason(),
            "hello_core was refused: hello_core: disagrees about version of "
            "symbol module_layout (Exec format error)");
  EXPECT_EQ(result->proof.modules(0).boot_verdict(),
            proof::v1::VERDICT_REFUSED);
  EXPECT_EQ(result->proof.modules(0).load_errno(), ENOEXEC);
}

TEST(ProveBootTest, KernelImageOfAnotherReleaseIsNotAccepted) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.kernel_image = ContainerFile(kNewKernel, ".vmlinuz");
  const auto result = Prove(options);
  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->proof.accepted());
  EXPECT_EQ(result->proof.reason(),
            absl::StrCat("the kernel image has release ", ReleaseOf(kNewKernel),
                         ", not ", ReleaseOf(kOldKernel)));
}

TEST(ProveBootTest, GuestThatIsTooSlowIsKilled) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.accelerator = AcceleratorChoice::kTcg;
  options.boot_timeout = absl::Milliseconds(500);
  const auto result = Prove(options);
  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->proof.accepted());
  EXPECT_THAT(result->proof.reason(),
              StartsWith("the guest ended (killed after 500ms) before it "
                         "started our init; the console ends: \""));
}

TEST(ProveBootTest, MissingQemuIsReportedWithItsPath) {
  ProveOptions options = OptionsFor(kOldKernel);
  options.qemu = "/nonexistent/qemu";
  options.accelerator = AcceleratorChoice::kTcg;
  const auto result = Prove(options);
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kNotFound,
                               HasSubstr("/nonexistent/qemu")));
}

TEST(InTreeModulesTest, LoadInTheReturnedOrder) {
  for (const char* kernel : {kOldKernel, kNewKernel}) {
    const auto modules = ReadInTreeModules(ContainerFile(kernel, ".tar"),
                                           ReleaseOf(kernel), {"virtio_net"});
    ASSERT_THAT(modules, IsOk());
    EXPECT_GT(modules->size(), 2u);
    BootOptions options;
    options.kernel_image = ContainerFile(kernel, ".vmlinuz");
    options.init = "payload/proof/init";
    std::vector<absl::string_view> files;
    for (const NamedModule& module : *modules) files.push_back(module.bytes);
    const auto boot = BootModules(options, files);
    ASSERT_THAT(boot, IsOk());
    EXPECT_TRUE(boot->console.finished);
    for (size_t i = 0; i < modules->size(); ++i) {
      EXPECT_EQ(boot->console.steps[i].result, 0) << (*modules)[i].name;
    }
  }
}

TEST(FailingModuleTest, RefusalIsReportedWithTheMessageAfterARegisterDump) {
  EXPECT_EQ(
      BootReason("refusing"),
      "refusing was refused: refusing: no supported device found (No such "
      "device)");
}

TEST(FailingModuleTest, CrashIsReportedWithTheKernelMessage) {
  EXPECT_THAT(
      BootReason("crashing"),
      StartsWith("the guest ended while it loaded crashing: BUG: kernel "
                 "NULL pointer dereference, address: "));
}

TEST_F(BootTest, UnalteredNegativeControlVoidsTheProof) {
  BootAndJudge(modules_[0].bytes);
  EXPECT_FALSE(proof_.accepted());
  EXPECT_EQ(proof_.reason(),
            "void: the negative control, hello_core with altered nothing, was "
            "not refused as for another kernel: File exists");
}

TEST_F(BootTest, DamagedNegativeControlVoidsTheProof) {
  const std::string damaged = modules_[0].bytes.substr(0, 100);
  BootAndJudge(damaged);
  EXPECT_FALSE(proof_.accepted());
  EXPECT_THAT(proof_.reason(),
              StartsWith("void: the negative control, hello_core "));
  EXPECT_EQ(proof_.negative_control().load_errno(), ENOEXEC);
}

}  // namespace
}  // namespace gantry::proof
