#ifndef GANTRY_BASE_UNIQUE_FD_H_
#define GANTRY_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace gantry {

// Owns a file descriptor, or none, and closes it when destroyed.  The result of
// close(2) is ignored: a writer that must know that its data is durable calls
// fsync(2) first.
class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes ownership.  A negative `fd`, such as that of a failed open(2), is
  // none.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = other.Release();
    }
    return *this;
  }
  ~UniqueFd() { Close(); }

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

  // Closes the descriptor now.
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

  // Passes ownership to the caller.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace gantry

#endif  // GANTRY_BASE_UNIQUE_FD_H_
