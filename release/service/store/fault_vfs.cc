#include "release/service/store/fault_vfs.h"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <ios>
#include <utility>

namespace gantry::service {
namespace {

// Placed in the memory that SQLite allocates for a file, before the real file.
struct FaultFile {
  sqlite3_file base;
  // Owned.  Empty for temporary files, which have no name.
  std::string* path;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile* File(sqlite3_file* file) {
  return reinterpret_cast<FaultFile*>(file);
}
sqlite3_file* Real(sqlite3_file* file) { return File(file)->real(); }
const sqlite3_io_methods* Methods(sqlite3_file* file) {
  return Real(file)->pMethods;
}
sqlite3_vfs* RealVfs(sqlite3_vfs* vfs) {
  return static_cast<sqlite3_vfs*>(vfs->pAppData);
}

int Close(sqlite3_file* file) {
  delete File(file)->path;
  return Methods(file)->xClose(Real(file));
}

int Write(sqlite3_file* file, const void* data, int size,
          sqlite3_int64 offset) {
  if (const int code = FaultVfs::Get().Operation(); code != SQLITE_OK) {
    return code;
  }
  return Methods(file)->xWrite(Real(file), data, size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = FaultVfs::Get().Operation(); code != SQLITE_OK) {
    return code;
  }
  return Methods(file)->xTruncate(Real(file), size);
}

// Reads the content through SQLite's own descriptor: closing another descriptor
// of the same file would release its POSIX locks.
int Sync(sqlite3_file* file, int) {
  if (const int code = FaultVfs::Get().Operation(); code != SQLITE_OK) {
    return code;
  }
  sqlite3_int64 size = 0;
  if (const int code = Methods(file)->xFileSize(Real(file), &size);
      code != SQLITE_OK) {
    return code;
  }
  std::string content(size, '\0');
  if (const int code = Methods(file)->xRead(Real(file), content.data(),
                                            static_cast<int>(size), 0);
      code != SQLITE_OK) {
    return code;
  }
  FaultVfs::Get().synced()[*File(file)->path] = std::move(content);
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    /*iVersion=*/3,
    Close,
    [](sqlite3_file* f, void* data, int size, sqlite3_int64 offset) {
      return Methods(f)->xRead(Real(f), data, size, offset);
    },
    Write,
    Truncate,
    Sync,
    [](sqlite3_file* f, sqlite3_int64* size) {
      return Methods(f)->xFileSize(Real(f), size);
    },
    [](sqlite3_file* f, int level) {
      return Methods(f)->xLock(Real(f), level);
    },
    [](sqlite3_file* f, int level) {
      return Methods(f)->xUnlock(Real(f), level);
    },
    [](sqlite3_file* f, int* out) {
      return Methods(f)->xCheckReservedLock(Real(f), out);
    },
    [](sqlite3_file* f, int op, void* argument) {
      return Methods(f)->xFileControl(Real(f), op, argument);
    },
    [](sqlite3_file* f) { return Methods(f)->xSectorSize(Real(f)); },
    [](sqlite3_file* f) { return Methods(f)->xDeviceCharacteristics(Real(f)); },
    [](sqlite3_file* f, int page, int size, int extend,
       void volatile** address) {
      return Methods(f)->xShmMap(Real(f), page, size, extend, address);
    },
    [](sqlite3_file* f, int offset, int count, int flags) {
      return Methods(f)->xShmLock(Real(f), offset, count, flags);
    },
    [](sqlite3_file* f) { Methods(f)->xShmBarrier(Real(f)); },
    [](sqlite3_file* f, int remove) {
      return Methods(f)->xShmUnmap(Real(f), remove);
    },
    [](sqlite3_file* f, sqlite3_int64 offset, int size, void** address) {
      return Methods(f)->xFetch(Real(f), offset, size, address);
    },
    [](sqlite3_file* f, sqlite3_int64 offset, void* address) {
      return Methods(f)->xUnfetch(Real(f), offset, address);
    },
};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
         int* out_flags) {
  FaultFile* const fault = File(file);
  fault->base.pMethods = nullptr;
  fault->real()->pMethods = nullptr;
  const int code =
      RealVfs(vfs)->xOpen(RealVfs(vfs), name, fault->real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  fault->path = new std::string(name == nullptr ? "" : name);
  fault->base.pMethods = &kMethods;
  // A file that is never synced is empty after a power cut.
  if (name != nullptr) FaultVfs::Get().synced().try_emplace(name);
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  if (const int code = FaultVfs::Get().Operation(); code != SQLITE_OK) {
    return code;
  }
  FaultVfs::Get().synced()[name].clear();
  return RealVfs(vfs)->xDelete(RealVfs(vfs), name, sync_directory);
}

}  // namespace

FaultVfs& FaultVfs::Get() {
  static FaultVfs& vfs = *new FaultVfs;
  return vfs;
}

FaultVfs::FaultVfs() {
  sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
  auto* vfs = new sqlite3_vfs(*real);
  vfs->zName = kName;
  vfs->pNext = nullptr;
  vfs->szOsFile = static_cast<int>(sizeof(FaultFile)) + real->szOsFile;
  vfs->pAppData = real;
  vfs->xOpen = Open;
  vfs->xDelete = Delete;
  sqlite3_vfs_register(vfs, /*makeDflt=*/0);
}

void FaultVfs::Reset() {
  operations_ = 0;
  fail_at_ = 0;
  synced_.clear();
}

void FaultVfs::FailAt(int64_t n, int sqlite_code, bool permanent) {
  operations_ = 0;
  fail_at_ = n;
  code_ = sqlite_code;
  permanent_ = permanent;
}

int FaultVfs::Operation() {
  ++operations_;
  const bool fails = fail_at_ > 0 && (operations_ == fail_at_ ||
                                      (permanent_ && operations_ > fail_at_));
  return fails ? code_ : SQLITE_OK;
}

void FaultVfs::CutPower() {
  for (const auto& [path, content] : synced_) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    // Shared memory does not survive a power cut.
    std::filesystem::remove(path + "-shm");
  }
}

}  // namespace gantry::service
