"""Decodes base64, as which protobuf's JSON has bytes."""

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUES = {_DIGITS[value]: value for value in range(64)}

# The characters U+0000 to U+00FF.
_HEX = "0123456789abcdef"
_BYTES = json.decode("[%s]" % ",".join([
    '"\\u00%s%s"' % (high, low)
    for high in _HEX.elems()
    for low in _HEX.elems()
]))

def base64_to_bytes(text):
    """Decodes base64.

    Args:
      text: padded base64 (RFC 4648, section 4).

    Returns:
      A string in which each byte is the character with that code point, as
      repository_ctx.file(legacy_utf8 = False) writes it.
    """
    if len(text) % 4:
        fail("base64 must have a multiple of 4 characters, not %d" % len(text))
    digits = text.rstrip("=")
    padding = len(text) - len(digits)
    if padding > 2:
        fail("base64 has %d characters of padding; at most 2 are valid" % padding)
    result = []
    for start in range(0, len(digits), 4):
        bits = 0
        for digit in (digits[start:start + 4] + "A" * padding)[:4].elems():
            if digit not in _VALUES:
                fail("base64 has the character %r" % digit)
            bits = bits * 64 + _VALUES[digit]
        result += [_BYTES[bits >> 16], _BYTES[(bits >> 8) % 256], _BYTES[bits % 256]]
    return "".join(result[:len(result) - padding])
