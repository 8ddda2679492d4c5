"""Formats generated Starlark."""

def _scalar(value):
    if type(value) == "string":
        return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return str(value)

def _literal(value, indent):
    """A Starlark expression, formatted as buildifier does."""
    if type(value) != "list":
        return _scalar(value)
    if len(value) < 2:
        return "[%s]" % "".join([_scalar(item) for item in value])
    items = ["%s    %s,\n" % (indent, _scalar(item)) for item in value]
    return "[\n%s%s]" % ("".join(items), indent)

def call(function, attributes, indent = ""):
    """A call, with one attribute per line.

    Args:
      function: name of the rule or function.
      attributes: list of (name, value); pairs with the value None, "" or []
        are omitted.
      indent: spaces before the call.

    Returns:
      The call, with a trailing newline.
    """
    inner = indent + "    "
    lines = [
        "%s%s = %s,\n" % (inner, name, _literal(value, inner))
        for name, value in attributes
        if value not in (None, "", [])
    ]
    return "%s%s(\n%s%s)\n" % (indent, function, "".join(lines), indent)

def build_file(loads, calls):
    """A BUILD file with public targets.

    Args:
      loads: list of (label of .bzl file, list of names).
      calls: list of call()s.

    Returns:
      Text of the file.
    """
    blocks = ["".join([
        "load(%s)\n" % ", ".join([_scalar(text) for text in [label] + names])
        for label, names in loads
    ])] if loads else []
    blocks.append('package(default_visibility = ["//visibility:public"])\n')
    return "\n".join(blocks + calls)
