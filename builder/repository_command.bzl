"""Running programs inside repository rules."""

def run_command(rctx, command, environment = {}):
    """Runs a program and fails if it does not succeed.

    Args:
      rctx: repository context.
      command: list of the program and its arguments.
      environment: dict of variables to set.

    Returns:
      Its standard output.
    """
    result = rctx.execute(
        [str(argument) for argument in command],
        environment = dict(environment, LC_ALL = "C"),
        timeout = 3600,
    )
    if result.return_code != 0:
        fail("@%s: %s exited with %d: %s" % (
            rctx.name,
            command[0],
            result.return_code,
            result.stderr.strip() or result.stdout.strip(),
        ))
    return result.stdout

def find_program(rctx, name, package):
    """Finds a system program, including in the directories of root's PATH.

    Args:
      rctx: repository context.
      name: name of the program.
      package: Debian package that contains it.

    Returns:
      Its absolute path.
    """
    for directory in ["/usr/sbin", "/sbin"]:
        if rctx.path(directory + "/" + name).exists:
            return directory + "/" + name
    path = rctx.which(name)
    if not path:
        fail("@%s: %s is not installed: apt-get install %s" % (rctx.name, name, package))
    return str(path)
