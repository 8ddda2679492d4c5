#include "payload/proof/boot_console.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/proof/console_record.h"

namespace gantry::proof {
namespace {

using Type = ConsoleRecord::Type;
using ::testing::ElementsAre;

constexpr char kNonce[] = "n1";

// Writes a console log like a guest, with "\r\n" as on a serial line.
class ConsoleWriter {
 public:
  ConsoleWriter& Report(Type type, uint64_t argument, const std::string& text) {
    return Raw(
        FormatConsoleRecord(kNonce, {sequence_++, type, argument, text}));
  }
  ConsoleWriter& Raw(const std::string& text) {
    for (const char c : text) {
      if (c == '\n') console_ += '\r';
      console_ += c;
    }
    return *this;
  }
  ConsoleWriter& Lose() {
    ++sequence_;
    return *this;
  }
  BootConsole Parse(size_t steps) const {
    return ParseBootConsole(console_, kNonce, steps);
  }

 private:
  std::string console_;
  uint64_t sequence_ = 0;
};

TEST(BootConsoleTest, ReadsACompleteBoot) {
  const BootConsole console =
      ConsoleWriter()
          .Raw(
              "\x1b[2J\x1b[01;01HSeaBIOS\n[    0.0] Linux version 6.1\nno line "
              "end")
          .Report(Type::kHello, 2, "6.1.0-test")
          .Report(Type::kBegin, 0, "")
          .Raw("[    1.2] BUG: an emergency goes to the console\n")
          .Report(Type::kLog, 0, "one")
          .Report(Type::kLog, 0, "two")
          .Report(Type::kResult, 0, "0")
          .Report(Type::kBegin, 1, "")
          .Report(Type::kResult, 8, "1")
          .Report(Type::kBye, 2, "")
          .Raw("[    1.6] reboot: Restarting system\n")
          .Parse(2);
  EXPECT_EQ(console.kernel_release, "6.1.0-test");
  EXPECT_TRUE(console.finished);
  EXPECT_FALSE(console.lost_record.has_value());
  EXPECT_EQ(console.steps[0].result, 0);
  EXPECT_THAT(console.steps[0].log, ElementsAre("one", "two"));
  EXPECT_EQ(console.steps[1].result, 8);
  EXPECT_EQ(console.last_line, "[    1.6] reboot: Restarting system");
}

TEST(BootConsoleTest, TruncatedBootShowsTheLastStep) {
  const BootConsole console = ConsoleWriter()
                                  .Report(Type::kHello, 2, "6.1.0-test")
                                  .Report(Type::kBegin, 0, "")
                                  .Raw("Kernel panic - not syncing: Oops\n\n")
                                  .Parse(2);
  EXPECT_FALSE(console.finished);
  EXPECT_TRUE(console.steps[0].started);
  EXPECT_FALSE(console.steps[0].result.has_value());
  EXPECT_FALSE(console.steps[1].started);
  EXPECT_EQ(console.last_line, "Kernel panic - not syncing: Oops");
}

TEST(BootConsoleTest, CrashIsTheFirstReportAfterTheLastRecord) {
  ConsoleWriter writer;
  writer.Report(Type::kHello, 1, "6.1.0-test")
      .Raw("[    1.1] BUG: survived\n")
      .Report(Type::kBegin, 0, "");
  EXPECT_EQ(writer.Parse(1).crash, "");
  writer.Raw("[    1.2] x: entering\n")
      .Raw("[    1.3] BUG: unable to handle page fault\n")
      .Raw("[    1.4] R13: 0000000000000000\n")
      .Raw("[    1.5] Kernel panic - not syncing: Fatal exception\n");
  EXPECT_EQ(writer.Parse(1).crash, "BUG: unable to handle page fault");
}

TEST(BootConsoleTest, PanicBeforeTheFirstRecordIsACrash) {
  const BootConsole console =
      ConsoleWriter().Raw("Kernel panic - not syncing: No init\n").Parse(1);
  EXPECT_EQ(console.crash, "Kernel panic - not syncing: No init");
}

TEST(BootConsoleTest, LostRecordIsNoticed) {
  const BootConsole console = ConsoleWriter()
                                  .Report(Type::kHello, 1, "6.1.0-test")
                                  .Report(Type::kBegin, 0, "")
                                  .Lose()
                                  .Report(Type::kBye, 1, "")
                                  .Parse(1);
  EXPECT_EQ(console.lost_record, 2u);
  EXPECT_FALSE(console.steps[0].result.has_value());
}

TEST(BootConsoleTest, RepeatedRecordIsNoticed) {
  const std::string hello =
      FormatConsoleRecord(kNonce, {0, Type::kHello, 0, "a"});
  EXPECT_EQ(ParseBootConsole(hello + hello, kNonce, 0).lost_record, 1u);
}

TEST(BootConsoleTest, RecordsOfAnotherBootAreIgnored) {
  const std::string forged =
      FormatConsoleRecord("n2", {0, Type::kHello, 0, "a"}) +
      FormatConsoleRecord("n2", {1, Type::kBye, 0, ""});
  const BootConsole console = ParseBootConsole(forged, kNonce, 0);
  EXPECT_EQ(console.kernel_release, "");
  EXPECT_FALSE(console.finished);
}

TEST(BootConsoleTest, StepsOutsideThePlanAreIgnored) {
  const BootConsole console =
      ConsoleWriter()
          .Report(Type::kBegin, 7, "")
          .Report(Type::kLog, 18446744073709551615u, "x")
          .Report(Type::kResult, 0, "7")
          .Report(Type::kResult, 0, "none")
          .Parse(1);
  EXPECT_FALSE(console.steps[0].started);
  EXPECT_FALSE(console.steps[0].result.has_value());
}

TEST(BootConsoleTest, EmptyConsoleHasNoEvents) {
  const BootConsole console = ParseBootConsole("", kNonce, 1);
  EXPECT_EQ(console.kernel_release, "");
  EXPECT_EQ(console.last_line, "");
  EXPECT_FALSE(console.finished);
}

}  // namespace
}  // namespace gantry::proof
