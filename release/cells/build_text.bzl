"""The text of generated Starlark."""

def _scalar(value):
    if type(value) == "string":
        return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return str(value)

def _literal(value, indent):
    """A Starlark expression, laid out as buildifier does."""
    if type(value) != "list":
        return _scalar(value)
    if len(value) < 2:
        return "[%s]" % "".join([_scalar(item) for item in value])
    items = ["%s    %s,\n" % (indent, _scalar(item)) for item in value]
    return "[\n%s%s]" % ("".join(items), indent)

def call(function, attributes, indent = ""):
    """A call, one attribute a line.

    Args:
      function: name of the rule or function.
      attributes: list of (name, value); pairs whose value is None, "" or []
        are left out.
      indent: spaces before the call.

    Returns:
      The call with its last line end.
    """
    inner = indent + "    "
    lines = [
        "%s%s = %s,\n" % (inner, name, _literal(value, inner))
        for name, value in attributes
        if value not in (None, "", [])
    ]
    return "%s%s(\n%s%s)\n" % (indent, function, "".join(lines), indent)

def build_file(loads, calls):
    """A BUILD file whose targets are public.

    Args:
      loads: list of (label of .bzl file, list of names).
      calls: list of call()s.

    Returns:
      The file's text.
    """
    blocks = ["".join([
        "load(%s)\n" % ", ".join([_scalar(text) for text in [label] + names])
        for label, names in loads
    ])] if loads else []
    blocks.append('package(default_visibility = ["//visibility:public"])\n')
    return "\n".join(blocks + calls)
