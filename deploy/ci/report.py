#!/usr/bin/env python3
"""Reports a nightly run: report.md, report.html and report.json.

Run by `nightly`, which documents settings and exit codes.  Compares the run
with the one in last.json, sends the webhook if something new needs attention,
and then replaces last.json: a run whose webhook cannot be sent is not the last
one, so that the next run tells what this one could not.
"""

import argparse
import datetime
import json
import os
import sys
import urllib.error
import urllib.request

import document
import nightly_results

_INCOMPLETE = 3
_WEBHOOK_SECONDS = 30
# Of each list in a webhook's text; its JSON has all.
_TEXT_ITEMS = 10


class WebhookError(Exception):
  """The webhook was not accepted.  The message does not have its URL."""


def _minutes(time):
  return time.strftime("%Y-%m-%d %H:%M UTC")


def _optional_minutes(text, otherwise):
  time = nightly_results.parse_time(text)
  return _minutes(time) if time else otherwise


def _product(cell):
  """The column of a cell, such as "535.261.03 / CUDA 12.4"."""
  coordinates = cell.get("coordinates") or {}
  text = coordinates.get("version", "")
  if coordinates.get("product", "nvidia") != "nvidia":
    text = "%s %s" % (coordinates["product"], text)
  if coordinates.get("flavour") == "DRIVER_FLAVOUR_PROPRIETARY":
    text += " proprietary"
  if coordinates.get("cuda_version"):
    text += " / CUDA %s" % coordinates["cuda_version"]
  return text


def _row(cell):
  coordinates = cell.get("coordinates") or {}
  return (coordinates.get("os_release", ""), coordinates.get("architecture", ""))


def _count(number, singular, plural=None):
  return "%d %s" % (number, singular if number == 1 else
                    plural or singular + "s")


def summary(run):
  """One sentence on the whole run."""
  wanted = sum(1 for cell in run.cells.values()
               if nightly_results.is_wanted(cell))
  text = "%d of %s built, %d failed, %d planned, %d being built" % (
      len(run.ids("built")), _count(wanted, "wanted cell"),
      len(run.ids("failed")), len(run.ids("planned")),
      len(run.ids("building")))
  blocked = len(run.ids("blocked"))
  if blocked:
    text += ", %d blocked" % blocked
  if run.late_ids:
    text += "; %d late" % len(run.late_ids)
  with_problems = sum(1 for channel in run.channels.values()
                      if channel.problems)
  if with_problems:
    text += "; %s with problems" % _count(with_problems, "channel")
  return text + "."


def _add_channels(out, run):
  out.heading("Channels")
  rows = []
  for name, channel in run.channels.items():
    states = [nightly_results.state_of(cell)
              for cell in channel.cells.values()]
    problems = "; ".join(channel.problems)
    if not channel.is_current:
      problems += "; the cells are those of an earlier run"
    rows.append([name, "%d of %d" % (
        states.count("built"),
        sum(1 for cell in channel.cells.values()
            if nightly_results.is_wanted(cell))), problems or "none"])
  out.table(["Channel", "Built", "Problems"], rows)


def _add_matrix(out, run):
  out.heading("Matrix")
  cells = [run.cells[cell_id] for cell_id in sorted(run.cells)
           if nightly_results.state_of(run.cells[cell_id]) != "retired"]
  if not cells:
    out.paragraph("There are no cells.")
    return
  columns = sorted({_product(cell) for cell in cells})
  texts = {}
  for cell in cells:
    text = nightly_results.state_of(cell)
    if cell["id"] in run.late_ids:
      text += ", late"
    texts[_row(cell), _product(cell)] = text
  out.table(["OS release", "Architecture"] + columns,
            [list(row) + [texts.get((row, column), "") for column in columns]
             for row in sorted({_row(cell) for cell in cells})])


def _add_changes(out, run, changes, last):
  if last is None:
    out.heading("New")
    out.paragraph("This is the first run, so everything is new.")
    return
  out.heading("New since %s" % _minutes(last.time))
  items = ["channel %s: %s" % (name, "; ".join(run.channels[name].problems))
           for name in changes.channels]
  for what, ids in (("failed", changes.failures), ("late", changes.late),
                    ("built", changes.built), ("wanted", changes.wanted),
                    ("no longer wanted", changes.unwanted)):
    items += ["%s: %s" % (what, cell_id) for cell_id in ids]
  if items:
    out.list(items)
  else:
    out.paragraph("Nothing.")


def _add_failures(out, run, changes):
  out.heading("Failures")
  groups = {}
  for cell_id in run.ids("failed"):
    key = nightly_results.fingerprint_of(run.cells[cell_id])
    groups.setdefault(key, []).append(run.cells[cell_id])
  if not groups:
    out.paragraph("None.")
  # Those that concern most cells first.
  for key in sorted(groups, key=lambda key: (-len(groups[key]), key)):
    cells = groups[key]
    failure = cells[0].get("failure") or {}
    out.subheading(key)
    kind = failure.get("class", "").replace("FAILURE_CLASS_", "").lower()
    out.paragraph("%s%s in stage %s: %s" % (
        _count(len(cells), "cell"), ", " + kind if kind else "",
        failure.get("stage") or "unknown", nightly_results.reason_of(cells[0])))
    items = []
    for cell in cells:
      text = cell["id"]
      if cell["id"] in changes.failures:
        text += " (new)"
      text += ", next attempt: " + _optional_minutes(
          cell.get("next_attempt_time"), "when its recipe changes")
      if cell.get("log_uri"):
        text += ", log " + cell["log_uri"]
      items.append(text)
    out.list(items)


def _waits_for(cell):
  """What has to happen before a waiting cell is built."""
  state = nightly_results.state_of(cell)
  lease = cell.get("lease") or {}
  if state == "building":
    return "worker %s, which has a lease until %s" % (
        lease.get("worker", "unknown"),
        _optional_minutes(lease.get("expire_time"), "an unknown time"))
  if state == "failed":
    return "the next attempt, " + _optional_minutes(
        cell.get("next_attempt_time"), "at an unknown time")
  if state == "blocked":
    return "its siblings or a node's request: " + nightly_results.reason_of(cell)
  return "a worker"


def _add_waiting(out, run):
  out.heading("Waiting")
  cells = [run.cells[cell_id] for cell_id in sorted(run.cells)
           if nightly_results.is_waiting(run.cells[cell_id]) or
           nightly_results.is_blocked(run.cells[cell_id])]
  if not cells:
    out.paragraph("Nothing.")
    return
  rows = []
  for cell in cells:
    since = nightly_results.wanted_since(cell)
    rows.append([
        cell["id"],
        nightly_results.state_of(cell) + (
            ", late" if cell["id"] in run.late_ids else ""),
        _minutes(since) if since else "unknown", _waits_for(cell)])
  out.table(["Cell", "State", "Wanted since", "Waits for"], rows)


def make_report(run, changes, last):
  out = document.Document("Nightly run of %s" % _minutes(run.time))
  out.paragraph(summary(run))
  _add_channels(out, run)
  _add_matrix(out, run)
  _add_changes(out, run, changes, last)
  _add_failures(out, run, changes)
  _add_waiting(out, run)
  return out


def make_message(run, changes, report_url):
  """The JSON object that the webhook gets."""
  failures = [{
      "id": cell_id,
      "channels": run.cells[cell_id].get("channels", []),
      "fingerprint": nightly_results.fingerprint_of(run.cells[cell_id]),
      "reason": nightly_results.reason_of(run.cells[cell_id]),
      "log_uri": run.cells[cell_id].get("log_uri", ""),
  } for cell_id in changes.failures]
  late = [{
      "id": cell_id,
      "channels": run.cells[cell_id].get("channels", []),
      "state": nightly_results.state_of(run.cells[cell_id]),
      "want_time": run.cells[cell_id].get("want_time") or "",
  } for cell_id in changes.late]
  channels = [{"name": name, "problems": run.channels[name].problems}
              for name in changes.channels]
  lines = ["Gantry: " + summary(run)]
  for items in (
      ["new failure: %s: %s" % (item["id"], item["reason"])
       for item in failures],
      ["late: %s is %s" % (item["id"], item["state"]) for item in late],
      ["channel %s: %s" % (item["name"], "; ".join(item["problems"]))
       for item in channels]):
    lines += items[:_TEXT_ITEMS]
    if len(items) > _TEXT_ITEMS:
      lines.append("and %d more" % (len(items) - _TEXT_ITEMS))
  if report_url:
    lines.append(report_url)
  return {
      "text": "\n".join(lines),
      "time": nightly_results.format_time(run.time),
      "report_url": report_url,
      "new_failures": failures,
      "newly_late": late,
      "failed_channels": channels,
  }


class _NoRedirects(urllib.request.HTTPRedirectHandler):
  """urllib would turn the POST into a GET without content."""

  def redirect_request(self, *unused):
    return None


def send(url, message):
  """Raises WebhookError unless the server answers with 2xx."""
  # The URL often contains a secret, and so do messages that quote it.
  try:
    request = urllib.request.Request(
        url, data=json.dumps(message).encode(), method="POST",
        headers={"Content-Type": "application/json",
                 "User-Agent": "gantry-nightly"})
    if request.type not in ("http", "https"):
      raise WebhookError("its URL does not begin with http:// or https://")
    opener = urllib.request.build_opener(_NoRedirects)
    with opener.open(request, timeout=_WEBHOOK_SECONDS):
      pass
  except urllib.error.HTTPError as error:
    raise WebhookError("the server answered %d" % error.code) from None
  except urllib.error.URLError as error:
    raise WebhookError("%s" % error.reason) from None
  except ValueError:
    raise WebhookError("its URL is invalid") from None
  except OSError as error:
    raise WebhookError("%s" % error) from None


def _write(path, text):
  """Replaces the file atomically."""
  temporary = path + ".new"
  with open(temporary, "w", encoding="utf-8") as file:
    file.write(text)
    file.flush()
    os.fsync(file.fileno())
  os.replace(temporary, path)


def _read_channels(arguments):
  channels = {}
  for name, path, problems in arguments:
    lines = [line for line in problems.splitlines() if line]
    cells = []
    is_current = bool(path)
    if path:
      try:
        cells = nightly_results.read_cells(path)
      except nightly_results.ResultsError as error:
        lines.append(str(error))
        is_current = False
    channels[name] = nightly_results.Channel(cells, lines, is_current)
  return channels


def _run(options):
  last_path = os.path.join(options.output, "last.json")
  last = nightly_results.read_run(last_path)
  channels = _read_channels(options.channel)
  nightly_results.keep_unknown(channels, last)
  run = nightly_results.Run(
      datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0),
      datetime.timedelta(hours=options.late_hours), channels)
  changes = nightly_results.Changes(run, last)
  report = make_report(run, changes, last)
  _write(os.path.join(options.output, "report.md"), report.markdown())
  _write(os.path.join(options.output, "report.html"), report.html())
  _write(os.path.join(options.output, "report.json"), run.to_json())
  print(summary(run))
  # In the environment, because anybody can read command lines.
  webhook = os.environ.get("GANTRY_NIGHTLY_WEBHOOK", "")
  if webhook and changes.need_attention():
    send(webhook, make_message(run, changes, options.report_url))
  _write(last_path, run.to_json())
  return 0 if run.is_complete() else _INCOMPLETE


def main():
  parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
  parser.add_argument("--output", required=True, metavar="DIRECTORY",
                      help="for the report and last.json")
  parser.add_argument("--channel", nargs=3, action="append", required=True,
                      metavar=("NAME", "FILE", "PROBLEMS"),
                      help="FILE: what `query --json list` printed, or empty "
                      "if it failed; PROBLEMS: lines")
  parser.add_argument("--late_hours", type=float, required=True,
                      help="a cell that waits longer is late")
  parser.add_argument("--report_url", default="",
                      help="where the report can be read")
  try:
    return _run(parser.parse_args())
  except nightly_results.ResultsError as error:
    print("report: %s" % error, file=sys.stderr)
  except WebhookError as error:
    print("report: GANTRY_NIGHTLY_WEBHOOK: %s; the next run tries again" %
          error, file=sys.stderr)
  except OSError as error:
    print("report: %s" % error, file=sys.stderr)
  return 1


if __name__ == "__main__":
  sys.exit(main())
