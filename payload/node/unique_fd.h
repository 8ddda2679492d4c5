#ifndef GANTRY_PAYLOAD_NODE_UNIQUE_FD_H_
#define GANTRY_PAYLOAD_NODE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace gantry::node {

// Owns a file descriptor, or none (-1).
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_UNIQUE_FD_H_
