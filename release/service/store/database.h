#ifndef GANTRY_RELEASE_SERVICE_STORE_DATABASE_H_
#define GANTRY_RELEASE_SERVICE_STORE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace gantry::service {

// A prepared statement of a Database, which must outlive the statement.  Not
// thread-safe.
class Statement {
 public:
  // Ends the execution, and with it the read transaction, and clears the bound
  // parameters.
  Statement& Reset();

  // Binds the next parameter, starting with ?1.
  Statement& Bind(absl::string_view text);
  Statement& Bind(int64_t number);
  Statement& BindBlob(absl::string_view bytes);

  // Returns true for a row, which is readable until the next Step or Reset, and
  // false after the last one.  Resets the statement after false or an error.
  absl::StatusOr<bool> Step();

  // Executes a statement that returns no rows.
  absl::Status Run();

  // Columns of the current row, starting with 0.  NULL reads as empty or 0.
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

// A connection to an SQLite database file.  Not thread-safe.
//
// Errors name the file.  RESOURCE_EXHAUSTED: no space.  DATA_LOSS: the file is
// corrupt or not an SQLite database.  UNAVAILABLE: it stayed locked by another
// process.  NOT_FOUND: it does not exist, and the mode is kReadOnly.  INTERNAL:
// all others.
class Database {
 public:
  enum class Mode {
    kReadOnly,
    // Creates the file if it does not exist.
    kReadWrite,
  };

  // `vfs` is the name of a registered SQLite VFS; empty: SQLite's default.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& path, Mode mode, const std::string& vfs = "");
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Executes any number of SQL statements, and discards their rows.
  absl::Status Execute(const char* sql);

  absl::StatusOr<Statement> Prepare(absl::string_view sql);

  // The first column of the first row.  INTERNAL: there is no row.
  absl::StatusOr<std::string> QueryText(absl::string_view sql);
  absl::StatusOr<int64_t> QueryNumber(absl::string_view sql);

  // False also after SQLite has rolled back the transaction without being
  // asked, as it does after most I/O errors.
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
