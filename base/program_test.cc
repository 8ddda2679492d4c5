#include "base/program.h"

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(std::string, color, "", "a flag of the program");

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::ExitedWithCode;

constexpr Program kProgram = {"painter", "Paints.", "1.2.3",
                              /*usage_exit_code=*/2};

// Arguments as main() gets them.
class CommandLine {
 public:
  explicit CommandLine(std::vector<std::string> arguments)
      : arguments_(std::move(arguments)) {
    for (std::string& argument : arguments_) argv_.push_back(&argument[0]);
    argv_.push_back(nullptr);
  }
  int argc() const { return static_cast<int>(arguments_.size()); }
  char** argv() { return argv_.data(); }

 private:
  std::vector<std::string> arguments_;
  std::vector<char*> argv_;
};

// Parses in a process of its own, whose standard output is its standard error.
void Parse(std::vector<std::string> arguments) {
  CommandLine line(std::move(arguments));
  std::cout.rdbuf(std::cerr.rdbuf());
  ParseFlags(kProgram, line.argc(), line.argv());
  std::exit(7);
}

TEST(ProgramTest, FlagsAndArgumentsAreSeparated) {
  CommandLine line({"painter", "wall", "--color=red", "door"});
  EXPECT_THAT(ParseArguments(kProgram, line.argc(), line.argv()),
              ElementsAre("wall", "door"));
  EXPECT_EQ(absl::GetFlag(FLAGS_color), "red");
}

TEST(ProgramDeathTest, FlagsAloneAreAccepted) {
  EXPECT_EXIT(Parse({"painter", "--color=red"}), ExitedWithCode(7), "");
}

TEST(ProgramDeathTest, VersionIsPrinted) {
  EXPECT_EXIT(Parse({"painter", "--version"}), ExitedWithCode(0),
              "painter 1\\.2\\.3");
}

TEST(ProgramDeathTest, HelpIsNoError) {
  EXPECT_EXIT(Parse({"painter", "--help"}), ExitedWithCode(0), "Paints\\.");
}

TEST(ProgramDeathTest, UnknownFlagsAreRefused) {
  EXPECT_EXIT(Parse({"painter", "--colour=red"}), ExitedWithCode(2), "colour");
}

TEST(ProgramDeathTest, ArgumentsAreRefusedWhereThereAreNone) {
  EXPECT_EXIT(Parse({"painter", "wall"}), ExitedWithCode(2),
              "painter: unexpected argument \"wall\"");
}

}  // namespace
}  // namespace gantry
