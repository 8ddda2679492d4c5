#include "builder/modules/build_outputs.h"

#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BuildOutputsTest : public ::testing::Test {
 protected:
  BuildOutputsTest() {
    EXPECT_THAT(CreateDirectories(directory_), IsOk());
    Write("Module.symvers", "0x1\tf\thello\tEXPORT_SYMBOL\t\n");
  }

  std::string Path(const std::string& name) const {
    return JoinPath(directory_, name);
  }

  void Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(WriteFileAtomically(Path(name), content), IsOk());
  }

  // Makes a module with this license.
  void AddModule(const std::string& name, const std::string& license) {
    const std::string source = JoinPath(temp_.path(), "module.c");
    EXPECT_THAT(
        WriteFileAtomically(
            source, absl::StrCat("const char license[] __attribute__((section("
                                 "\".modinfo\"))) = \"license=",
                                 license, "\";")),
        IsOk());
    EXPECT_THAT(RunCommand({"gcc", "-c", "-o", Path(name), source}), IsOk());
  }

  absl::StatusOr<BuildOutputs> Read() {
    return ReadBuildOutputs(directory_, {});
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string directory_ = JoinPath(temp_.path(), "build");
};

TEST_F(BuildOutputsTest, HasModulesOrderAndSymvers) {
  AddModule("hello.ko", "GPL");
  GANTRY_ASSERT_OK_AND_ASSIGN(const BuildOutputs outputs, Read());
  EXPECT_THAT(outputs.modules_tar, HasSubstr("hello.ko"));
  EXPECT_THAT(outputs.modules_tar, HasSubstr("modules.order"));
  EXPECT_EQ(outputs.module_symvers, "0x1\tf\thello\tEXPORT_SYMBOL\t\n");
}

TEST_F(BuildOutputsTest, SymversThatIsALinkIsInvalidArgument) {
  AddModule("hello.ko", "GPL");
  const std::string host_file = JoinPath(temp_.path(), "host-file");
  ASSERT_THAT(WriteFileAtomically(host_file, "secret"), IsOk());
  fs::remove(Path("Module.symvers"));
  fs::create_symlink(host_file, Path("Module.symvers"));
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kInvalidArgument,
                               "Module.symvers: is a symbolic link"));
}

TEST_F(BuildOutputsTest, ModuleThatIsALinkIsNoModule) {
  AddModule("../outside.ko", "GPL");
  fs::create_symlink(JoinPath(temp_.path(), "outside.ko"), Path("hello.ko"));
  fs::create_directory_symlink(temp_.path(), Path("outside"));
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kNotFound,
                               "the kernel build made no module"));
}

TEST_F(BuildOutputsTest, MissingSymversIsNotFound) {
  AddModule("hello.ko", "GPL");
  fs::remove(Path("Module.symvers"));
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kNotFound,
                               "Module.symvers: No such file or directory"));
}

TEST_F(BuildOutputsTest, SameNameTwiceIsInvalidArgument) {
  AddModule("hello.ko", "GPL");
  fs::create_directory(Path("sub"));
  AddModule("sub/hello.ko", "GPL");
  EXPECT_THAT(FindFiles(directory_, ".ko"),
              ElementsAre("hello.ko", "sub/hello.ko"));
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kInvalidArgument,
                               "two modules have the name hello"));
}

}  // namespace
}  // namespace gantry::modules
