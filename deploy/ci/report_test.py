"""Tests of report.py."""

import contextlib
import datetime
import http.server
import io
import json
import os
import sys
import tempfile
import threading
import unittest
from unittest import mock

import report
from nightly_results import Channel, Changes, Run

NOW = datetime.datetime(2026, 1, 2, 3, 0, tzinfo=datetime.timezone.utc)


def cell(cell_id, state, cuda="12.4", **fields):
  return {
      "id": cell_id, "state": "CELL_STATE_" + state.upper(),
      "channels": ["stable"], "want_time": "2026-01-02T00:00:00Z",
      "coordinates": {"os_release": "flatcar-1", "architecture": "amd64",
                      "product": "nvidia", "version": "535.1",
                      "flavour": "DRIVER_FLAVOUR_OPEN", "cuda_version": cuda},
      **fields}


def failed(cell_id, fingerprint, **fields):
  return cell(cell_id, "failed", failure={
      "class": "FAILURE_CLASS_DETERMINISTIC", "stage": "compile",
      "fingerprint": fingerprint, "reason": "x.c:1: error"}, **fields)


def markdown(*cells, last=None):
  run = Run(NOW, datetime.timedelta(hours=1), {"stable": Channel(cells)})
  return report.make_report(run, Changes(run, last), last).markdown()


class ReportTest(unittest.TestCase):

  def test_matrix(self):
    self.assertIn(
        "| OS release | Architecture | 535.1 / CUDA 11.8 | 535.1 / CUDA 12.4 |\n"
        "|---|---|---|---|\n"
        "| flatcar-1 | amd64 | built | planned, late |\n",
        markdown(cell("a", "built", cuda="11.8"), cell("b", "planned")))

  def test_failures_are_grouped(self):
    text = markdown(failed("a", "f1"), failed("b", "f2"), failed("c", "f2"))
    self.assertLess(text.index("### f2\n"), text.index("### f1\n"))
    self.assertIn("2 cells, deterministic in stage compile: x.c:1: error\n\n"
                  "- b (new), next attempt: when its recipe changes\n"
                  "- c (new), next attempt: when its recipe changes\n", text)

  def test_waiting(self):
    text = markdown(
        cell("a", "planned"),
        cell("b", "building", lease={"worker": "w/1",
                                     "expire_time": "2026-01-02T03:10:00Z"}),
        failed("c", "f", next_attempt_time="2026-01-02T04:00:00Z"))
    self.assertIn("| a | planned, late | 2026-01-02 00:00 UTC | a worker |\n",
                  text)
    self.assertIn("worker w/1, which has a lease until 2026-01-02 03:10 UTC",
                  text)
    self.assertIn("the next attempt, 2026-01-02 04:00 UTC", text)

  def test_blocked_cells_wait_but_are_not_late(self):
    text = markdown(cell("a", "blocked",
                         reason="siblings b and c fail alike: f"))
    self.assertIn("0 planned, 0 being built, 1 blocked.", text)
    self.assertIn("| a | blocked | 2026-01-02 00:00 UTC | its siblings or a "
                  "node's request: siblings b and c fail alike: f |\n", text)

  def test_no_cells(self):
    self.assertIn("There are no cells.", markdown())


class Receiver(http.server.BaseHTTPRequestHandler):
  status = 200
  bodies = []

  def log_message(self, *unused):
    pass

  def do_POST(self):
    body = self.rfile.read(int(self.headers["Content-Length"]))
    Receiver.bodies.append(json.loads(body))
    self.send_response(Receiver.status)
    self.send_header("Location", "/elsewhere")
    self.send_header("Content-Length", "0")
    self.end_headers()


class MainTest(unittest.TestCase):

  def setUp(self):
    directory = tempfile.TemporaryDirectory()
    self.addCleanup(directory.cleanup)
    self.directory = directory.name
    self.server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    self.addCleanup(self.server.server_close)
    threading.Thread(target=self.server.serve_forever, daemon=True).start()
    self.addCleanup(self.server.shutdown)
    self.url = "http://127.0.0.1:%d/secret" % self.server.server_port
    Receiver.status = 200
    Receiver.bodies = []

  def main(self, *cells):
    return self.main_with_cells_file(json.dumps({"cells": cells}))

  def main_with_cells_file(self, text):
    """Returns exit code and standard error."""
    path = os.path.join(self.directory, "cells.json")
    with open(path, "w", encoding="utf-8") as file:
      file.write(text)
    errors = io.StringIO()
    arguments = ["report.py", "--output=" + self.directory, "--late_hours=24",
                 "--channel", "stable", path, ""]
    with mock.patch.object(sys, "argv", arguments), \
         mock.patch.dict(os.environ, {"GANTRY_NIGHTLY_WEBHOOK": self.url}), \
         contextlib.redirect_stderr(errors), \
         contextlib.redirect_stdout(io.StringIO()):
      return report.main(), errors.getvalue()

  def test_exit_codes(self):
    self.assertEqual((0, ""), self.main(cell("a", "built")))
    self.assertEqual((3, ""), self.main(failed("a", "f")))

  def test_webhook_is_sent_once(self):
    self.main(failed("a", "f"))
    self.main(failed("a", "f"))
    self.assertEqual([["a"]], [[item["id"] for item in body["new_failures"]]
                               for body in Receiver.bodies])
    self.assertIn("new failure: a: x.c:1: error", Receiver.bodies[0]["text"])

  def test_refused_webhook_is_sent_again(self):
    for status in (302, 500):
      Receiver.status = status
      self.assertEqual(
          (1, "report: GANTRY_NIGHTLY_WEBHOOK: the server answered %d; the "
           "next run tries again\n" % status), self.main(failed("a", "f")))
    Receiver.status = 204
    self.assertEqual((3, ""), self.main(failed("a", "f")))
    self.assertEqual(3, len(Receiver.bodies))

  def test_errors_do_not_show_the_url(self):
    for url in ("ftp://host/secret", "secret", "http://[secret", "file:///x"):
      self.url = url
      code, errors = self.main(failed("a", "f"))
      self.assertEqual(1, code)
      self.assertNotIn("secret", errors)

  def test_unusable_cells_are_a_problem_of_the_channel(self):
    self.assertEqual((0, ""), self.main(cell("a", "built")))
    self.assertEqual((3, ""), self.main_with_cells_file("{"))
    with open(os.path.join(self.directory, "report.md"),
              encoding="utf-8") as file:
      text = file.read()
    self.assertIn("| stable | 1 of 1 | ", text)
    self.assertIn("cells.json: not a list of cells: ", text)
    self.assertIn("; the cells are those of an earlier run |\n", text)

  def test_unusable_last_run(self):
    with open(os.path.join(self.directory, "last.json"), "w",
              encoding="utf-8") as file:
      file.write("{")
    code, errors = self.main(cell("a", "built"))
    self.assertEqual(1, code)
    self.assertIn("remove the file", errors)


if __name__ == "__main__":
  unittest.main()
