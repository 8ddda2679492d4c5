#include "payload/proof/module_tar.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/proof/test_tar.h"

namespace gantry::proof {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;

auto IsModule(const std::string& name, const std::string& bytes) {
  return AllOf(Field(&NamedModule::name, name),
               Field(&NamedModule::bytes, bytes));
}

class ModuleTarTest : public testing::Test {
 protected:
  ModuleTarTest()
      : temp_(*TempDir::Create(testing::TempDir())),
        tar_(JoinPath(temp_.path(), "modules.tar")) {}

  const TempDir temp_;
  const std::string tar_;
};

TEST_F(ModuleTarTest, ModulesAreReturnedInLoadingOrder) {
  WriteTestTar(tar_,
               {{"a.ko", "A"}, {"b-c.ko", "B"}, {"modules.order", "b-c\na\n"}});
  EXPECT_THAT(
      ReadModuleTar(tar_),
      IsOkAndHolds(ElementsAre(IsModule("b-c", "B"), IsModule("a", "A"))));
}

TEST_F(ModuleTarTest, ListThatDiffersFromTheFilesIsInvalid) {
  const std::pair<std::vector<std::pair<std::string, std::string>>, std::string>
      cases[] = {
          {{{"a.ko", "A"}}, "no modules.order"},
          {{{"modules.order", "a\n"}},
           "modules.order lists a, which has no file"},
          {{{"a.ko", "A"}, {"modules.order", "a\na\n"}},
           "modules.order lists a, which has no file"},
          {{{"a.ko", "A"}, {"b.ko", "B"}, {"modules.order", "a\n"}},
           "modules.order does not list b.ko"},
          {{{"modules.order", "\n"}}, "no modules"},
      };
  for (const auto& [files, message] : cases) {
    WriteTestTar(tar_, files);
    EXPECT_THAT(
        ReadModuleTar(tar_),
        StatusIs(absl::StatusCode::kInvalidArgument, tar_ + ": " + message));
  }
}

TEST_F(ModuleTarTest, TruncatedTarIsInvalid) {
  WriteTestTar(tar_,
               {{"a.ko", std::string(5000, 'A')}, {"modules.order", "a\n"}});
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(tar_));
  ASSERT_THAT(WriteFileAtomically(tar_, bytes.substr(0, 3000)), IsOk());
  EXPECT_THAT(ReadModuleTar(tar_),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry::proof
