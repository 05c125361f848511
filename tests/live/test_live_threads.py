"""How many cores there are for threads: those that this process may use."""

import os

import pytest

from s2s_live.commands.checks.machine import check_machine
from s2s_live.live import threads
from s2s_live.live.threads import engine_threads, threads_alone, usable_cores
from s2s_live.record.codecs import offline_threads


@pytest.fixture
def quota(tmp_path, monkeypatch):
    """64 cores, and the file that says how much of them a container may use."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(threads, "QUOTA", tmp_path / "cpu.max")
    return threads.QUOTA


def test_cores_that_the_process_was_not_given_do_not_count(quota, monkeypatch):
    assert (usable_cores(), engine_threads(), threads_alone()) == (64, 4, 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7, 41}, raising=False)
    assert (usable_cores(), engine_threads(), threads_alone(), offline_threads()) == (2, 1, 1, 1)


def test_systems_that_do_not_tell_count_all_cores(quota, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cores() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 2


@pytest.mark.parametrize(
    ("said", "cores"),
    [
        ("max 100000\n", 64),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("5000 100000\n", 1),
        ("9900000 100000\n", 64),
        ("", 64),
        ("1000 0\n", 64),
    ],
)
def test_a_containers_quota_counts_in_whole_cores(quota, said, cores):
    quota.write_text(said)
    assert usable_cores() == cores


def test_doctor_tells_the_cores_that_the_app_has(quota, monkeypatch):
    monkeypatch.setattr("s2s_live.commands.checks.machine.ask", lambda _: ([], ""))
    quota.write_text("100000 100000\n")
    cores = next(finding for finding in check_machine() if finding.name == "cores")
    assert (cores.text, cores.state) == ("1", "warn")
