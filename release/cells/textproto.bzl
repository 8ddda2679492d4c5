"""Reads what `protoc --decode` prints: text format, one field or brace a line.

protoc has checked it against the schema already, so that nothing here does.
"""

_HEX = "0123456789abcdef"

# Escapes of protobuf's CEscape() that are not octal.
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
    """Undoes CEscape(); each byte becomes the character of that number."""
    result = []
    literal = True
    for part in text.split("\\"):
        if literal:
            result.append(part)
            literal = False
        elif not part:
            # Two backslashes: the next part follows one of them.
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
      dict from each field that is set to the list of its values: dicts for
      messages, names for enum values.  Bytes of strings outside of ASCII are
      characters below U+0100.
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
    """Value of a field that is not repeated.

    Args:
      message: dict from parse_textproto().
      field: name of the field.
      default: what an unset field means.

    Returns:
      The value.
    """
    return message.get(field, [default])[0]
