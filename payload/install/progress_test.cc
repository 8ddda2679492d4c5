#include "payload/install/progress.h"

#include <cstdio>
#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace gantry {
namespace {

// What 1000 bytes in two files look like, copied in steps of `step`.
std::string Shown(Progress::Style style, int64_t step) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::tmpfile(),
                                                            &std::fclose);
  Progress progress(out.get(), style);
  progress.AddTotal(1000, 2);
  for (int file = 0; file < 2; ++file) {
    for (int64_t done = 0; done < 500; done += step) progress.AddBytes(step);
    progress.AddFile();
  }
  progress.Finish();
  EXPECT_EQ(progress.bytes(), 1000);
  EXPECT_EQ(progress.files(), 2);
  std::string text(std::ftell(out.get()), '\0');
  std::rewind(out.get());
  EXPECT_EQ(std::fread(&text[0], 1, text.size(), out.get()), text.size());
  return text;
}

TEST(ProgressTest, LinesForTenths) {
  EXPECT_EQ(Shown(Progress::Style::kLines, 250),
            " 20 %  250 B of 1.0 kB, 0 of 2 files\n"
            " 50 %  500 B of 1.0 kB, 0 of 2 files\n"
            " 70 %  750 B of 1.0 kB, 1 of 2 files\n"
            "100 %  1.0 kB of 1.0 kB, 1 of 2 files\n"
            "100 %  1.0 kB of 1.0 kB, 2 of 2 files\n");
}

TEST(ProgressTest, TerminalHasOneLine) {
  const std::string text = Shown(Progress::Style::kTerminal, 500);
  EXPECT_EQ(text,
            "\r 50 %  500 B of 1.0 kB, 0 of 2 files\033[K"
            "\r100 %  1.0 kB of 1.0 kB, 1 of 2 files\033[K"
            "\r100 %  1.0 kB of 1.0 kB, 2 of 2 files\033[K\n");
}

TEST(ProgressTest, SilentIsSilent) {
  EXPECT_EQ(Shown(Progress::Style::kSilent, 500), "");
}

TEST(ProgressTest, DecimalUnits) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1000), "1.0 kB");
  EXPECT_EQ(HumanBytes(6630000000), "6.6 GB");
}

}  // namespace
}  // namespace gantry
