"""Parses the output of `protoc --decode`: one field or brace per line.

Assumes that the text is valid, because protoc has checked it with the schema.
"""

_HEX = "0123456789abcdef"

# The escapes of protobuf's CEscape() that are not octal.
_ESCAPES = {
    '"': '"',
    "'": "'",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}

def _character(octal):
    code = int(octal, 8)
    return json.decode('"\\u00%s%s"' % (_HEX[code // 16], _HEX[code % 16]))

def _unescape(text):
    """Undoes CEscape().  Each byte becomes the character with that code point."""
    result = []
    literal = True
    for part in text.split("\\"):
        if literal:
            result.append(part)
            literal = False
        elif not part:
            # An escaped backslash, which the next part follows.
            result.append("\\")
            literal = True
        elif part[0] in _ESCAPES:
            result.append(_ESCAPES[part[0]] + part[1:])
        else:
            result.append(_character(part[:3]) + part[3:])
    return "".join(result)

def _value(text):
    if text.startswith('"'):
        return _unescape(text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    if text.lstrip("-").isdigit():
        return int(text)
    return text

def parse_textproto(text):
    """Parses one message.

    Args:
      text: output of `protoc --decode`.

    Returns:
      dict from the name of each field that is set to the list of its values:
      dicts for messages, names for enum values.  Each byte of a string is a
      character below U+0100.
    """
    root = {}
    stack = [root]
    for line in text.split("\n"):
        line = line.strip()
        if not line:
            continue
        if line == "}":
            stack.pop()
        elif line.endswith(" {"):
            message = {}
            stack[-1].setdefault(line[:-2], []).append(message)
            stack.append(message)
        else:
            key, _, value = line.partition(": ")
            stack[-1].setdefault(key, []).append(_value(value))
    return root

def first(message, field, default = ""):
    """The value of a field that is not repeated.

    Args:
      message: dict from parse_textproto().
      field: name of the field.
      default: value of an unset field.

    Returns:
      The value.
    """
    return message.get(field, [default])[0]
