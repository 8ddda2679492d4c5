#include "release/plan/lock_format.h"

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"
#include "proto/lock.pb.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::matrix::v1::Lock;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class LockFormatTest : public testing::Test {
 protected:
  static Lock MakeLock(const std::string& version) {
    Lock lock;
    auto& driver = *lock.add_drivers();
    driver.set_version(version);
    driver.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
    driver.mutable_source()->set_size(int64_t{1} << 53);
    return lock;
  }

  std::string Write(const std::string& text) {
    const std::string path = JoinPath(directory_.path(), "lock.json");
    EXPECT_THAT(WriteFileAtomically(path, text), IsOk());
    return path;
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  const std::string locks_ = JoinPath(directory_.path(), "locks");
};

TEST_F(LockFormatTest, FileIsNamedByItsContent) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string path,
                              WriteLockByContent(MakeLock("535"), locks_));
  EXPECT_EQ(fs::path(path).parent_path(), locks_);
  EXPECT_THAT(fs::path(path).filename(), MatchesRegex("[0-9a-f]{16}\\.json"));
  EXPECT_THAT(WriteLockByContent(MakeLock("535"), locks_), IsOkAndHolds(path));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string other,
                              WriteLockByContent(MakeLock("550"), locks_));
  EXPECT_NE(other, path);
}

TEST_F(LockFormatTest, LockSurvives) {
  Lock lock = MakeLock("535");
  // A patch may be in any encoding, and another string may hold any character.
  lock.mutable_drivers(0)->add_patches()->set_content(
      std::string("\xfc\0\n\xc3\xbc", 5));
  lock.add_cells()->set_exclusion_reason("gr\xc3\xbc\xc3\x9f\xe2\x80\x8b<\"");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string path,
                              WriteLockByContent(lock, locks_));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock read, ReadLock(path));
  EXPECT_EQ(read.SerializeAsString(), lock.SerializeAsString());
}

TEST_F(LockFormatTest, FieldsHaveTheNamesOfTheSchema) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string path,
                              WriteLockByContent(MakeLock("535"), locks_));
  EXPECT_THAT(ReadFile(path),
              IsOkAndHolds(AllOf(
                  HasSubstr(absl::StrCat("\"schema\": ", kLockSchema, ",\n")),
                  Not(HasSubstr("userland_files")),
                  HasSubstr("\"size\": \"9007199254740992\""),
                  HasSubstr("\"flavour\": \"DRIVER_FLAVOUR_OPEN\""))));
}

TEST_F(LockFormatTest, StringThatIsNotUtf8IsInvalid) {
  EXPECT_THAT(WriteLockByContent(MakeLock("\xfc"), locks_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("a string is not valid UTF-8")));
}

TEST_F(LockFormatTest, AnotherSchemaIsInvalid) {
  const std::string path = Write("{\"schema\": 99, \"lock\": {}}");
  EXPECT_THAT(
      ReadLock(path),
      StatusIs(absl::StatusCode::kInvalidArgument,
               path + ": the lock has schema 99, not 1; run discovery again "
                      "(bazel run //release:discover)"));
  EXPECT_THAT(ReadLock(Write("{\"lock\": {}}")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the lock has schema 0, not 1")));
}

TEST_F(LockFormatTest, OtherTextIsInvalid) {
  for (const char* text :
       {"", "matrix_digest: \"sha256:0\"\n", "{\"schema\": 1, \"lock\": {",
        "{\"schema\": 1, \"lock\": {\"no_field\": 1}}"}) {
    EXPECT_THAT(
        ReadLock(Write(text)),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lock.json: ")))
        << text;
  }
}

TEST_F(LockFormatTest, MissingFileIsNotFound) {
  EXPECT_THAT(ReadLock(JoinPath(locks_, "no.json")),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry::plan
