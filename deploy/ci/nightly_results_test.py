"""Tests of nightly_results.py."""

import datetime
import os
import tempfile
import unittest

import nightly_results
from nightly_results import Channel, Changes, Run

NOW = datetime.datetime(2026, 1, 2, 3, 0, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def cell(cell_id, state, **fields):
  return {"id": cell_id, "state": "CELL_STATE_" + state.upper(),
          "channels": ["stable"], "want_time": "2026-01-02T00:00:00Z",
          **fields}


def failed(cell_id, fingerprint, **fields):
  return cell(cell_id, "failed",
              failure={"fingerprint": fingerprint, "reason": "no"}, **fields)


def run(*cells, problems=(), is_current=True, name="stable"):
  return Run(NOW, DAY, {name: Channel(cells, problems, is_current)})


class TimeTest(unittest.TestCase):

  def test_parse(self):
    self.assertEqual(NOW, nightly_results.parse_time("2026-01-02T03:00:00Z"))
    self.assertEqual(
        NOW.replace(microsecond=250000),
        nightly_results.parse_time("2026-01-02T03:00:00.250Z"))
    self.assertEqual(
        NOW.replace(microsecond=1),
        nightly_results.parse_time("2026-01-02T03:00:00.000001999Z"))
    self.assertIsNone(nightly_results.parse_time(None))

  def test_format(self):
    self.assertEqual("2026-01-02T03:00:00Z", nightly_results.format_time(NOW))


class LateTest(unittest.TestCase):

  def late(self, *cells):
    return sorted(run(*cells).late_ids)

  def test_waits_longer_than_allowed(self):
    old = "2026-01-01T02:59:59Z"
    self.assertEqual(
        ["building", "planned", "retried"],
        self.late(cell("planned", "planned", want_time=old),
                  cell("building", "building", want_time=old),
                  failed("retried", "f", want_time=old,
                         next_attempt_time="2026-01-02T04:00:00Z"),
                  failed("final", "f", want_time=old),
                  cell("built", "built", want_time=old),
                  cell("excluded", "excluded", want_time=old)))

  def test_in_time(self):
    self.assertEqual([], self.late(
        cell("x", "planned", want_time="2026-01-01T03:00:00Z"),
        cell("y", "planned", want_time=None)))


class CompleteTest(unittest.TestCase):

  def test_all_wanted_cells_are_built(self):
    self.assertTrue(run(cell("a", "built"), cell("b", "excluded"),
                        cell("c", "retired")).is_complete())

  def test_not_built(self):
    for state in ("planned", "building", "failed", "blocked", "new state"):
      self.assertFalse(run(cell("a", "built"), cell("b", state)).is_complete())

  def test_problem_of_a_channel(self):
    self.assertFalse(run(cell("a", "built"), problems=["x"]).is_complete())


class ChangesTest(unittest.TestCase):

  def test_first_run(self):
    changes = Changes(run(failed("a", "f"), cell("b", "built")), None)
    self.assertEqual((["a"], ["b"], ["a", "b"]),
                     (changes.failures, changes.built, changes.wanted))
    self.assertTrue(changes.need_attention())

  def test_nothing_new(self):
    old = run(failed("a", "f"), cell("b", "planned"), problems=["x"])
    self.assertFalse(Changes(old, old).need_attention())

  def test_failure_with_another_cause_is_new(self):
    changes = Changes(run(failed("a", "g"), failed("b", "f")),
                      run(failed("a", "f"), failed("b", "f")))
    self.assertEqual(["a"], changes.failures)

  def test_failure_after_success_is_new(self):
    changes = Changes(run(failed("a", "f")), run(cell("a", "built")))
    self.assertEqual(["a"], changes.failures)

  def test_late_only_once(self):
    late = cell("a", "planned", want_time="2025-01-01T00:00:00Z")
    self.assertEqual(["a"], Changes(run(late), run()).late)
    self.assertEqual([], Changes(run(late), run(late)).late)

  def test_built_and_rebuilt(self):
    changes = Changes(
        run(cell("a", "built", revision=1), cell("b", "built", revision=2),
            cell("c", "built", revision=1)),
        run(cell("a", "planned"), cell("b", "built", revision=1),
            cell("c", "built", revision=1)))
    self.assertEqual(["a", "b"], changes.built)
    self.assertFalse(changes.need_attention())

  def test_no_longer_wanted(self):
    last = run(cell("a", "built"), cell("b", "failed"), cell("c", "retired"),
               cell("d", "built", channels=["other"]))
    changes = Changes(run(cell("a", "retired")), last)
    self.assertEqual(["a", "b"], changes.unwanted)

  def test_channel_problem_only_once(self):
    with_problem = run(problems=["x"])
    self.assertEqual(["stable"], Changes(with_problem, run()).channels)
    self.assertEqual([], Changes(with_problem, with_problem).channels)


class UnknownTest(unittest.TestCase):

  def test_unreachable_service_keeps_cells(self):
    last = run(failed("a", "f"))
    channels = {"stable": Channel([], ["query failed"], is_current=False)}
    nightly_results.keep_unknown(channels, last)
    changes = Changes(Run(NOW, DAY, channels), last)
    self.assertEqual(([], []), (changes.failures, changes.unwanted))


  def test_current_state_of_a_cell_in_two_channels(self):
    old = Channel([cell("a", "planned")], ["x"], is_current=False)
    new = Channel([cell("a", "built")])
    for channels in ({"x": old, "y": new}, {"x": new, "y": old}):
      self.assertEqual(["a"], Run(NOW, DAY, channels).ids("built"))


class FileTest(unittest.TestCase):

  def setUp(self):
    directory = tempfile.TemporaryDirectory()
    self.addCleanup(directory.cleanup)
    self.path = os.path.join(directory.name, "x.json")

  def write(self, text):
    with open(self.path, "w", encoding="utf-8") as file:
      file.write(text)

  def test_run_survives(self):
    old = run(failed("a", "f"), problems=["x"])
    self.write(old.to_json())
    read = nightly_results.read_run(self.path)
    self.assertEqual(old.to_json(), read.to_json())

  def test_no_run(self):
    self.assertIsNone(nightly_results.read_run(self.path))

  def test_unusable_run(self):
    for text in ("", "[]", "{}", '{"version": 2}'):
      self.write(text)
      with self.assertRaisesRegex(nightly_results.ResultsError,
                                  "x.json: .*; remove the file"):
        nightly_results.read_run(self.path)

  def test_cells(self):
    self.write('{"cells": [{"id": "a"}]}')
    self.assertEqual([{"id": "a"}], nightly_results.read_cells(self.path))

  def test_unusable_cells(self):
    for text in ("", "null", "{}", '{"cells": [{}]}', '{"cells": [{"id": 1}]}'):
      self.write(text)
      with self.assertRaisesRegex(nightly_results.ResultsError,
                                  "x.json: not a list of cells"):
        nightly_results.read_cells(self.path)


if __name__ == "__main__":
  unittest.main()
