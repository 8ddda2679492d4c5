#ifndef GANTRY_BASE_UNIQUE_FD_H_
#define GANTRY_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace gantry {

// Owns a file descriptor, or none.  Closes it when destroyed, and ignores the
// result of close(2): who has written, and must know that the data arrived,
// calls fsync(2) first.
class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes ownership.  A negative `fd`, as a failed open(2) returns it, is none.
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
