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
    monkeypatch.setattr(threads, "GROUPS", tmp_path)
    monkeypatch.setattr(threads, "MINE", tmp_path / "mine")
    return tmp_path / "cpu.max"


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


@pytest.mark.parametrize(
    ("outer", "inner", "cores"),
    [
        ("max 100000", "300000 100000", 3),
        ("200000 100000", "300000 100000", 2),
        ("400000 100000", "max 100000", 4),
    ],
)
def test_the_least_of_all_groups_around_it_counts(quota, tmp_path, outer, inner, cores):
    group = tmp_path / "system.slice" / "show.service"
    group.mkdir(parents=True)
    (tmp_path / "mine").write_text("4:memory:/elsewhere\n0::/system.slice/show.service\n")
    (group.parent / "cpu.max").write_text(outer)
    (group / "cpu.max").write_text(inner)
    assert usable_cores() == cores


def test_a_group_outside_of_what_a_container_sees_does_not_count(quota, tmp_path):
    (tmp_path / "mine").write_text("0::/../../host\n")
    quota.write_text("500000 100000")
    assert usable_cores() == 5


def test_doctor_tells_the_cores_that_the_app_has(quota, monkeypatch):
    monkeypatch.setattr("s2s_live.commands.checks.machine.ask", lambda _: ([], ""))
    quota.write_text("100000 100000\n")
    cores = next(finding for finding in check_machine() if finding.name == "cores")
    assert (cores.text, cores.state) == ("1", "warn")
