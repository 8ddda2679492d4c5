#ifndef GANTRY_RELEASE_SERVICE_STORE_FAULT_VFS_H_
#define GANTRY_RELEASE_SERVICE_STORE_FAULT_VFS_H_

#include <cstdint>
#include <map>
#include <string>

namespace gantry::service {

// An SQLite VFS for tests that fails when told to, and knows what would
// survive a power cut: what a file held when it was last synced.  It syncs
// nothing in truth, so it is fast.  One per process.
class FaultVfs {
 public:
  static constexpr char kName[] = "fault";

  static FaultVfs& Get();

  // Forgets files and counts; nothing fails.
  void Reset();

  // From now on, operation `n` (from 1; writes, syncs, truncations and
  // deletions count) fails with the SQLite code, and if `for_good` all later
  // ones too.
  void FailAt(int64_t n, int sqlite_code, bool for_good);

  // Operations so far.
  int64_t operations() const { return operations_; }

  // Gives every file the content of its last sync.  Close all databases first,
  // with FailAt(1, ..., true), or closing them would write.
  void CutPower();

  // For the VFS's functions: counts an operation, and returns its result.
  int Operation();
  std::map<std::string, std::string>& synced() { return synced_; }

 private:
  FaultVfs();

  int64_t operations_ = 0;
  int64_t fail_at_ = 0;
  int code_ = 0;
  bool for_good_ = false;
  // Content of files by path.
  std::map<std::string, std::string> synced_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_FAULT_VFS_H_
