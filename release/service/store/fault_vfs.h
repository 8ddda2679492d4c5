#ifndef GANTRY_RELEASE_SERVICE_STORE_FAULT_VFS_H_
#define GANTRY_RELEASE_SERVICE_STORE_FAULT_VFS_H_

#include <cstdint>
#include <map>
#include <string>

namespace gantry::service {

// An SQLite VFS for tests that can fail any write operation and simulate power
// cuts.  A power cut leaves each file with its content at its last sync.  To be
// fast, it records syncs instead of performing them.  One per process.
class FaultVfs {
 public:
  static constexpr char kName[] = "fault";

  static FaultVfs& Get();

  // Clears the recorded files, the count of operations and the fault.
  void Reset();

  // Restarts the count of operations: writes, syncs, truncations and deletions,
  // starting with 1.  Operation `n` fails with the SQLite code and, if
  // `permanent`, so do all later ones.
  void FailAt(int64_t n, int sqlite_code, bool permanent);

  // The number of operations since the last Reset or FailAt.
  int64_t operations() const { return operations_; }

  // Restores every file to its content at its last sync.  All databases must be
  // closed, and a permanent fault must have kept that from writing.
  void CutPower();

  // Used by the VFS's own functions: counts an operation and returns its SQLite
  // result code.
  int Operation();
  std::map<std::string, std::string>& synced() { return synced_; }

 private:
  FaultVfs();

  int64_t operations_ = 0;
  int64_t fail_at_ = 0;
  int code_ = 0;
  bool permanent_ = false;
  // Content at the last sync, by path.
  std::map<std::string, std::string> synced_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_FAULT_VFS_H_
