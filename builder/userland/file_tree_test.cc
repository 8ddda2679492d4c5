#include "builder/userland/file_tree.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/relative_path.h"
#include "base/stage_epochs.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "builder/archive/test_package.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::userland {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kLib[] = "usr/lib/x86_64-linux-gnu/";
constexpr char kCurrent[] = "usr/lib/x86_64-linux-gnu/nvidia/current/";

void Execute(const std::vector<std::string>& argv) {
  const auto output = RunCommand(argv);
  ASSERT_THAT(output, IsOk());
}

// The files of a package or an archive.
class Files {
 public:
  explicit Files(std::string root) : root_(std::move(root)) {}

  Files& Add(const std::string& path, const std::string& content,
             mode_t mode = 0644) {
    MakeParent(path);
    EXPECT_THAT(WriteFileAtomically(JoinPath(root_, path), content), IsOk());
    chmod(JoinPath(root_, path).c_str(), mode);
    return *this;
  }

  Files& Link(const std::string& path, const std::string& target) {
    MakeParent(path);
    EXPECT_EQ(symlink(target.c_str(), JoinPath(root_, path).c_str()), 0);
    return *this;
  }

  Files& HardLink(const std::string& path, const std::string& other) {
    MakeParent(path);
    EXPECT_EQ(
        link(JoinPath(root_, other).c_str(), JoinPath(root_, path).c_str()), 0);
    return *this;
  }

  // A shared library with this SONAME.
  Files& AddLibrary(const std::string& path, const std::string& soname) {
    MakeParent(path);
    Execute({"gcc", "-shared", "-nostdlib", "-o", JoinPath(root_, path),
             absl::StrCat("-Wl,-soname,", soname), "-x", "c", "/dev/null"});
    return *this;
  }

  const std::string& root() const { return root_; }

 private:
  void MakeParent(const std::string& path) {
    EXPECT_THAT(
        CreateDirectories(JoinPath(root_, std::string(ParentPath(path)))),
        IsOk());
  }

  const std::string root_;
};

class FileTreeTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  Files NewFiles() {
    const std::string root = Path(absl::StrCat("files", ++count_));
    EXPECT_THAT(CreateDirectories(root), IsOk());
    return Files(root);
  }

  // A .deb with these files; `compression` is xz, zst or gz.
  std::string Deb(const std::string& name, const Files& files,
                  const std::string& compression = "xz") {
    const std::string data =
        JoinPath(Path(name + ".data"), "data.tar." + compression);
    EXPECT_THAT(CreateDirectories(Path(name + ".data")), IsOk());
    Execute({"tar", "--auto-compress", "-cf", data, "-C", files.root(), "."});
    EXPECT_THAT(archive::WriteTestPackage(Path(name), data), IsOk());
    return Path(name);
  }

  FileTreeOptions Options(std::vector<std::string> archives,
                          TreeLayout layout = TreeLayout::kCuda) const {
    FileTreeOptions options;
    options.archives = std::move(archives);
    options.layout = layout;
    options.output = Path("tree.tar");
    return options;
  }

  // "path", "path/" or "path -> target" of each entry, as tar(1) lists it.
  std::vector<std::string> Write(const FileTreeOptions& options) {
    const absl::Status status = WriteFileTree(options);
    EXPECT_THAT(status, IsOk());
    const auto listing =
        RunCommand({"tar", "--numeric-owner", "--utc", "-tvf", options.output});
    EXPECT_THAT(listing, IsOk());
    std::vector<std::string> entries;
    for (absl::string_view line :
         absl::StrSplit(*listing, '\n', absl::SkipEmpty())) {
      EXPECT_THAT(std::string(line), HasSubstr("1970-01-01 00:00"));
      entries.emplace_back(line.substr(line.find("00:00 ") + 6));
    }
    return entries;
  }

  std::string Content(const std::string& path) {
    return *RunCommand({"tar", "-xOf", Path("tree.tar"), path});
  }

  // Expects no output after an error, which is returned.
  absl::Status WriteFails(const FileTreeOptions& options) {
    const absl::Status status = WriteFileTree(options);
    EXPECT_EQ(access(options.output.c_str(), F_OK), -1);
    return status;
  }

  const TempDir directory_ = *TempDir::Create();
  int count_ = 0;
};

TEST_F(FileTreeTest, PackagesOfEveryCompressionAreMerged) {
  std::vector<std::string> debs;
  for (const std::string compression : {"xz", "zst", "gz"}) {
    debs.push_back(
        Deb(compression + ".deb",
            NewFiles().Add(absl::StrCat(kLib, "lib", compression, ".so"),
                           compression),
            compression));
  }
  EXPECT_THAT(Write(Options(debs)),
              ElementsAre("lib64/", "lib64/libgz.so", "lib64/libxz.so",
                          "lib64/libzst.so"));
  EXPECT_EQ(Content("lib64/libzst.so"), "zst");
}

TEST_F(FileTreeTest, SameArchivesInAnyOrderGiveTheSameBytes) {
  std::vector<std::string> debs;
  for (const std::string name : {"c", "a", "b"}) {
    debs.push_back(Deb(name + ".deb",
                       NewFiles()
                           .Add(absl::StrCat(kLib, "lib", name, ".so.1"), name)
                           .Link(absl::StrCat(kLib, "lib", name, ".so"),
                                 absl::StrCat("lib", name, ".so.1"))
                           .Add("usr/share/doc/same/copyright", "licence")));
  }
  Write(Options(debs));
  const std::string first = *ReadFile(Path("tree.tar"));
  std::sort(debs.begin(), debs.end());
  do {
    Write(Options(debs));
    EXPECT_THAT(ReadFile(Path("tree.tar")), IsOkAndHolds(first));
  } while (std::next_permutation(debs.begin(), debs.end()));
}

// If this fails, other bytes come out of the stage: raise its number in
// base/stage_epochs.h, and change this with it.
TEST_F(FileTreeTest, BytesBelongToTheEpoch) {
  const std::string deb =
      Deb("a.deb", NewFiles()
                       .Add(absl::StrCat(kLib, "libx.so.1.0"), "x")
                       .Link(absl::StrCat(kLib, "libx.so"), "libx.so.1.0")
                       .Add("usr/include/x.h", "h")
                       .Add("usr/bin/tool", "tool", 0755)
                       .Add("usr/share/doc/x/copyright", "licence"));
  Write(Options({deb}));
  EXPECT_EQ(absl::StrCat(StageEpochOf("userland"), " ",
                         *FileSha256Digest(Path("tree.tar"))),
            "1 "
            "sha256:"
            "68d6a8d71891f097336af65592349684b09ff553216efe4533542ea4642a3152");
}

TEST_F(FileTreeTest, ModesAreNormalized) {
  const std::string deb = Deb("a.deb", NewFiles()
                                           .Add("usr/bin/tool", "x", 04711)
                                           .Add("usr/include/a.h", "x", 0600));
  Write(Options({deb}));
  const std::string listing =
      *RunCommand({"tar", "--numeric-owner", "-tvf", Path("tree.tar")});
  EXPECT_THAT(listing, HasSubstr("drwxr-xr-x 0/0"));
  EXPECT_THAT(listing, HasSubstr("-rwxr-xr-x 0/0"));
  EXPECT_THAT(listing, HasSubstr("-rw-r--r-- 0/0"));
}

TEST_F(FileTreeTest, LinksMoveWithTheirTargetsAndDanglingOnesAreLeftOut) {
  const std::string deb = Deb(
      "a.deb",
      NewFiles()
          .Add(absl::StrCat(kCurrent, "libx.so.5"), "x")
          .Link(absl::StrCat(kCurrent, "libx.so.1"), "libx.so.5")
          .Link(absl::StrCat(kLib, "libx.so"), "nvidia/current/libx.so.1")
          .Link(absl::StrCat(kLib, "absolute.so"),
                absl::StrCat("/", kCurrent, "libx.so.5"))
          .Link(absl::StrCat(kLib, "libx.so.5"),
                absl::StrCat("/", kCurrent, "libx.so.5"))
          .Add("usr/lib/nvidia/current/nvidia-smi", "elf", 0755)
          .Link("usr/bin/nvidia-smi", "/etc/alternatives/nvidia--nvidia-smi")
          .Link("usr/bin/gone", "/etc/alternatives/gone")
          .Link("usr/bin/circle", "circle2")
          .Link("usr/bin/circle2", "circle"));
  EXPECT_THAT(Write(Options({deb}, TreeLayout::kDriver)),
              ElementsAre("bin/", "bin/nvidia-smi", "lib64/",
                          "lib64/absolute.so -> libx.so.5",
                          "lib64/libx.so -> libx.so.1",
                          "lib64/libx.so.1 -> libx.so.5", "lib64/libx.so.5"));
}

TEST_F(FileTreeTest, EveryLibraryGetsALinkWithItsSoname) {
  const std::string deb = Deb(
      "a.deb",
      NewFiles()
          .AddLibrary(absl::StrCat(kCurrent, "libcuda.so.535.261.03"),
                      "libcuda.so.1")
          .AddLibrary(absl::StrCat(kCurrent, "libml.so.535"), "libml.so.1")
          .Link(absl::StrCat(kCurrent, "libml.so.1"), "libml.so.535")
          .AddLibrary(absl::StrCat(kCurrent, "libself.so.3"), "libself.so.3")
          .AddLibrary(absl::StrCat(kLib, "stubs/libcuda.so"), "libcuda.so.1"));
  EXPECT_THAT(Write(Options({deb}, TreeLayout::kDriver)),
              ElementsAre("lib64/",
                          "lib64/libcuda.so.1 -> "
                          "libcuda.so.535.261.03",
                          "lib64/libcuda.so.535.261.03",
                          "lib64/libml.so.1 -> libml.so.535",
                          "lib64/libml.so.535", "lib64/libself.so.3",
                          "lib64/stubs/", "lib64/stubs/libcuda.so"));
}

TEST_F(FileTreeTest, StaticArchivesAreKeptOnRequest) {
  const std::string deb =
      Deb("a.deb", NewFiles()
                       .Add(absl::StrCat(kLib, "libx_static.a"), "x")
                       .Add("usr/include/x.h", "x"));
  FileTreeOptions options = Options({deb});
  EXPECT_THAT(Write(options), ElementsAre("include/", "include/x.h"));
  options.static_archives = FileTreeOptions::StaticArchives::kKeep;
  EXPECT_THAT(Write(options), ElementsAre("include/", "include/x.h", "lib64/",
                                          "lib64/libx_static.a"));
}

TEST_F(FileTreeTest, ProgramReplacesTheScriptThatCallsIt) {
  const std::string deb = Deb(
      "a.deb", NewFiles()
                   .Add("usr/bin/nvcc", "#!/bin/sh", 0755)
                   .Add("usr/lib/nvidia-cuda-toolkit/bin/nvcc", "elf", 0755));
  EXPECT_THAT(Write(Options({deb})), ElementsAre("bin/", "bin/nvcc"));
  EXPECT_EQ(Content("bin/nvcc"), "elf");
}

TEST_F(FileTreeTest, HardLinksBecomeFiles) {
  const std::string deb = Deb("a.deb", NewFiles()
                                           .Add("usr/bin/a", "program", 0755)
                                           .HardLink("usr/bin/b", "usr/bin/a"));
  EXPECT_THAT(Write(Options({deb})), ElementsAre("bin/", "bin/a", "bin/b"));
  EXPECT_EQ(Content("bin/a"), "program");
  EXPECT_EQ(Content("bin/b"), "program");
}

TEST_F(FileTreeTest, RedistArchiveGetsTheLayout) {
  const std::string top = "cuda_cudart-linux-x86_64-12.4.127-archive/";
  const Files files =
      NewFiles()
          .Add(top + "LICENSE", "licence")
          .Add(top + "lib/libcudart.so.12.4.127", "x")
          .Link(top + "lib/libcudart.so.12", "libcudart.so.12.4.127")
          .Add(top + "include/cuda.h", "x");
  const std::string archive = Path("cudart.tar.xz");
  Execute({"tar", "-cJf", archive, "-C", files.root(), top});
  EXPECT_THAT(
      Write(Options({archive})),
      ElementsAre("include/", "include/cuda.h", "lib64/",
                  "lib64/libcudart.so.12 -> libcudart.so.12.4.127",
                  "lib64/libcudart.so.12.4.127", "share/", "share/doc/",
                  "share/doc/cuda_cudart/", "share/doc/cuda_cudart/LICENSE"));
}

TEST_F(FileTreeTest, DifferentFilesWithOnePathAreAnError) {
  const std::string a = Deb("a.deb", NewFiles().Add("usr/include/x.h", "1"));
  const std::string b = Deb("b.deb", NewFiles().Add("usr/include/x.h", "2"));
  EXPECT_THAT(WriteFails(Options({b, a})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "b.deb: include/x.h is in a.deb and in b.deb, "
                       "and they differ"));
}

TEST_F(FileTreeTest, LinksToDifferentFilesAreAnError) {
  const auto deb = [&](const std::string& name, const std::string& target) {
    return Deb(name, NewFiles()
                         .Add(absl::StrCat(kLib, target), target)
                         .Link(absl::StrCat(kLib, "libx.so"), target));
  };
  const std::string a = deb("a.deb", "libx.so.1");
  const std::string b = deb("b.deb", "libx.so.2");
  for (const auto& archives : {std::vector<std::string>{a, b}, {b, a}}) {
    EXPECT_THAT(
        WriteFails(Options(archives)),
        StatusIs(absl::StatusCode::kFailedPrecondition,
                 "lib64/libx.so is a link to lib64/libx.so.1 in a.deb and to "
                 "lib64/libx.so.2 in b.deb"));
  }
}

TEST_F(FileTreeTest, LinkWithThePathOfAnotherFileIsAnError) {
  const std::string a =
      Deb("a.deb", NewFiles().Add(absl::StrCat(kLib, "libx.so"), "a"));
  const std::string b =
      Deb("b.deb", NewFiles()
                       .Add(absl::StrCat(kLib, "libx.so.1"), "b")
                       .Link(absl::StrCat(kLib, "libx.so"), "libx.so.1"));
  for (const auto& archives : {std::vector<std::string>{a, b}, {b, a}}) {
    EXPECT_THAT(WriteFails(Options(archives)),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         "lib64/libx.so is a file in a.deb and a link to "
                         "lib64/libx.so.1 in b.deb"));
  }
}

TEST_F(FileTreeTest, LinkWithThePathOfADirectoryIsAnError) {
  const std::string a =
      Deb("a.deb", NewFiles().Add(absl::StrCat(kLib, "x/file"), "a"));
  const std::string b = Deb("b.deb", NewFiles()
                                         .Add(absl::StrCat(kLib, "y"), "b")
                                         .Link(absl::StrCat(kLib, "x"), "y"));
  EXPECT_THAT(WriteFails(Options({a, b})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "lib64/x is a directory, and a link to lib64/y in "
                       "b.deb"));
}

TEST_F(FileTreeTest, DifferentLinksToOneFileAreMerged) {
  const std::string a =
      Deb("a.deb", NewFiles()
                       .Add(absl::StrCat(kLib, "libx.so.1.0"), "x")
                       .Link(absl::StrCat(kLib, "libx.so.1"), "libx.so.1.0")
                       .Link(absl::StrCat(kLib, "libx.so"), "libx.so.1"));
  const std::string b =
      Deb("b.deb",
          NewFiles()
              .Link(absl::StrCat(kLib, "libx.so"), "libx.so.1.0")
              .Link(absl::StrCat(kLib, "libx.so.1"), "/etc/alternatives/libx"));
  EXPECT_THAT(
      Write(Options({b, a})),
      ElementsAre("lib64/", "lib64/libx.so -> libx.so.1",
                  "lib64/libx.so.1 -> libx.so.1.0", "lib64/libx.so.1.0"));
}

TEST_F(FileTreeTest, PathOfBothAFileAndADirectoryIsAnError) {
  const std::string a = Deb("a.deb", NewFiles().Add("usr/include/x", "1"));
  const std::string b = Deb("b.deb", NewFiles().Add("usr/include/x/y", "2"));
  EXPECT_THAT(WriteFails(Options({a, b})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "include/x is both a file and a directory"));
}

TEST_F(FileTreeTest, UnsafePathsAreInvalidArgument) {
  const Files files = NewFiles().Add("usr/include/x", "1");
  for (const std::string prefix : {"/", "../"}) {
    const std::string archive = Path("evil.tar");
    Execute({"tar", "-P", "-cf", archive, "-C", files.root(),
             absl::StrCat("--transform=s,^,", prefix, ","), "usr/include/x"});
    EXPECT_THAT(
        WriteFails(Options({archive})),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 StartsWith(absl::StrCat("evil.tar: unsafe path \"", prefix,
                                         "usr/include/x\": it "))));
  }
  const std::string deb =
      Deb("a.deb", NewFiles().Link("usr/include/x", "../../../x"));
  EXPECT_THAT(WriteFails(Options({deb})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "a.deb: usr/include/x: unsafe path "
                       "\"../../../x\": it leads out of the tree"));
}

TEST_F(FileTreeTest, TruncatedPackageIsDataLoss) {
  const std::string deb =
      Deb("a.deb", NewFiles().Add(absl::StrCat(kLib, "libx.so"),
                                  *ReadFile("/proc/self/exe")));
  const std::string whole = *ReadFile(deb);
  for (const size_t size : {whole.size() / 2, whole.size() - 100}) {
    ASSERT_THAT(WriteFileAtomically(deb, whole.substr(0, size)), IsOk());
    EXPECT_THAT(WriteFails(Options({deb})),
                StatusIs(absl::StatusCode::kDataLoss, StartsWith("a.deb: ")));
  }
}

TEST_F(FileTreeTest, FilesThatAreNotArchivesAreNamed) {
  ASSERT_THAT(WriteFileAtomically(Path("a.deb"), "text, no package"), IsOk());
  EXPECT_THAT(
      WriteFails(Options({Path("a.deb")})),
      StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("a.deb: ")));
  EXPECT_THAT(
      WriteFails(Options({Path("missing.deb")})),
      StatusIs(absl::StatusCode::kNotFound, StartsWith("missing.deb: ")));
}

TEST_F(FileTreeTest, PathWithoutARuleIsInvalidArgument) {
  const std::string deb = Deb("a.deb", NewFiles().Add("opt/x", "1"));
  EXPECT_THAT(WriteFails(Options({deb})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "a.deb: no layout rule for opt/x"));
}

}  // namespace
}  // namespace gantry::userland
