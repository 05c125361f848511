"""Networks for windows of another length are opened beside the show, which goes on with those of before."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from s2s_live.engines.base import Prepares
from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.hearing_networks import HearingNetworks
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.engines.sound2scene.tiny import write_tiny_model
from s2s_live.errors import ModelError
from s2s_live.features.log_psd import LogPsdConfig
from s2s_live.live.listener import Listener
from s2s_live.store.folder import ModelFolder

FIRST, OTHER = (1, 257, 100), (1, 257, 50)


class Opening:
    """Opens networks, each as long as the test wants it to take."""

    def __init__(self):
        self.may_end = threading.Event()
        self.opened = []
        self.fails = False

    def __call__(self, shape):
        if shape != FIRST:
            assert self.may_end.wait(10.0)
        if self.fails:
            raise ModelError("The file is gone.", "Choose another model.")
        self.opened.append((shape, threading.current_thread().name))
        return f"network of {shape[-1]}"


@pytest.fixture
def opening():
    return Opening()


@pytest.fixture
def networks(opening):
    networks = HearingNetworks(opening, FIRST)
    yield networks
    opening.may_end.set()
    networks.close()


def ended(networks):
    for thread in networks._coming.values():
        thread.join(10.0)


def test_the_first_is_there_at_once(networks):
    assert networks.prepare(FIRST)
    assert networks.of(FIRST) == networks.first == "network of 100"


def test_another_is_opened_once_on_a_thread_of_its_own(networks, opening):
    assert not networks.prepare(OTHER)
    assert not networks.prepare(OTHER)
    opening.may_end.set()
    ended(networks)
    assert networks.prepare(OTHER)
    assert networks.of(OTHER) == "network of 50"
    assert opening.opened[1:] == [(OTHER, "s2s-preparing")]


def test_whoever_asks_for_it_meanwhile_waits_for_that_one(networks, opening):
    assert not networks.prepare(OTHER)
    threading.Timer(0.1, opening.may_end.set).start()
    assert networks.of(OTHER) == "network of 50"
    assert len(opening.opened) == 2


def test_without_preparing_it_is_opened_when_it_is_asked_for(networks, opening):
    opening.may_end.set()
    assert networks.of(OTHER) == "network of 50"
    assert opening.opened[1][1] == threading.current_thread().name


def test_one_that_cannot_be_opened_is_told_of_where_it_is_asked_for(networks, opening, caplog):
    opening.fails = True
    assert not networks.prepare(OTHER)
    opening.may_end.set()
    ended(networks)
    assert "The file is gone" in caplog.text
    assert networks.prepare(OTHER), "hearing it says why"
    with pytest.raises(ModelError, match="gone"):
        networks.of(OTHER)


@pytest.fixture
def engine(tmp_path):
    """One that hears windows of four seconds and of two."""
    model = load_model(ModelFolder.open(write_tiny_model(tmp_path / "tiny")))
    config = replace(model.config, front_end=LogPsdConfig(400))
    write_model(tmp_path / "psd", replace(model, config=config), name="psd", licence="MIT", trained={})
    engine = open_engine(tmp_path / "psd")
    yield engine
    engine.close()


def test_a_listener_hears_as_before_until_the_engine_is_prepared(engine):
    assert isinstance(engine, Prepares)
    listener = Listener(engine, 0)
    sound = 0.1 * np.random.default_rng(0).standard_normal((listener.hop_length, 2)).astype(np.float32)
    asked = []

    def not_yet(window):
        asked.append(window.shape)
        return False

    listener.push(sound)
    wanted = {"window": 1.0, "floor": 0.0}
    assert listener.hear(wanted, not_yet).controls["window"] == 0.0
    listener.push(sound)
    assert listener.hear(wanted, lambda _window: True).controls == wanted
    listener.push(sound)
    assert listener.hear({"window": 2.0}, not_yet).controls["window"] == 1.0
    assert len(set(asked)) == 2
    assert listener.hear({"window": 2.0}).controls["window"] == 2.0, "offline it is waited for"


def test_an_engine_gets_ready_for_another_window(engine):
    window = engine.front_end().window()
    other = window[..., : window.shape[-1] // 2]
    assert engine.prepare(window)
    assert not engine.prepare(other)
    ended(engine._hear)
    assert engine.prepare(other)
    assert engine.hear(other).latent.shape == engine.hear(window).latent.shape
    engine.close()
    assert engine.prepare(other), "hearing says that it is closed"
