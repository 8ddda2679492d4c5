#ifndef GANTRY_BASE_JSON_H_
#define GANTRY_BASE_JSON_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace gantry {

// Parses JSON into `message`, by the JSON mapping of protocol buffers; a
// google.protobuf.Struct takes any object.  Fields that the message does not
// have are an error.  INVALID_ARGUMENT names `name` and what is wrong.
absl::Status ParseJson(absl::string_view text, absl::string_view name,
                       google::protobuf::Message& message);

// JSON of `message`, indented and with a line end.  Fields come in the order
// of their numbers, under the names of the .proto file, also where they have
// their default; keys of maps (and of a Struct) are sorted.  Equal messages
// give equal text.
std::string FormatJson(const google::protobuf::Message& message);

}  // namespace gantry

#endif  // GANTRY_BASE_JSON_H_
