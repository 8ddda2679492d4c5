#include "base/modinfo.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// A string literal with its NULs.
template <size_t kSize>
absl::string_view Section(const char (&text)[kSize]) {
  return absl::string_view(text, kSize);
}

// A relocatable ELF file that gcc makes of C code.
std::string Compile(const std::string& code) {
  const TempDir temp = TempDir::Create().value();
  const std::string source = JoinPath(temp.path(), "a.c");
  const std::string object = JoinPath(temp.path(), "a.o");
  EXPECT_THAT(WriteFileAtomically(source, code), IsOk());
  EXPECT_THAT(RunCommand({"gcc", "-c", "-o", object, source}), IsOk());
  return ReadFile(object).value();
}

TEST(ModinfoTest, KeepsEntriesInOrder) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Modinfo modinfo,
      ParseModinfo(Section(
          "license=GPL\0\0\0import_ns=B\0import_ns=A\0parm=a:b=c\0empty=")));
  EXPECT_THAT(modinfo.entries,
              ElementsAre(Pair("license", "GPL"), Pair("import_ns", "B"),
                          Pair("import_ns", "A"), Pair("parm", "a:b=c"),
                          Pair("empty", "")));
  EXPECT_EQ(modinfo.Get("license"), "GPL");
  EXPECT_EQ(modinfo.Get("import_ns"), "B");
  EXPECT_EQ(modinfo.Get("none"), "");
  EXPECT_THAT(modinfo.GetAll("import_ns"), ElementsAre("B", "A"));
  EXPECT_THAT(modinfo.GetAll("none"), IsEmpty());
}

TEST(ModinfoTest, DependsAreKernelNames) {
  EXPECT_THAT(ParseModinfo(Section("depends=i2c-core,drm"))->Depends(),
              ElementsAre("i2c_core", "drm"));
  EXPECT_THAT(ParseModinfo(Section("depends="))->Depends(), IsEmpty());
  EXPECT_THAT(ParseModinfo("")->Depends(), IsEmpty());
}

TEST(ModinfoTest, MalformedSectionIsInvalidArgument) {
  EXPECT_THAT(ParseModinfo("license=GPL"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ".modinfo does not end in NUL"));
  EXPECT_THAT(ParseModinfo(Section("license")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ".modinfo has an entry without \"=\""));
}

TEST(ReadModinfoTest, FindsTheSection) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Modinfo modinfo,
      ReadModinfo(Compile("const char depends[] __attribute__((section("
                          "\".modinfo\"))) = \"depends=hello-core\";")));
  EXPECT_THAT(modinfo.Depends(), ElementsAre("hello_core"));
}

TEST(ReadModinfoTest, FileWithoutTheSectionIsInvalidArgument) {
  EXPECT_THAT(
      ReadModinfo(Compile("int i;")),
      StatusIs(absl::StatusCode::kInvalidArgument, "no .modinfo section"));
}

TEST(ReadModinfoTest, OtherFileIsInvalidArgument) {
  for (const absl::string_view content : {"", "#!/bin/sh\n", "\177ELF"}) {
    EXPECT_THAT(
        ReadModinfo(content),
        StatusIs(absl::StatusCode::kInvalidArgument, "not an ELF file"));
  }
}

TEST(KernelModuleNameTest, HasUnderscores) {
  EXPECT_EQ(KernelModuleName("nvidia-drm"), "nvidia_drm");
}

}  // namespace
}  // namespace gantry
