#include "builder/modules/module_source.h"

#include <map>
#include <string>

#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "builder/modules/modules_tar.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"

namespace gantry::modules {
namespace {

using builder::v1::CompileRequest;
using cell::v1::DriverFlavour;

// As nvidia/nv-frontend.c of driver 535 has them.
constexpr char kOpenLicense[] = "MODULE_LICENSE(\"Dual MIT/GPL\");\n";
constexpr char kNvidiaLicense[] = "MODULE_LICENSE(\"NVIDIA\");\n";

class ModuleSourceTest : public ::testing::Test {
 protected:
  using Files = std::map<std::string, std::string>;

  std::string Path(const std::string& name) {
    return JoinPath(temp_.path(), name);
  }

  void Write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(WriteFileAtomically(Path(name), content).ok());
  }

  // A .deb (deb(5)): an ar archive of version, control and data.
  void WritePackage(const std::string& name, const Files& files) {
    Write("debian-binary", "2.0\n");
    Write("control.tar", *MakeTar({{"./control", "Package: source\n"}}));
    Write("data.tar", *MakeTar(files));
    ASSERT_TRUE(RunCommand({"xz", Path("data.tar")}).ok());
    ASSERT_TRUE(RunCommand({"ar", "rc", Path(name), Path("debian-binary"),
                            Path("control.tar"), Path("data.tar.xz")})
                    .ok());
  }

  absl::StatusOr<ModuleSource> Unpack(
      const std::string& archive,
      DriverFlavour flavour = cell::v1::DRIVER_FLAVOUR_UNSPECIFIED) {
    CompileRequest request;
    request.set_source_archive(Path(archive));
    request.set_flavour(flavour);
    return UnpackModuleSource(request, Path("source"));
  }

  const TempDir temp_ = *TempDir::Create();
};

TEST_F(ModuleSourceTest, PackageWithATarInIt) {
  Write("inner.tar", *MakeTar({{"modules/nvidia/Kbuild", ""},
                               {"modules/nvidia/Makefile", ""},
                               {"modules/nvidia/conftest.sh", ""}}));
  ASSERT_TRUE(RunCommand({"xz", Path("inner.tar")}).ok());
  WritePackage("source.deb",
               {{"./usr/src/nvidia.tar.xz", *ReadFile(Path("inner.tar.xz"))},
                {"./usr/share/doc/Makefile", ""}});
  const auto source = Unpack("source.deb");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->directory, Path("source/modules/nvidia"));
  EXPECT_EQ(source->build_system, BuildSystem::kNvidia);
}

TEST_F(ModuleSourceTest, PackageWithLooseFiles) {
  WritePackage("source.deb", {{"./usr/src/hello-1.0/Kbuild", ""},
                              {"./usr/share/doc/Makefile", ""}});
  const auto source = Unpack("source.deb");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->directory, Path("source/hello-1.0"));
  EXPECT_EQ(source->build_system, BuildSystem::kKbuild);
}

TEST_F(ModuleSourceTest, FlavourDecidesBetweenNvidiaTrees) {
  Write("redist.tar",
        *MakeTar({{"driver-1-archive/kernel-open/Makefile", ""},
                  {"driver-1-archive/kernel-open/nvidia/nv.c", kOpenLicense},
                  {"driver-1-archive/kernel/Makefile", ""},
                  {"driver-1-archive/kernel/nvidia/nv.c", kNvidiaLicense},
                  {"driver-1-archive/Makefile", ""}}));
  EXPECT_EQ(Unpack("redist.tar")->directory,
            Path("source/driver-1-archive/kernel-open"));
  EXPECT_EQ(Unpack("redist.tar", cell::v1::DRIVER_FLAVOUR_OPEN)->directory,
            Path("source/driver-1-archive/kernel-open"));
  EXPECT_EQ(
      Unpack("redist.tar", cell::v1::DRIVER_FLAVOUR_PROPRIETARY)->directory,
      Path("source/driver-1-archive/kernel"));
}

TEST_F(ModuleSourceTest, ProprietaryRequestRefusesOpenModules) {
  // As in NVIDIA's own repository.
  Write("open.tar", *MakeTar({{"open-1/kernel-open/Makefile", ""},
                              {"open-1/kernel-open/nvidia/nv.c", kOpenLicense},
                              {"open-1/Makefile", ""}}));
  EXPECT_THAT(Unpack("open.tar", cell::v1::DRIVER_FLAVOUR_PROPRIETARY),
              StatusIs(absl::StatusCode::kNotFound,
                       "no proprietary NVIDIA modules in open.tar"));
}

TEST_F(ModuleSourceTest, ProprietaryRequestRefusesOpenModulesOfDebian) {
  Write("open.tar",
        *MakeTar({{"modules/nvidia-open-kernel/Makefile", ""},
                  {"modules/nvidia-open-kernel/nvidia/nv-frontend.c",
                   kOpenLicense}}));
  EXPECT_THAT(Unpack("open.tar", cell::v1::DRIVER_FLAVOUR_PROPRIETARY),
              StatusIs(absl::StatusCode::kNotFound,
                       "no proprietary NVIDIA modules in open.tar"));
}

TEST_F(ModuleSourceTest, OpenRequestRefusesProprietaryModules) {
  Write("nvidia.tar",
        *MakeTar({{"modules/nvidia/Makefile", ""},
                  {"modules/nvidia/nvidia/nv-frontend.c", kNvidiaLicense}}));
  EXPECT_THAT(Unpack("nvidia.tar", cell::v1::DRIVER_FLAVOUR_OPEN),
              StatusIs(absl::StatusCode::kNotFound,
                       "no open NVIDIA modules in nvidia.tar"));
}

TEST_F(ModuleSourceTest, TarWithTheKbuildFileAtItsTop) {
  Write("hello.tar", *MakeTar({{"Kbuild", ""}, {"sub/Makefile", ""}}));
  EXPECT_EQ(Unpack("hello.tar")->directory, Path("source"));
}

TEST_F(ModuleSourceTest, CompressedTars) {
  for (const char* program : {"gzip", "xz", "zstd"}) {
    Write("hello.tar", *MakeTar({{"hello/Kbuild", ""}}));
    ASSERT_TRUE(
        RunCommand({program, "--force", "--quiet", Path("hello.tar")}).ok());
    const std::string suffix = std::string(program) == "gzip" ? "gz"
                               : std::string(program) == "xz" ? "xz"
                                                              : "zst";
    const auto source = Unpack("hello.tar." + suffix);
    ASSERT_TRUE(source.ok()) << program << ": " << source.status();
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
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(*ReadFile(Path("source/Kbuild")), "obj-m := hello.o\n");
}

TEST_F(ModuleSourceTest, NothingToBuildIsNotFound) {
  Write("empty.tar", *MakeTar({{"README", ""}}));
  const auto source = Unpack("empty.tar");
  EXPECT_EQ(source.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(source.status().message(),
            "no Kbuild file or Makefile in empty.tar");
}

TEST_F(ModuleSourceTest, EscapingEntryIsInvalidArgument) {
  Write("evil.tar", *MakeTar({{"../evil/Kbuild", ""}}));
  EXPECT_EQ(Unpack("evil.tar").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(ReadFile(Path("evil/Kbuild")).ok());
}

TEST_F(ModuleSourceTest, TruncatedArchiveIsDataLoss) {
  Write("hello.tar",
        MakeTar({{"Kbuild", std::string(4096, 'x')}})->substr(0, 2000));
  EXPECT_EQ(Unpack("hello.tar").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace gantry::modules
