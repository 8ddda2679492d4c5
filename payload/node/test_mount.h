#ifndef GANTRY_PAYLOAD_NODE_TEST_MOUNT_H_
#define GANTRY_PAYLOAD_NODE_TEST_MOUNT_H_

#include <string>

namespace gantry::node {

// A bind mount (mount(2), MS_BIND) of the directory or file `source` on
// `target`, until it is destroyed.  The first one moves this process to a mount
// namespace of its own, as root or through a user namespace, so the machine's
// mounts stay as they are; no thread may run yet.  A failure to mount is a
// failure of the test.
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
