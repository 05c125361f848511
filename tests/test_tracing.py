"""Traces hold what ran while they were recorded, on which thread and for how long."""

import json
import threading
import time

import pytest

from s2s_live.cli import main
from s2s_live.errors import S2SError
from s2s_live.tracing import recording, span


def test_spans_are_written_as_a_chrome_trace(tmp_path):
    def work():
        with span("hear", hop=3):
            time.sleep(0.02)

    with recording(tmp_path / "trace.json"), span("paint", frame=7, position=480):
        thread = threading.Thread(target=work, name="s2s-hearing")
        thread.start()
        thread.join()
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    paint, hear = (event for event in events if event["ph"] == "X")
    assert (paint["name"], paint["args"]) == ("paint", {"frame": 7, "position": 480})
    assert (hear["name"], names[hear["tid"]]) == ("hear", "s2s-hearing")
    assert hear["dur"] >= 20_000
    assert paint["ts"] <= hear["ts"]
    assert hear["ts"] + hear["dur"] <= paint["ts"] + paint["dur"] + 1.0


def test_threads_that_follow_one_another_keep_their_names(tmp_path):
    def work():
        with span("work"):
            pass

    with recording(tmp_path / "trace.json"):
        for name in ("s2s-one", "s2s-other"):
            thread = threading.Thread(target=work, name=name)
            thread.start()
            thread.join()
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    assert [names[event["tid"]] for event in events if event["ph"] == "X"] == ["s2s-one", "s2s-other"]


def test_a_disk_that_fails_at_the_end_does_not_take_the_work_along(tmp_path, caplog):
    folder = tmp_path / "folder"
    folder.mkdir()
    with recording(folder / "trace.json"), span("paint"):
        (folder / "trace.json").unlink()
        folder.rmdir()
    assert "could not be written" in caplog.text


@pytest.mark.parametrize("wrong", [["--compare", "--trace", "trace.json"], ["--trace", "nowhere/trace.json"]])
def test_a_trace_that_could_not_be_made_is_refused_before_measuring(wrong, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *wrong]) != 0
    assert "trace" in capsys.readouterr().err


def test_nothing_is_kept_of_what_ran_before_or_after(tmp_path):
    with span("before"):
        pass
    for name in ("first", "second"):
        with recording(tmp_path / name), span(name):
            pass
        with span("between"):
            pass
        events = json.loads((tmp_path / name).read_text())["traceEvents"]
        assert [event["name"] for event in events if event["ph"] == "X"] == [name]


def test_a_trace_survives_what_it_is_about(tmp_path):
    with pytest.raises(ZeroDivisionError), recording(tmp_path / "trace.json"), span("paint"):
        _ = 1 / 0
    assert '"paint"' in (tmp_path / "trace.json").read_text()


def test_a_file_that_cannot_be_written_is_refused_at_once(tmp_path):
    with pytest.raises(S2SError, match="cannot be written"), recording(tmp_path / "nowhere" / "trace.json"):
        pytest.fail("nothing was recorded yet")
