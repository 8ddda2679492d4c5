#include "payload/proof/console_record.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace gantry::proof {
namespace {

using Type = ConsoleRecord::Type;

constexpr char kNonce[] = "0123abcd";

// The record without the line ends around it.
std::string Line(const ConsoleRecord& record) {
  const std::string bytes = FormatConsoleRecord(kNonce, record);
  EXPECT_EQ(bytes.front(), '\n');
  EXPECT_EQ(bytes.back(), '\n');
  return bytes.substr(1, bytes.size() - 2);
}

TEST(ConsoleRecordTest, ParsesWhatWasFormatted) {
  const ConsoleRecord records[] = {
      {0, Type::kHello, 4, "6.1.0-56-cloud-amd64"},
      {7, Type::kBegin, 2, ""},
      {8, Type::kLog, 2, "hello: loading out-of-tree module"},
      {9, Type::kResult, 8, "2"},
      {18446744073709551615u, Type::kBye, 3, ""},
  };
  for (const ConsoleRecord& record : records) {
    EXPECT_EQ(ParseConsoleRecord(kNonce, Line(record)), record);
    EXPECT_EQ(ParseConsoleRecord(kNonce, Line(record) + "\r"), record);
  }
}

TEST(ConsoleRecordTest, HasTheDocumentedFormat) {
  EXPECT_EQ(Line({3, Type::kLog, 1, "a b"}),
            "@gantry 0123abcd 28fdf144 3 log 1 a b");
}

TEST(ConsoleRecordTest, UnprintableTextIsReplaced) {
  const auto record =
      ParseConsoleRecord(kNonce, Line({0, Type::kLog, 0, "a\nb\x1b[2Jc\xff"}));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->text, "a?b?[2Jc?");
}

TEST(ConsoleRecordTest, EscapeCodesBeforeARecordAreIgnored) {
  const ConsoleRecord record{0, Type::kHello, 1, "6.1"};
  EXPECT_EQ(ParseConsoleRecord(kNonce, "\x1b[2J\x1b[?7l" + Line(record)),
            record);
}

TEST(ConsoleRecordTest, OtherNonceIsNotARecord) {
  EXPECT_EQ(ParseConsoleRecord("0123abce", Line({0, Type::kBye, 1, ""})),
            std::nullopt);
}

TEST(ConsoleRecordTest, TruncatedOrChangedLineIsNotARecord) {
  const std::string line = Line({12, Type::kResult, 8, "3"});
  for (size_t i = 0; i < line.size(); ++i) {
    EXPECT_EQ(ParseConsoleRecord(kNonce, line.substr(0, i)), std::nullopt) << i;
    std::string changed = line;
    changed[i] ^= 1;
    EXPECT_EQ(ParseConsoleRecord(kNonce, changed), std::nullopt) << i;
    std::string longer = line;
    longer.insert(i, "[    1.5] printk");
    const auto parsed = ParseConsoleRecord(kNonce, longer);
    EXPECT_EQ(parsed.has_value(), i == 0) << i;
  }
}

}  // namespace
}  // namespace gantry::proof
