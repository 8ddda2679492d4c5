#ifndef GANTRY_BASE_JSON_H_
#define GANTRY_BASE_JSON_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace gantry {

// Parses `text` into `message` by protobuf's JSON mapping; a
// google.protobuf.Struct holds any object.
//
// INVALID_ARGUMENT, naming `name`: malformed JSON, or an unknown field.
absl::Status ParseJson(absl::string_view text, absl::string_view name,
                       google::protobuf::Message& message);

// Which fields of scalar types, enums and lists FormatJson() prints.
enum class JsonFields {
  kAll,
  // Only those without their default value.  Takes a fraction of the time and
  // memory, because the JSON is not built up in memory first.
  kSet,
};

// Formats `message` as indented JSON that ends with a newline.  Fields are in
// the order of their numbers and have the names of the .proto file; keys of
// maps (and of a Struct) are sorted.  Equal messages give equal text.
//
// INVALID_ARGUMENT, naming the message's type: a value without a JSON form,
// such as a time after the year 9999 or a string that is not valid UTF-8.
absl::StatusOr<std::string> FormatJson(const google::protobuf::Message& message,
                                       JsonFields fields = JsonFields::kAll);

}  // namespace gantry

#endif  // GANTRY_BASE_JSON_H_
