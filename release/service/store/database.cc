#include "release/service/store/database.h"

#include <sqlite3.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace gantry::service {
namespace {

// Another process may be recovering the log.
constexpr int kBusyTimeoutMs = 5000;

absl::StatusCode CodeOf(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

// The connection's last error.
absl::Status ErrorOf(sqlite3* db, const std::string& path) {
  std::string message = absl::StrCat(path, ": ", sqlite3_errmsg(db));
  if (sqlite3_extended_errcode(db) != sqlite3_errcode(db)) {
    absl::StrAppend(&message, " (SQLite error ", sqlite3_extended_errcode(db),
                    ")");
  }
  return absl::Status(CodeOf(sqlite3_errcode(db)), message);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bound_ = 0;
  return *this;
}

// A failed bind leaves NULL, which every column of the schema rejects.
Statement& Statement::Bind(absl::string_view text) {
  sqlite3_bind_text64(statement_.get(), ++bound_,
                      text.data() == nullptr ? "" : text.data(), text.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::Bind(int64_t number) {
  sqlite3_bind_int64(statement_.get(), ++bound_, number);
  return *this;
}

Statement& Statement::BindBlob(absl::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), ++bound_,
                      bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                      SQLITE_TRANSIENT);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3* const db = sqlite3_db_handle(statement_.get());
  absl::Status status = code == SQLITE_DONE
                            ? absl::OkStatus()
                            : ErrorOf(db, sqlite3_db_filename(db, "main"));
  Reset();
  GANTRY_RETURN_IF_ERROR(status);
  return false;
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> row = Step();
  Reset();
  return row.status();
}

absl::string_view Statement::Bytes(int column) const {
  const char* data =
      static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return absl::string_view(data,
                           sqlite3_column_bytes(statement_.get(), column));
}

int64_t Statement::Number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& path, Mode mode, const std::string& vfs) {
  std::error_code ignored;
  if (mode == Mode::kReadOnly && !std::filesystem::exists(path, ignored)) {
    return absl::NotFoundError(absl::StrCat(path, ": no such database"));
  }
  const int flags = mode == Mode::kReadOnly
                        ? SQLITE_OPEN_READONLY
                        : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* db = nullptr;
  // Callers never use a connection concurrently, so SQLite need not lock it.
  const int code =
      sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX,
                      vfs.empty() ? nullptr : vfs.c_str());
  if (db == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": out of memory"));
  }
  std::unique_ptr<Database> database(new Database(path, db));
  if (code != SQLITE_OK) return database->Error();
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  if (mode == Mode::kReadOnly) {
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return database;
}

Database::~Database() { sqlite3_close_v2(db_); }

absl::Status Database::Error() const { return ErrorOf(db_, path_); }

absl::Status Database::Execute(const char* sql) {
  return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK
             ? absl::OkStatus()
             : Error();
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &prepared,
                         nullptr) != SQLITE_OK) {
    return Error();
  }
  Statement statement;
  statement.statement_.reset(prepared);
  return statement;
}

absl::StatusOr<std::string> Database::QueryText(absl::string_view sql) {
  GANTRY_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  GANTRY_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::InternalError(absl::StrCat(path_, ": no row: ", sql));
  return std::string(statement.Bytes(0));
}

absl::StatusOr<int64_t> Database::QueryNumber(absl::string_view sql) {
  GANTRY_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  GANTRY_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::InternalError(absl::StrCat(path_, ": no row: ", sql));
  return statement.Number(0);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(db_) == 0;
}

}  // namespace gantry::service
