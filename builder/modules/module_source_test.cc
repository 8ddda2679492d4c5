#include "builder/modules/module_source.h"

#include <filesystem>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "builder/archive/test_package.h"
#include "builder/modules/modules_tar.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"

namespace gantry::modules {
namespace {

using builder::v1::CompileRequest;
using testing::HasSubstr;

class ModuleSourceTest : public ::testing::Test {
 protected:
  using Files = std::map<std::string, std::string>;

  std::string Path(const std::string& name) {
    return JoinPath(temp_.path(), name);
  }

  void Write(const std::string& name, const std::string& content) {
    ASSERT_THAT(WriteFileAtomically(Path(name), content), IsOk());
  }

  // Writes a .deb with these files.
  void WritePackage(const std::string& name, const Files& files) {
    Write("data.tar", *MakeTar(files));
    ASSERT_THAT(RunCommand({"xz", Path("data.tar")}), IsOk());
    ASSERT_THAT(archive::WriteTestPackage(Path(name), Path("data.tar.xz")),
                IsOk());
  }

  absl::StatusOr<ModuleSource> Unpack(
      const std::string& archive,
      cell::v1::DriverFlavour flavour = cell::v1::DRIVER_FLAVOUR_OPEN) {
    CompileRequest request;
    request.set_source_archive(Path(archive));
    request.set_flavour(flavour);
    return UnpackModuleSource(request, Path("source"));
  }

  const TempDir temp_ = *TempDir::Create();
};

TEST_F(ModuleSourceTest, PackageWithATarOfTheSources) {
  Write("inner.tar", *MakeTar({{"modules/nvidia/Kbuild", ""},
                               {"modules/nvidia/Makefile", ""},
                               {"modules/nvidia/conftest.sh", ""}}));
  ASSERT_THAT(RunCommand({"xz", Path("inner.tar")}), IsOk());
  WritePackage("source.deb",
               {{"./usr/src/nvidia.tar.xz", *ReadFile(Path("inner.tar.xz"))},
                {"./usr/share/doc/Makefile", ""}});
  const auto source = Unpack("source.deb");
  ASSERT_THAT(source, IsOk());
  EXPECT_EQ(source->directory, Path("source/modules/nvidia"));
  EXPECT_EQ(source->build_system, BuildSystem::kNvidia);
}

TEST_F(ModuleSourceTest, PackageWithLooseFiles) {
  WritePackage("source.deb", {{"./usr/src/hello-1.0/Kbuild", ""},
                              {"./usr/share/doc/Makefile", ""}});
  const auto source = Unpack("source.deb");
  ASSERT_THAT(source, IsOk());
  EXPECT_EQ(source->directory, Path("source/hello-1.0"));
  EXPECT_EQ(source->build_system, BuildSystem::kKbuild);
}

TEST_F(ModuleSourceTest, FlavourDecidesBetweenNvidiaTrees) {
  Write("redist.tar", *MakeTar({{"driver-1-archive/kernel-open/Makefile", ""},
                                {"driver-1-archive/kernel/Makefile", ""},
                                {"driver-1-archive/Makefile", ""}}));
  EXPECT_EQ(Unpack("redist.tar")->directory,
            Path("source/driver-1-archive/kernel-open"));
  EXPECT_EQ(
      Unpack("redist.tar", cell::v1::DRIVER_FLAVOUR_PROPRIETARY)->directory,
      Path("source/driver-1-archive/kernel"));
}

TEST_F(ModuleSourceTest, ProprietaryRequestNeverBuildsTheOpenTree) {
  Write("open.tar", *MakeTar({{"driver/Makefile", ""},
                              {"driver/kernel-open/Makefile", ""},
                              {"driver/kernel-open/nvidia/Kbuild", ""}}));
  EXPECT_THAT(Unpack("open.tar", cell::v1::DRIVER_FLAVOUR_PROPRIETARY),
              StatusIs(absl::StatusCode::kNotFound,
                       "no Kbuild file or Makefile of the proprietary flavour "
                       "in open.tar"));
}

TEST_F(ModuleSourceTest, OtherFlavourThanRequestedIsFailedPrecondition) {
  // As Debian's packages have them: nvidia-open-kernel-source and
  // nvidia-kernel-source.
  Write("open.tar", *MakeTar({{"modules/nvidia-open-kernel/Makefile", ""},
                              {"modules/nvidia-open-kernel/nvidia/nv.c",
                               "MODULE_LICENSE(\"Dual MIT/GPL\");"}}));
  Write("closed.tar", *MakeTar({{"modules/nvidia-kernel/Makefile", ""},
                                {"modules/nvidia-kernel/nvidia/nv.c",
                                 "MODULE_LICENSE(\"NVIDIA\");"}}));
  EXPECT_THAT(Unpack("open.tar", cell::v1::DRIVER_FLAVOUR_PROPRIETARY),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "open.tar has the open flavour of NVIDIA's modules, not "
                       "the proprietary one; choose other sources or another "
                       "flavour"));
  EXPECT_THAT(Unpack("closed.tar", cell::v1::DRIVER_FLAVOUR_OPEN),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("closed.tar has the proprietary flavour")));
}

TEST_F(ModuleSourceTest, LinkToADirectoryIsNotBuilt) {
  const std::string outside = Path("outside");
  ASSERT_THAT(CreateDirectories(outside), IsOk());
  Write("outside/Makefile", "");
  ASSERT_THAT(CreateDirectories(Path("tree")), IsOk());
  for (const char* link : {"kernel-open", "other"}) {
    std::filesystem::create_directory_symlink(outside,
                                              JoinPath(Path("tree"), link));
  }
  ASSERT_THAT(RunCommand({"tar", "-cf", Path("link.tar"), "-C", Path("tree"),
                          "kernel-open", "other"}),
              IsOk());
  EXPECT_THAT(Unpack("link.tar"),
              StatusIs(absl::StatusCode::kNotFound,
                       "no Kbuild file or Makefile in link.tar"));
}

TEST_F(ModuleSourceTest, TarWithTopLevelKbuildFile) {
  Write("hello.tar", *MakeTar({{"Kbuild", ""}, {"sub/Makefile", ""}}));
  EXPECT_EQ(Unpack("hello.tar")->directory, Path("source"));
}

TEST_F(ModuleSourceTest, CompressedTars) {
  for (const char* program : {"gzip", "xz", "zstd"}) {
    Write("hello.tar", *MakeTar({{"hello/Kbuild", ""}}));
    ASSERT_THAT(RunCommand({program, "--force", "--quiet", Path("hello.tar")}),
                IsOk());
    const std::string suffix = std::string(program) == "gzip" ? "gz"
                               : std::string(program) == "xz" ? "xz"
                                                              : "zst";
    const auto source = Unpack("hello.tar." + suffix);
    ASSERT_THAT(source, IsOk());
    EXPECT_EQ(source->directory, Path("source/hello"));
  }
}

TEST_F(ModuleSourceTest, LooseFiles) {
  Write("a", "obj-m := hello.o\n");
  CompileRequest request;
  auto* file = request.add_source_files();
  file->set_path(Path("a"));
  file->set_destination("Kbuild");
  const auto source = UnpackModuleSource(request, Path("source"));
  ASSERT_THAT(source, IsOk());
  EXPECT_THAT(ReadFile(Path("source/Kbuild")),
              IsOkAndHolds("obj-m := hello.o\n"));
}

TEST_F(ModuleSourceTest, NothingToBuildIsNotFound) {
  Write("empty.tar", *MakeTar({{"README", ""}}));
  EXPECT_THAT(Unpack("empty.tar"),
              StatusIs(absl::StatusCode::kNotFound,
                       "no Kbuild file or Makefile in empty.tar"));
}

TEST_F(ModuleSourceTest, EscapingEntryIsInvalidArgument) {
  Write("evil.tar", *MakeTar({{"../evil/Kbuild", ""}}));
  EXPECT_THAT(Unpack("evil.tar"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ReadFile(Path("evil/Kbuild")), ::testing::Not(IsOk()));
}

TEST_F(ModuleSourceTest, TruncatedArchiveIsDataLoss) {
  Write("hello.tar",
        MakeTar({{"Kbuild", std::string(4096, 'x')}})->substr(0, 2000));
  EXPECT_THAT(Unpack("hello.tar"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace gantry::modules
