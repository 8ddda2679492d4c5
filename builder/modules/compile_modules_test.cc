// Runs compile_modules on a real Debian kernel.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "builder/modules/compile_request.pb.h"
#include "builder/modules/modules_tar.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

using builder::v1::CompileRequest;
using ::testing::HasSubstr;

constexpr char kTool[] = "builder/modules/compile_modules";
constexpr char kHello[] = "tests/fixtures/hello/";
// Outputs of the rule kernel_modules for the same sources.
constexpr char kByRule[] = "builder/modules/hello_6_1";

class CompileModulesTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(CreateDirectories(out_), IsOk()); }

  std::string Out(const std::string& suffix) {
    return JoinPath(out_, "hello" + suffix);
  }

  CompileRequest Hello() {
    CompileRequest request;
    request.set_root_tar("tests/fixtures/debian_6_1.tar");
    request.set_container_facts(
        "tests/fixtures/debian_6_1.container.textproto");
    for (const char* name :
         {"Kbuild", "hello.c", "hello_core.c", "hello_core.h"}) {
      auto* file = request.add_source_files();
      file->set_path(absl::StrCat(kHello, name));
      file->set_destination(name);
    }
    SetPatches(request, {});
    request.set_modules_tar(Out(".modules.tar"));
    request.set_module_symvers(Out(".module_symvers"));
    request.set_log(Out(".log"));
    return request;
  }

  void SetPatches(CompileRequest& request,
                  const std::map<std::string, std::string>& patches) {
    request.set_patches_tar(JoinPath(temp_.path(), "patches.tar"));
    const auto tar = MakeTar(patches);
    ASSERT_THAT(tar, IsOk());
    ASSERT_THAT(WriteFileAtomically(request.patches_tar(), *tar), IsOk());
  }

  // Replaces the content of one of hello's files.
  CompileRequest HelloWith(const std::string& destination,
                           const std::string& content) {
    CompileRequest request = Hello();
    const std::string path = JoinPath(temp_.path(), "changed");
    EXPECT_THAT(WriteFileAtomically(path, content), IsOk());
    for (auto& file : *request.mutable_source_files()) {
      if (file.destination() == destination) file.set_path(path);
    }
    return request;
  }

  SubprocessResult Compile(
      const CompileRequest& request, const std::string& jobs = "2",
      const std::map<std::string, std::string>& environment = {}) {
    const std::string file = JoinPath(temp_.path(), "request.textproto");
    EXPECT_THAT(WriteFileAtomically(file, FormatTextProto(request)), IsOk());
    SubprocessOptions options;
    options.argv = {kTool, "--request=" + file, "--jobs=" + jobs};
    options.environment = environment;
    options.environment->emplace("PATH", "/usr/bin:/bin");
    return RunSubprocess(options).value();
  }

  // Expects no outputs, and `first_error` followed by the log on standard
  // error.
  void ExpectFailure(const SubprocessResult& result,
                     const std::string& first_error) {
    EXPECT_EQ(result.exit_code, 1);
    const std::vector<std::string> lines =
        absl::StrSplit(result.error_output, '\n');
    EXPECT_EQ(lines[0], "compile_modules: first error: " + first_error);
    EXPECT_THAT(result.error_output, HasSubstr("\nkernel 6.1."));
    EXPECT_TRUE(std::filesystem::is_empty(out_));
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string out_ = JoinPath(temp_.path(), "out");
};

TEST_F(CompileModulesTest, BytesDoNotDependOnDirectoryEnvironmentOrJobs) {
  const SubprocessResult result =
      Compile(Hello(), "1",
              {{"TZ", "Asia/Tokyo"},
               {"LC_ALL", "de_DE.UTF-8"},
               {"KCFLAGS", "-DLEAKED"},
               {"SOURCE_DATE_EPOCH", "1700000000"}});
  ASSERT_EQ(result.exit_code, 0) << result.error_output;
  for (const char* suffix : {".modules.tar", ".module_symvers"}) {
    EXPECT_TRUE(*ReadFile(Out(suffix)) ==
                *ReadFile(absl::StrCat(kByRule, suffix)))
        << suffix;
  }
}

TEST_F(CompileModulesTest, OutputsListTheModulesAndTheirSymbols) {
  const std::string tar = *ReadFile(absl::StrCat(kByRule, ".modules.tar"));
  EXPECT_THAT(tar, HasSubstr("hello_core\nhello\n"));
  EXPECT_THAT(RunCommand({"tar", "-tf", absl::StrCat(kByRule, ".modules.tar")}),
              IsOkAndHolds("hello.ko\nhello_core.ko\nmodules.order\n"));
  EXPECT_THAT(ReadFile(absl::StrCat(kByRule, ".module_symvers")),
              IsOkAndHolds(HasSubstr("\thello_core_count\t")));
  EXPECT_THAT(ReadFile(absl::StrCat(kByRule, ".log")),
              IsOkAndHolds(HasSubstr("LD [M]  /build/hello.ko")));
}

TEST_F(CompileModulesTest, CompilerErrorIsTheFirstError) {
  ExpectFailure(
      Compile(HelloWith("hello.c",
                        "#include \"hello_core.h\"\n\nint hello(void)\n{\n"
                        "\treturn hello_core_count(1, 2);\n}\n")),
      "hello.c:5: too many arguments to function 'hello_core_count'");
}

TEST_F(CompileModulesTest, UndefinedSymbolIsTheFirstError) {
  ExpectFailure(
      Compile(HelloWith("Kbuild", "obj-m := hello.o\n")),
      "ERROR: modpost: \"hello_core_count\" [/build/hello.ko] undefined!");
}

TEST_F(CompileModulesTest, PatchesAreAppliedInTheirOrder) {
  CompileRequest request = HelloWith("Kbuild", "obj-m := one.o\n");
  constexpr char kDiff[] = "--- a/Kbuild\n+++ b/Kbuild\n@@ -1 +1 @@\n";
  SetPatches(
      request,
      {{"0001.patch",
        absl::StrCat(kDiff, "-obj-m := one.o\n+obj-m := two.o\n")},
       {"0002.patch",
        absl::StrCat(kDiff,
                     "-obj-m := two.o\n+obj-m := hello_core.o hello.o\n")}});
  const SubprocessResult result = Compile(request);
  EXPECT_EQ(result.exit_code, 0) << result.error_output;
  EXPECT_THAT(ReadFile(Out(".log")),
              IsOkAndHolds(HasSubstr("patch 0001.patch\npatch 0002.patch\n")));
}

TEST_F(CompileModulesTest, PatchThatDoesNotApplyIsTheFirstError) {
  CompileRequest request = Hello();
  SetPatches(request, {{"0001.patch",
                        "--- a/hello.c\n+++ b/hello.c\n"
                        "@@ -1,1 +1,1 @@\n-no such line\n+new\n"}});
  const SubprocessResult result = Compile(request);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error_output,
              HasSubstr("first error: patch 0001.patch does not apply: "
                        "patching file hello.c; Hunk #1 FAILED at 1"));
  EXPECT_TRUE(std::filesystem::is_empty(out_));
}

TEST_F(CompileModulesTest, MalformedRequestIsExitCode2) {
  const std::string file = JoinPath(temp_.path(), "request.textproto");
  ASSERT_THAT(WriteFileAtomically(file, "rot_tar: \"a\"\n"), IsOk());
  SubprocessOptions options;
  options.argv = {kTool, "--request=" + file};
  const SubprocessResult result = RunSubprocess(options).value();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.error_output, HasSubstr("request.textproto:1:"));
}

}  // namespace
}  // namespace gantry::modules
