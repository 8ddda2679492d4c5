#include "base/progress.h"

#include <cstdio>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

class ProgressTest : public testing::Test {
 protected:
  ~ProgressTest() override { std::fclose(stream_); }

  absl::Time At(int milliseconds) {
    return absl::UnixEpoch() + absl::Milliseconds(milliseconds);
  }

  std::string Written() {
    std::fflush(stream_);
    std::rewind(stream_);
    std::string text(10000, '\0');
    text.resize(std::fread(&text[0], 1, text.size(), stream_));
    return text;
  }

  std::FILE* const stream_ = std::tmpfile();
};

TEST_F(ProgressTest, TerminalRewritesTheStatusAndClearsIt) {
  {
    Progress progress(stream_, true, 8);
    progress.Status("one", At(0));
    progress.Status("dropped", At(50));
    progress.Status("longer than wide", At(100));
    progress.Line("stays");
  }
  EXPECT_EQ(Written(), "one\r\033[Klonger \r\033[Kstays\n");
}

TEST_F(ProgressTest, ElsewhereTheStatusIsAnOccasionalPlainLine) {
  {
    Progress progress(stream_, false, 80);
    progress.Status("one", At(0));
    progress.Status("dropped", At(14999));
    progress.Status("two", At(15000));
    progress.Line("stays");
  }
  EXPECT_EQ(Written(), "one\ntwo\nstays\n");
}

}  // namespace
}  // namespace gantry
