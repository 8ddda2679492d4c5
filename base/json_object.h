#ifndef GANTRY_BASE_JSON_OBJECT_H_
#define GANTRY_BASE_JSON_OBJECT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/struct.pb.h"

namespace gantry {

// Fields of a JSON object that ParseJson() read.  Results are valid as long as
// the object is and does not change.

// The value of a field, of any kind; nullptr if the object has no such field.
const google::protobuf::Value* FindField(const google::protobuf::Struct& object,
                                         const std::string& name);

// The same for a field whose value must be an object or an array; nullptr if
// its value is of another kind.
const google::protobuf::Struct* FindObject(
    const google::protobuf::Struct& object, const std::string& name);
const google::protobuf::ListValue* FindArray(
    const google::protobuf::Struct& object, const std::string& name);

// The value of a field that is a string; empty if it is missing or of another
// kind.
absl::string_view GetString(const google::protobuf::Struct& object,
                            const std::string& name);

}  // namespace gantry

#endif  // GANTRY_BASE_JSON_OBJECT_H_
