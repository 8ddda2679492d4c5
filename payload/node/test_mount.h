#ifndef GANTRY_PAYLOAD_NODE_TEST_MOUNT_H_
#define GANTRY_PAYLOAD_NODE_TEST_MOUNT_H_

#include <string>

namespace gantry::node {

// Bind-mounts the directory or file `source` on `target` (mount(2), MS_BIND)
// until it is destroyed.  The first instance moves the process to a new mount
// namespace, so that the mounts of the machine do not change; that requires
// root or unprivileged user namespaces, and a process without other threads.  A
// failed mount is a failure of the test.
class BindMount {
 public:
  BindMount(const std::string& source, const std::string& target);
  ~BindMount();
  BindMount(const BindMount&) = delete;
  BindMount& operator=(const BindMount&) = delete;

 private:
  const std::string target_;
};

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_TEST_MOUNT_H_
