#ifndef GANTRY_PAYLOAD_PROOF_CONSOLE_RECORD_H_
#define GANTRY_PAYLOAD_PROOF_CONSOLE_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The protocol in which the guest's init reports to the host, over a serial
// console that the BIOS and the kernel write to as well.  A record is one line:
//
//   @gantry <nonce> <checksum> <sequence> <type> <argument> <text>
//
//   nonce     hex, new for each boot, so that output of the kernel or of an
//             earlier boot is never a record
//   checksum  8 hex digits: 32-bit FNV-1a of the nonce, a space, and everything
//             after the checksum and its space.  A line that something else
//             wrote into is not a record.
//   sequence  decimal, consecutive from 0, so that a lost record is noticed
//   type      see ConsoleRecord::Type
//   argument  decimal, not negative; its meaning depends on the type
//   text      the rest of the line; bytes that are not printable ASCII are "?"
//
// A line end precedes each record, to separate it from an incomplete line on
// the console, and another one follows.
//
// Uses only the standard library, because the guest's init is a small static
// binary.
namespace gantry::proof {

struct ConsoleRecord {
  enum class Type {
    // The init is running.  argument: number of steps in its plan.  text:
    // `uname -r`.
    kHello,
    // The init is about to call finit_module(2).  argument: step.
    kBegin,
    // A line that the kernel has logged since kBegin.  argument: step.
    kLog,
    // finit_module(2) returned.  argument: errno, or 0 if it accepted the
    // module.  text: step, decimal.
    kResult,
    // The plan is finished.  argument: number of steps.
    kBye,
  };

  uint64_t sequence = 0;
  Type type = Type::kHello;
  uint64_t argument = 0;
  std::string text;

  bool operator==(const ConsoleRecord& other) const;
};

// Returns the bytes to write: line end, record, line end.
std::string FormatConsoleRecord(std::string_view nonce,
                                const ConsoleRecord& record);

// Returns the record at the end of `line`, which has no "\n" but may have "\r";
// nullopt: it contains no complete record with this nonce.
std::optional<ConsoleRecord> ParseConsoleRecord(std::string_view nonce,
                                                std::string_view line);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_CONSOLE_RECORD_H_
