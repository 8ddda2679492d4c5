#ifndef GANTRY_RELEASE_SERVICE_STORE_DATABASE_H_
#define GANTRY_RELEASE_SERVICE_STORE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace gantry::service {

// A prepared statement of a Database, which must outlive it.  Not thread-safe.
class Statement {
 public:
  // Ends the execution, which also ends its read transaction, and forgets what
  // was bound.
  Statement& Reset();

  // Binds the next parameter, from ?1 on.
  Statement& Bind(absl::string_view text);
  Statement& Bind(int64_t number);
  Statement& BindBlob(absl::string_view bytes);

  // True: there is a row, readable until the next Step or Reset.  False: there
  // are no more.  After false or an error the statement is reset.
  absl::StatusOr<bool> Step();

  // For statements that return no rows.
  absl::Status Run();

  // Columns of the row, from 0 on.  A NULL is empty or 0.
  absl::string_view Bytes(int column) const;
  int64_t Number(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

// A connection to an SQLite database file.  Errors name the file:
// RESOURCE_EXHAUSTED: no space.  DATA_LOSS: the file is corrupt or no SQLite
// database.  UNAVAILABLE: locked by another for too long.  NOT_FOUND: no such
// file, read-only.  INTERNAL: any other.  Not thread-safe.
class Database {
 public:
  enum class Mode {
    kReadOnly,
    // Creates the file if there is none.
    kReadWrite,
  };

  // `vfs` names a registered SQLite VFS; empty: the default.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& path, Mode mode, const std::string& vfs = "");
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs SQL text of any number of statements, dropping rows.
  absl::Status Execute(const char* sql);

  absl::StatusOr<Statement> Prepare(absl::string_view sql);

  // The first column of the first row, which must exist.
  absl::StatusOr<std::string> QueryText(absl::string_view sql);
  absl::StatusOr<int64_t> QueryNumber(absl::string_view sql);

  // False after SQLite has rolled a transaction back by itself, which it does
  // on most I/O errors.
  bool in_transaction() const;

  const std::string& path() const { return path_; }

 private:
  Database(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}

  absl::Status Error() const;

  const std::string path_;
  sqlite3* const db_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_DATABASE_H_
