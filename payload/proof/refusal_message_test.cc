#include "payload/proof/refusal_message.h"

#include <cerrno>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace gantry::proof {
namespace {

// A dump of Debian's 6.1 kernel, shortened.
const std::vector<std::string>& RegisterDump() {
  static const auto& dump = *new std::vector<std::string>{
      "Modules linked in: core(OE+)",
      "CPU: 0 PID: 1 Comm: init Tainted: G        W  OE      6.1.0-56-amd64 #1",
      "RIP: 0010:core_init+0x5/0x1000 [core]",
      "Call Trace:",
      " <TASK>",
      " do_one_initcall+0x59/0x220",
      " ? syscall_exit_to_user_mode+0x1e/0x40",
      "RSP: 002b:00007ffdf9676498 EFLAGS: 00000206 ORIG_RAX: 0000000000000139",
      "R13: 0000000000000002 R14: 0000000000000002 R15: 0000000000000001",
      " </TASK>",
      "---[ end trace 0000000000000000 ]---",
  };
  return dump;
}

std::vector<std::string> WithDump(std::vector<std::string> log) {
  log.insert(log.end(), RegisterDump().begin(), RegisterDump().end());
  return log;
}

std::string Message(const std::vector<std::string>& log) {
  return RefusalMessage("core-uvm", log, ENODEV);
}

TEST(RefusalMessageTest, MismatchIsPreferredToLaterMessages) {
  EXPECT_EQ(Message({"core_uvm: disagrees about version of symbol x",
                     "core_uvm: Unknown symbol x (err -22)"}),
            "core_uvm: disagrees about version of symbol x");
  EXPECT_EQ(Message({"core-uvm: version magic 'a' should be 'b'", "other"}),
            "core-uvm: version magic 'a' should be 'b'");
}

TEST(RefusalMessageTest, LastMessageOfTheModuleIsPreferredToOthers) {
  EXPECT_EQ(Message({"core_uvm: probing", "core_uvm: no device",
                     "random: crng init done"}),
            "core_uvm: no device");
}

TEST(RefusalMessageTest, LastMessageOfAnyKindIsTheFallback) {
  EXPECT_EQ(Message({"NVRM: first", "NVRM: last", ""}), "NVRM: last");
}

TEST(RefusalMessageTest, RegisterDumpIsNotAMessage) {
  EXPECT_EQ(Message(WithDump({"NVRM: before"})), "NVRM: before");
}

TEST(RefusalMessageTest, WarningIsReportedWithItsMessageOrItsLocation) {
  constexpr char kCut[] = "------------[ cut here ]------------";
  constexpr char kLocation[] =
      "WARNING: CPU: 0 PID: 1 at /build/core.c:4 core_init+0x22/0x1000 [core]";
  EXPECT_EQ(Message(WithDump({kCut, "unexpected state 3", kLocation})),
            "unexpected state 3");
  EXPECT_EQ(Message(WithDump({kCut, kLocation})), kLocation);
}

TEST(RefusalMessageTest, TaintNoticeIsNotAMessage) {
  EXPECT_EQ(Message({"core_uvm: loading out-of-tree module taints kernel.",
                     "core_uvm: module license 'NVIDIA' taints kernel.",
                     "Disabling lock debugging due to kernel taint",
                     "core_uvm: module verification failed: signature and/or "
                     "required key missing - tainting kernel"}),
            "No such device");
}

TEST(RefusalMessageTest, ErrorNumberIsTheLastResort) {
  EXPECT_EQ(Message({}), "No such device");
  EXPECT_EQ(Message(WithDump({})), "No such device");
}

}  // namespace
}  // namespace gantry::proof
