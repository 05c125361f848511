"""Ctrl+C and SIGTERM, also while modules are imported."""

import signal
import subprocess
import sys
import time

import pytest

SLOW = """
import time
print("importing", flush=True)
for _ in range(100):
    time.sleep(0.01)
print("imported", flush=True)
"""

MAIN = """
import sys
sys.path.insert(0, sys.argv[1])
import signal, time
from s2s_live.interruption import heed_interruptions
signal.signal(signal.SIGINT, signal.default_int_handler)
heed_interruptions()
try:
    import slow
    time.sleep(20)
except KeyboardInterrupt:
    print("closed", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send to another process")
@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_waits_for_the_end_of_an_import(tmp_path, which):
    (tmp_path / "slow.py").write_text(SLOW)
    process = subprocess.Popen([sys.executable, "-c", MAIN, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "importing\n"
    process.send_signal(which)
    said, _ = process.communicate(timeout=15)
    assert said == "imported\nclosed\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send to another process")
def test_whoever_is_impatient_interrupts_once(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    slowly = MAIN.replace('    print("closed"', '    time.sleep(0.5)\n    print("closed"')
    process = subprocess.Popen([sys.executable, "-c", slowly, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "importing\n"
    for _ in range(4):
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    said, _ = process.communicate(timeout=15)
    assert said == "imported\nclosed\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send to another process")
def test_an_ignored_ctrl_c_stays_ignored(tmp_path):
    ignoring = MAIN.replace("default_int_handler", "SIG_IGN").replace("sleep(20)", "sleep(0.5)")
    (tmp_path / "slow.py").write_text(SLOW)
    process = subprocess.Popen([sys.executable, "-c", ignoring, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=15)
    assert said == "imported\n"
