import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from waiting import wait_for

from s2s_live.audio.device import Device, default_device, find_device
from s2s_live.audio.devices import default_index, parse_table
from s2s_live.audio.feed import Feed
from s2s_live.audio.microphone import formats
from s2s_live.audio.pulse import parse_sources, plain_numbers
from s2s_live.audio.sources import open_source
from s2s_live.audio.supervision import Retry
from s2s_live.audio.watch import DeviceWatch
from s2s_live.errors import AudioError


def entry(name, api=0, inputs=2, outputs=0, rate=48_000.0):
    return {
        "name": name,
        "hostapi": api,
        "max_input_channels": inputs,
        "max_output_channels": outputs,
        "default_samplerate": rate,
    }


def api(name, default_in=-1, default_out=-1):
    return {"name": name, "default_input_device": default_in, "default_output_device": default_out}


def test_ids_survive_another_order_and_tell_twins_apart():
    first = parse_table(
        [entry("USB Audio"), entry("Webcam"), entry("USB Audio")], [api("Core Audio", 1)], "input"
    )
    assert [d.id for _, d in first] == [
        "Core Audio:USB Audio",
        "Core Audio:Webcam",
        "Core Audio:USB Audio (2)",
    ]
    assert [d.is_default for _, d in first] == [False, True, False]
    later = parse_table([entry("Webcam"), entry("USB Audio")], [api("Core Audio", 0)], "input")
    assert {d.id for _, d in later} <= {d.id for _, d in first}


def test_windows_shows_each_device_once_and_the_default_of_wasapi(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    devices = [
        entry("Sound Mapper", 0),
        entry("Microphone (High Definition Au", 0),
        entry("Microphone (High Definition Audio)", 1),
        entry("Speakers [Loopback]", 1),
        entry("Microphone (High Definition Audio)", 2),
    ]
    apis = [api("MME", 0), api("Windows WASAPI", 2), api("Windows WDM-KS", 4)]
    found = [d for _, d in parse_table(devices, apis, "input")]
    assert [(d.name, d.kind, d.is_default) for d in found] == [
        ("Microphone (High Definition Audio)", "input", True),
        ("Speakers [Loopback]", "loopback", False),
    ]


def test_software_devices_of_alsa_that_lead_nowhere_new_are_left_out(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    names = ["HDA Intel: ALC (hw:0,0)", "sysdefault", "surround51:CARD=0", "pulse", "default", "My loop"]
    found = parse_table([entry(name, inputs=32) for name in names], [api("ALSA", 4)], "input")
    assert [d.name for _, d in found] == ["HDA Intel: ALC (hw:0,0)", "My loop"]


def test_no_default():
    assert default_index([], [api("ALSA")], "input") == -1


def test_finding_a_device_by_id_name_or_part():
    devices = [
        default_device(),
        Device("ALSA:Mic A", "Mic A", "ALSA", "input", 1, 48_000, False),
        Device("ALSA:Mic AB", "Mic AB", "ALSA", "input", 1, 48_000, False),
    ]
    assert find_device("ALSA:Mic AB", devices).name == "Mic AB"
    assert find_device("Mic A", devices).name == "Mic A"
    assert find_device("mic ab", devices).name == "Mic AB"
    assert find_device("default", devices).id == "default"
    for text in ("mic", "", "other"):
        with pytest.raises(AudioError) as error:
            find_device(text, devices)
        assert "Mic AB" in error.value.hint


def test_sources_of_the_sound_server():
    found = parse_sources(
        [
            {"name": "out.monitor", "description": "Monitor of Speakers", "monitor_source": "out"},
            {"name": "mic", "description": "Webcam", "sample_specification": "s24le 1ch 44100Hz"},
            {},
        ],
        "mic",
    )
    assert [(d.id, d.name, d.kind, d.channels, d.rate, d.is_default) for d in found] == [
        ("pulse:mic", "Webcam", "input", 1, 44_100, True),
        ("pulse:out.monitor", "Sound of Speakers", "loopback", 2, 48_000, False),
    ]
    assert parse_sources(None, "") == []


def test_the_devices_own_format_is_tried_first_and_none_twice():
    assert formats(96_000, 18, software=False)[:3] == [(96_000, 18), (96_000, 2), (96_000, 1)]
    assert formats(44_100, 32, software=True)[0] == (48_000, 2)
    assert len(set(formats(44_100, 2, software=False))) == len(formats(44_100, 2, software=False))


def test_pauses_between_tries_grow_to_a_second():
    retry, now, tries = Retry(), 0.0, []
    retry.lose(now)
    while now < 6.0:
        if retry.due(now):
            tries.append(now)
            retry.tried(now)
        now = round(now + 0.05, 2)
    assert tries == pytest.approx([0.0, 0.25, 0.75, 1.75, 2.75, 3.75, 4.75, 5.75])
    retry.found()
    assert not retry.due(100.0)


class Opened:
    """As much of a source as the watch looks at."""

    def __init__(self, device_id, opened_id):
        self.device_id, self.opened_id = device_id, opened_id


def test_a_source_whose_device_has_gone_or_whose_default_has_moved_is_misplaced():
    watch = DeviceWatch()

    def table(*entries):
        return {
            "inputs": [
                {**vars(default_device())},
                *(
                    vars(Device(f"Core Audio:{n}", n, "Core Audio", "input", 1, 48_000, d))
                    for n, d in entries
                ),
            ],
            "outputs": [],
            "error": "",
        }

    one, follows = Opened("Core Audio:A", "Core Audio:A"), Opened("default", "Core Audio:A")
    assert not watch.misplaced(one, 0.0)
    watch._take(table(("A", True), ("B", False)), 1.0)
    assert not watch.misplaced(one, 0.0)
    assert not watch.misplaced(follows, 0.0)
    watch._take(table(("A", False), ("B", True)), 2.0)
    assert not watch.misplaced(one, 0.0)
    assert watch.misplaced(follows, 0.0)
    assert not watch.misplaced(follows, 3.0), "opened after the change"
    watch._take(table(("B", True)), 4.0)
    assert watch.misplaced(one, 0.0)
    assert watch.misplaced(follows, 0.0)
    assert not watch.misplaced(Opened("x", "never seen"), 0.0)


@pytest.mark.virtual
def test_the_list_follows_what_is_plugged_in(virtual_mic):
    called = threading.Event()
    watch = DeviceWatch(on_change=called.set)
    watch.start()
    try:
        assert wait_for(lambda: any(d.id == "ALSA:vmic2" for d in watch.inputs))
        assert called.is_set()
        before = watch.changes
        virtual_mic.unplug(2)
        assert wait_for(lambda: not any("vmic2" in d.id for d in watch.inputs))
        assert watch.changes > before
        assert any(d.id == "pulse:vmic1" for d in watch.inputs)
        virtual_mic.replug(2)
        assert wait_for(
            lambda: {"ALSA:vmic2", "pulse:vmic2", "pulse:vmic2_in"} <= {d.id for d in watch.devices}
        )
    finally:
        watch.stop()


@pytest.mark.virtual
@pytest.mark.parametrize("text", ["vmic2", "pulse:vmic2"])
def test_a_stream_that_was_moved_to_another_microphone_is_noticed(virtual_mic, text):
    watch = DeviceWatch()
    feed = Feed(seconds=2.0, watch=watch)
    watch.start()
    feed.start()
    try:
        assert wait_for(lambda: watch.changes)
        feed.play(open_source(text))
        virtual_mic.unplug(2)
        assert wait_for(lambda: feed.status(time.monotonic()).state == "lost")
        virtual_mic.replug(2)
        assert wait_for(lambda: feed.status(time.monotonic()).state == "running")
    finally:
        feed.stop()
        watch.stop()


def processes():
    """(pid, parent) of every process that is not a zombie."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if fields[0] != "Z":
            yield int(folder.name), int(fields[1])


def children(pid):
    """Processes below `pid`."""
    known = dict(processes())
    found = {pid}
    while more := {child for child, parent in known.items() if parent in found} - found:
        found |= more
    return found - {pid}


@pytest.mark.virtual
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes as Linux shows them")
def test_the_child_ends_with_a_parent_that_is_killed(virtual_mic):
    code = (
        "import sys, time\nfrom s2s_live.audio.watch import DeviceWatch\nw = DeviceWatch()\nw.start()\n"
        "while not w.changes: time.sleep(0.02)\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout.readline() == "ready\n"
    below = children(parent.pid)
    assert below
    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert wait_for(lambda: not below & {pid for pid, _ in processes()})


def test_stopping_ends_the_child_at_once():
    watch = DeviceWatch()
    watch.start()
    assert wait_for(lambda: watch._process is not None)
    process = watch._process
    watch.stop()
    assert process.poll() is not None


def test_pactl_writes_numbers_with_a_point_and_names_as_they_are(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANG", "C")
    asked = plain_numbers()
    assert "LC_ALL" not in asked
    assert (asked["LANG"], asked["LC_NUMERIC"]) == ("de_DE.UTF-8", "C")
