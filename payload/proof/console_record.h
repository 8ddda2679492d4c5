#ifndef GANTRY_PAYLOAD_PROOF_CONSOLE_RECORD_H_
#define GANTRY_PAYLOAD_PROOF_CONSOLE_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// How the guest's init tells the host what happened, over a serial console
// that the BIOS and the kernel write to as well.  A record is one line:
//
//   @gantry <nonce> <checksum> <sequence> <type> <argument> <text>
//
//   nonce     hex, new for each boot: what an earlier boot or the kernel prints
//             is not a record
//   checksum  8 hex digits: 32-bit FNV-1a of the nonce, a space, and all that
//             follows the checksum and its space; a line that something wrote
//             into is not a record
//   sequence  decimal, from 0 without gaps: a lost record shows
//   type      see ConsoleRecord::Type
//   argument  decimal, at least 0; its meaning depends on the type
//   text      to the end of the line; bytes outside printable ASCII are "?"
//
// The line is written whole, with a line end before it (so that what is left
// on the console's line does not stick to it) and one after it.
//
// Uses the standard library only: the guest's init is one small static binary.
namespace gantry::proof {

struct ConsoleRecord {
  enum class Type {
    // The init runs.  argument: steps in its plan.  text: `uname -r`.
    kHello,
    // finit_module(2) is about to be called.  argument: step.
    kBegin,
    // A line of the kernel's log since kBegin.  argument: step.
    kLog,
    // finit_module(2) returned.  argument: errno, 0 if the module was
    // accepted.  text: the step, decimal.
    kResult,
    // The plan is done.  argument: steps taken.
    kBye,
  };

  uint64_t sequence = 0;
  Type type = Type::kHello;
  uint64_t argument = 0;
  std::string text;

  bool operator==(const ConsoleRecord& other) const;
};

// The bytes to write: line end, record, line end.
std::string FormatConsoleRecord(std::string_view nonce,
                                const ConsoleRecord& record);

// The record that `line` (without its line end; a "\r" may be left) ends in,
// or nothing if it holds none that is whole and has this nonce.
std::optional<ConsoleRecord> ParseConsoleRecord(std::string_view nonce,
                                                std::string_view line);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_CONSOLE_RECORD_H_
