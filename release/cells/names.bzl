"""Names of targets and repositories for the entries of a lock."""

def driver_name(driver):
    """The name of a driver, equal to DriverName() in //base:cell_name.

    Args:
      driver: LockedDriver, or coordinates of a cell.

    Returns:
      Its version, with "_proprietary" appended for that flavour.
    """
    suffix = "_proprietary" if driver.get("flavour") == "DRIVER_FLAVOUR_PROPRIETARY" else ""
    return driver["version"] + suffix

def _repository_name(kind, name):
    # Names of repositories must not contain "+" (Bazel's RepositoryName).
    return kind + "_" + name.replace("+", "_")

def container_repository(release):
    """The repository with the developer container of a release, or with its packages.

    Args:
      release: LockedRelease.

    Returns:
      Name of the repository.
    """
    return _repository_name("container", release["name"])

def kernel_repository(release):
    """The repository with the kernel image of a release, if its container has none.

    Args:
      release: LockedRelease.

    Returns:
      Name of the repository.
    """
    return _repository_name("kernel", release["name"])

def source_repository(driver):
    """The repository with the module sources of a driver.

    Args:
      driver: LockedDriver.

    Returns:
      Name of the repository.
    """
    return _repository_name("driver_source", driver_name(driver))

def userland_repository(driver):
    """The repository with the user space of a driver.

    Args:
      driver: LockedDriver.

    Returns:
      Name of the repository.
    """
    return _repository_name("driver_userland", driver_name(driver))

def toolkit_repository(toolkit):
    """The repository with the components of a CUDA toolkit.

    Args:
      toolkit: LockedToolkit.

    Returns:
      Name of the repository.
    """
    return _repository_name("cuda", toolkit["version"])
