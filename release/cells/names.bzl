"""Names of the targets and repositories of a lock."""

load(":textproto.bzl", "first")

def driver_name(driver):
    """A driver's part of names; the same as DriverName() of //base:cell_name.

    Args:
      driver: LockedDriver.

    Returns:
      Its version, and "-proprietary" for that flavour.
    """
    suffix = "-proprietary" if first(driver, "flavour") == "DRIVER_FLAVOUR_PROPRIETARY" else ""
    return first(driver, "version") + suffix

def _repository_name(kind, name):
    # Repository names take no "+" (Bazel's RepositoryName).
    return kind + "_" + name.replace("+", "_")

def container_repository(release):
    """Repository of a release's developer container.

    Args:
      release: LockedRelease.

    Returns:
      Its name.
    """
    return _repository_name("container", first(release, "name"))

def kernel_repository(release):
    """Repository of the kernel image of a release whose container has none.

    Args:
      release: LockedRelease.

    Returns:
      Its name.
    """
    return _repository_name("kernel", first(release, "name"))

def source_repository(driver):
    """Repository of a driver's module sources.

    Args:
      driver: LockedDriver.

    Returns:
      Its name.
    """
    return _repository_name("driver_source", driver_name(driver))

def userland_repository(driver):
    """Repository of a driver's user space.

    Args:
      driver: LockedDriver.

    Returns:
      Its name.
    """
    return _repository_name("driver_userland", driver_name(driver))

def toolkit_repository(toolkit):
    """Repository of a CUDA toolkit's components.

    Args:
      toolkit: LockedToolkit.

    Returns:
      Its name.
    """
    return _repository_name("cuda", first(toolkit, "version"))
