#ifndef GANTRY_PAYLOAD_NODE_NEW_FILE_H_
#define GANTRY_PAYLOAD_NODE_NEW_FILE_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"

namespace gantry::node {

// Called before each operation that changes a file system, with the operation's
// name ("write", "rename", ...) and the path.  An error becomes the operation's
// result, and nothing is changed.  This is how a signal stops the installer,
// and how tests fail or kill it at every single operation.  Empty: no call.
using BeforeOperation = std::function<absl::Status(absl::string_view operation,
                                                   absl::string_view path)>;

// A file that is being written.  Errors name its path; those of a full file
// system have ExitCode::kNoSpace.
class NewFile {
 public:
  NewFile(UniqueFd fd, std::string path, BeforeOperation before)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        before_(std::move(before)) {}

  absl::Status Write(absl::string_view data);

  // Sets the permissions and closes the file.  Call once, last.
  absl::Status Finish(mode_t mode);

  // The same, after the content is durable.
  absl::Status FinishDurably(mode_t mode);

 private:
  absl::Status Before(absl::string_view operation) const;

  UniqueFd fd_;
  const std::string path_;
  const BeforeOperation before_;
};

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_NEW_FILE_H_
