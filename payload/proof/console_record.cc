#include "payload/proof/console_record.h"

#include <charconv>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <system_error>

namespace gantry::proof {
namespace {

constexpr std::string_view kMark = "@gantry ";
constexpr std::string_view kTypeNames[] = {"hello", "begin", "log", "result",
                                           "bye"};

// http://www.isthe.com/chongo/tech/comp/fnv/, "FNV-1a", 32 bits.
uint32_t Fnv1a(std::string_view data, uint32_t hash = 2166136261u) {
  for (const char c : data) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  }
  return hash;
}

std::string Checksum(std::string_view nonce, std::string_view payload) {
  char hex[9];
  std::snprintf(hex, sizeof(hex), "%08x",
                Fnv1a(payload, Fnv1a(" ", Fnv1a(nonce))));
  return hex;
}

std::string Printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return result;
}

// Removes the next word and the space after it from `rest`; returns the word.
std::string_view NextWord(std::string_view& rest) {
  const size_t end = rest.find(' ');
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return word;
}

bool ParseNumber(std::string_view word, uint64_t& number) {
  const char* const end = word.data() + word.size();
  const auto result = std::from_chars(word.data(), end, number);
  return !word.empty() && result.ec == std::errc() && result.ptr == end;
}

}  // namespace

bool ConsoleRecord::operator==(const ConsoleRecord& other) const {
  return sequence == other.sequence && type == other.type &&
         argument == other.argument && text == other.text;
}

std::string FormatConsoleRecord(std::string_view nonce,
                                const ConsoleRecord& record) {
  std::string payload = std::to_string(record.sequence);
  payload += ' ';
  payload += kTypeNames[static_cast<size_t>(record.type)];
  payload += ' ';
  payload += std::to_string(record.argument);
  payload += ' ';
  payload += Printable(record.text);
  std::string line = "\n";
  line += kMark;
  line += nonce;
  line += ' ';
  line += Checksum(nonce, payload);
  line += ' ';
  line += payload;
  line += '\n';
  return line;
}

std::optional<ConsoleRecord> ParseConsoleRecord(std::string_view nonce,
                                                std::string_view line) {
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const size_t start = line.rfind(kMark);
  if (start == line.npos) return std::nullopt;
  std::string_view rest = line.substr(start + kMark.size());
  if (NextWord(rest) != nonce) return std::nullopt;
  const std::string_view checksum = NextWord(rest);
  if (checksum != Checksum(nonce, rest)) return std::nullopt;

  ConsoleRecord record;
  if (!ParseNumber(NextWord(rest), record.sequence)) return std::nullopt;
  const std::string_view type = NextWord(rest);
  size_t index = 0;
  while (index < std::size(kTypeNames) && kTypeNames[index] != type) ++index;
  if (index == std::size(kTypeNames)) return std::nullopt;
  record.type = static_cast<ConsoleRecord::Type>(index);
  if (!ParseNumber(NextWord(rest), record.argument)) return std::nullopt;
  record.text = std::string(rest);
  return record;
}

}  // namespace gantry::proof
