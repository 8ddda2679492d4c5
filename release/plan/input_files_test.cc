#include "release/plan/input_files.h"

#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"

namespace gantry::plan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

auto Is(const std::string& digest, const std::string& name) {
  return AllOf(Field(&InputFile::digest, digest),
               Field(&InputFile::name, name));
}

std::vector<InputFile> FilesOf(const std::string& text) {
  matrix::v1::Lock lock;
  EXPECT_THAT(ParseTextProto(text, "lock", lock), IsOk());
  return InputFilesOf(lock);
}

TEST(InputFilesTest, HasTheFilesOfAllParts) {
  EXPECT_THAT(
      FilesOf(R"(
        releases { packages { url: "http://x/1.deb" digest: "sha256:1" } }
        releases {
          developer_container {
            url: "http://x/2.bz2"
            digest: "sha512:2"
            signature_url: "http://x/2.bz2.sig"
            signature_digest: "sha256:3"
          }
          kernel_image { url: "http://x/4" digest: "sha256:4" }
        }
        drivers {
          source { url: "http://x/5" digest: "sha256:5" }
          userland_files { url: "http://x/6" digest: "sha256:6" }
        }
        cuda_toolkits { components { url: "http://x/7" digest: "sha256:7" } }
      )"),
      ElementsAre(Is("sha256:1", "1.deb"),
                  Is("sha256:3", "2.bz2.gantry-signature"), Is("sha256:4", "4"),
                  Is("sha256:5", "5"), Is("sha256:6", "6"), Is("sha256:7", "7"),
                  Is("sha512:2", "2.bz2")));
}

TEST(InputFilesTest, NamesAreThoseOfTheRepositoryRules) {
  EXPECT_THAT(
      FilesOf(R"(
                releases {
                  packages {
                    url: "http://x/g%2b%2B_1%7e2%7E3.deb"
                    digest: "sha256:1"
                  }
                  packages { url: "http://x/a.deb?b=c/d#e" digest: "sha256:2" }
                }
              )"),
      ElementsAre(Is("sha256:1", "g++_1~2~3.deb"), Is("sha256:2", "a.deb")));
}

TEST(InputFilesTest, FileOfSeveralPartsIsThereOnce) {
  EXPECT_THAT(FilesOf(R"(
                drivers {
                  source { url: "http://x/a" digest: "sha256:1" }
                  userland_files { url: "http://x/a" digest: "sha256:1" }
                }
              )"),
              ElementsAre(Is("sha256:1", "a")));
}

TEST(InputFilesTest, EmptyLockHasNone) { EXPECT_THAT(FilesOf(""), IsEmpty()); }

}  // namespace
}  // namespace gantry::plan
