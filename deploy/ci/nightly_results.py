"""The results of a nightly run, and how two runs differ.

Cells are objects as `query --json list` prints them: see proto/cell.proto.
"""

import datetime
import json

# Of the file that keeps a run's results for the next one.
_VERSION = 1

_UNWANTED = ("excluded", "retired")


class ResultsError(Exception):
  """A file cannot be used.  The message names the file and says what to do."""


def parse_time(text):
  """A time of protobuf's JSON mapping; None if it is unset."""
  if not text:
    return None
  # Up to nine digits of a second; datetime knows six.
  base, _, fraction = text.rstrip("Z").partition(".")
  return datetime.datetime.strptime(base, "%Y-%m-%dT%H:%M:%S").replace(
      microsecond=int((fraction + "000000")[:6]), tzinfo=datetime.timezone.utc)


def format_time(time):
  """A time as parse_time() reads it, without fractions of a second."""
  return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def state_of(cell):
  """The name of a cell's state, such as "built"."""
  return cell.get("state", "").replace("CELL_STATE_", "").lower() or "unknown"


def is_wanted(cell):
  return state_of(cell) not in _UNWANTED


def is_waiting(cell):
  """Whether the cell will be built without anybody doing anything."""
  return (state_of(cell) in ("planned", "building") or
          state_of(cell) == "failed" and bool(cell.get("next_attempt_time")))


def is_blocked(cell):
  """Whether the cell is not built because cells for other kernels fail alike."""
  return state_of(cell) == "blocked"


def fingerprint_of(cell):
  """What failures with the same cause have in common; never empty."""
  failure = cell.get("failure") or {}
  if failure.get("fingerprint"):
    return failure["fingerprint"]
  return "%s: %s" % (failure.get("stage") or "unknown stage", reason_of(cell))


def reason_of(cell):
  failure = cell.get("failure") or {}
  return failure.get("reason") or cell.get("reason") or "no reason recorded"


def wanted_since(cell):
  """When the cell was first wanted as it is; None if that is unknown."""
  return parse_time(cell.get("want_time") or cell.get("update_time"))


def is_late(cell, now, late_after):
  since = wanted_since(cell)
  return (is_waiting(cell) and since is not None and
          now - since > late_after)


class Channel:
  """What one run found out about a channel."""

  def __init__(self, cells, problems=(), is_current=True):
    # By id.
    self.cells = {cell["id"]: cell for cell in cells}
    # Each a line: why the channel could not be handled as it should.
    self.problems = list(problems)
    # False: the service was not asked successfully, and the cells are those of
    # an earlier run.
    self.is_current = is_current


class Run:
  """The results of one run."""

  def __init__(self, time, late_after, channels, late_ids=None):
    self.time = time
    # By name, in the order in which they were handled.
    self.channels = channels
    # All cells by id.  Of one in several channels, the current state counts.
    self.cells = {}
    for channel in sorted(channels.values(), key=lambda c: c.is_current):
      self.cells.update(channel.cells)
    self.late_ids = set(late_ids if late_ids is not None else (
        cell_id for cell_id, cell in self.cells.items()
        if is_late(cell, time, late_after)))

  def ids(self, *states):
    """The sorted ids of the cells in these states."""
    return sorted(cell_id for cell_id, cell in self.cells.items()
                  if state_of(cell) in states)

  def is_complete(self):
    """Whether every wanted cell is built, and no channel has problems."""
    return (all(state_of(cell) == "built" for cell in self.cells.values()
                if is_wanted(cell)) and
            not any(channel.problems for channel in self.channels.values()))

  def to_json(self):
    return json.dumps({
        "version": _VERSION,
        "time": format_time(self.time),
        "late_ids": sorted(self.late_ids),
        "channels": {
            name: {
                "problems": channel.problems,
                "is_current": channel.is_current,
                "cells": [channel.cells[key] for key in sorted(channel.cells)],
            } for name, channel in self.channels.items()
        },
    }, indent=1, ensure_ascii=False) + "\n"


def read_cells(path):
  """The cells in a file with the output of `query --json list`."""
  try:
    with open(path, encoding="utf-8") as file:
      cells = json.load(file)["cells"]
    for cell in cells:
      if not isinstance(cell["id"], str):
        raise TypeError("an id is not a string")
    return cells
  except (OSError, ValueError, KeyError, TypeError) as error:
    raise ResultsError("%s: not a list of cells: %r" % (path, error)) from error


def read_run(path):
  """The run that to_json() wrote; None if there is no such file."""
  try:
    with open(path, encoding="utf-8") as file:
      data = json.load(file)
    if data["version"] != _VERSION:
      raise ValueError("version %r" % data["version"])
    channels = {
        name: Channel(channel["cells"], channel["problems"],
                      channel["is_current"])
        for name, channel in data["channels"].items()
    }
    return Run(parse_time(data["time"]), None, channels, data["late_ids"])
  except FileNotFoundError:
    return None
  except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
    raise ResultsError(
        "%s: not the results of a run: %r; remove the file to start without "
        "an earlier run" % (path, error)) from error


def keep_unknown(channels, last):
  """Gives channels that are not current the cells of the last run."""
  for name, channel in channels.items():
    if not channel.is_current and last and name in last.channels:
      channel.cells = dict(last.channels[name].cells)


class Changes:
  """What is new in a run since the last one; everything, without one."""

  def __init__(self, run, last):
    old = last.cells if last else {}
    handled = set(run.channels)

    def was(cell_id, *states):
      return cell_id in old and state_of(old[cell_id]) in states

    def failed_alike(cell_id):
      return (was(cell_id, "failed") and
              fingerprint_of(old[cell_id]) == fingerprint_of(run.cells[cell_id]))

    # A cell that fails for another reason than before is a new failure.
    self.failures = [cell_id for cell_id in run.ids("failed")
                     if not failed_alike(cell_id)]
    self.late = sorted(run.late_ids - (last.late_ids if last else set()))
    self.channels = [
        name for name, channel in run.channels.items()
        if channel.problems and not (
            last and name in last.channels and last.channels[name].problems)]
    self.built = [
        cell_id for cell_id in run.ids("built")
        if not was(cell_id, "built") or
        old[cell_id].get("revision") != run.cells[cell_id].get("revision")]
    self.wanted = [cell_id for cell_id in run.ids(
        "planned", "building", "built", "failed", "blocked")
                   if cell_id not in old]
    # A cell of a channel that this run does not handle is not gone.
    self.unwanted = sorted(
        cell_id for cell_id, cell in old.items()
        if is_wanted(cell) and set(cell.get("channels", [])) & handled and
        (cell_id not in run.cells or not is_wanted(run.cells[cell_id])))

  def need_attention(self):
    """Whether anything failed or became late that had not before."""
    return bool(self.failures or self.late or self.channels)
