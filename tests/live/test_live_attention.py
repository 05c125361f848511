"""A sound that has just begun is heard at once, and a wave, a gust or a word is not taken for one."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from s2s_live.engines.base import Target
from s2s_live.engines.registry import open_engine
from s2s_live.features.changes import LEAST
from s2s_live.live.attention import ALONE_S, HEARD_EVERY_S, Attention, over
from s2s_live.world.sounds import synthesise

HOP_S = 0.1
LEVEL = 0.03
WHOLE, ALONE = np.zeros((1, 2, 2), np.float32), np.ones((1, 2, 2), np.float32)


def target(family, **scores):
    return Target(
        np.zeros(4, np.float32), np.zeros((1, 2), np.float32), family, scores.get(family, 0.9), scores
    )


SEA = target("sea", sea=0.97)
DOUBTFUL, SURE = target("rain", sea=0.05, rain=0.7), target("sea", sea=0.95)
RAIN = target("rain", rain=0.99, sea=0.001)
NOTHING_OF_IT = target("rain", rain=0.999)


class Script:
    """An engine and its front end that say what a test wants: of whole windows, of the newest sound alone."""

    def __init__(self):
        self.whole, self.alone, self.new = SEA, SEA, (0.0, 0.0)
        self.asked = []

    @property
    def spec(self):
        return self

    hop_s = HOP_S

    def hear(self, window):
        return self.alone if window is ALONE else self.whole

    def begun(self):
        return self.new

    def newest_alone(self, seconds):
        self.asked.append(seconds)
        return ALONE


@pytest.fixture
def script():
    return Script()


def listen(attention, script, hops, **said):
    for name, value in said.items():
        setattr(script, name, value)
    return [attention.hear(WHOLE, hop) for hop in hops]


def test_a_steady_sound_is_heard_whole(script):
    attention = Attention(script, script)
    assert listen(attention, script, range(5)) == [SEA] * 5
    assert script.asked == []


@pytest.mark.parametrize(
    ("whole", "alone", "new", "believed"),
    [
        (DOUBTFUL, RAIN, (0.15, 0.0), True),
        (SURE, RAIN, (0.15, 0.0), False),  # a wave: the window does not doubt the sea
        (SURE, NOTHING_OF_IT, (0.15, -2.0), False),
        (SURE, NOTHING_OF_IT, (0.15, 6.0), True),  # the change is too clear for any doubt
        (SURE, target("rain", rain=0.9, sea=0.05), (0.15, 4.0), False),  # and not sure enough
        (DOUBTFUL, target("sea", sea=0.6), (0.15, 9.0), False),  # the sea goes on
        (DOUBTFUL, target("rain", rain=0.6, sea=0.3), (0.2, 2.0), False),  # the sea may still be heard in it
        (DOUBTFUL, target("rain", rain=0.4), (0.2, 8.0), False),  # nobody knows what it is
        (DOUBTFUL, RAIN, (0.0, 0.0), False),  # nothing began
    ],
)
def test_another_sound_is_believed_where_all_speaks_for_it(script, whole, alone, new, believed):
    attention = Attention(script, script)
    listen(attention, script, range(3))
    (found,) = listen(attention, script, [3], whole=whole, alone=alone, new=new)
    assert found.sudden is believed
    assert found.family == (alone if believed else whole).family


def test_it_is_heard_alone_until_windows_are_of_it_too(script):
    attention = Attention(script, script)
    listen(attention, script, range(3))
    found = listen(attention, script, range(3, 4), whole=DOUBTFUL, alone=RAIN, new=(0.2, 1.0))
    found += listen(attention, script, range(4, 12), whole=RAIN, new=(0.0, 0.0))
    assert [one.sudden for one in found[:2]] == [True, False]
    assert script.asked[:2] == pytest.approx([0.2, 0.3])
    assert {one.family for one in found} == {"rain"}
    assert max(script.asked) < ALONE_S


def test_hops_that_were_skipped_count(script):
    attention = Attention(script, script)
    listen(attention, script, range(3))
    listen(attention, script, [3], whole=DOUBTFUL, alone=RAIN, new=(0.15, 1.0))
    listen(attention, script, [5])
    assert script.asked[-1] == pytest.approx(0.35)


def test_what_was_heard_once_is_not_what_may_be_over(script):
    attention = Attention(script, script)
    listen(attention, script, range(3))
    listen(attention, script, [3], whole=target("storm", storm=0.9, sea=0.1))
    # The storm was a stray: nobody asks whether it is over, and the sea is not.
    stays = target("rain", rain=0.6, sea=0.4)
    assert not listen(attention, script, [4], whole=SURE, alone=stays, new=(0.2, 1.0))[0].sudden


def test_odds_of_an_end_follow_what_is_left_of_a_sound_and_whether_another_began():
    assert over(0.01, 0.2, 1.0) > over(0.1, 0.2, 1.0) > over(0.1, 0.6, 1.0)
    assert over(0.1, 0.6, 3.0) > over(0.1, 0.6, 1.0)
    assert over(0.0, 0.0, 0.0) == pytest.approx(over(LEAST / 1e6, 0.0, 0.0), abs=1e-3)


@pytest.fixture
def halved(script, monkeypatch):
    """Two hops to a hearing."""
    monkeypatch.setattr(Script, "hop_s", HEARD_EVERY_S / 2)
    return Attention(script, script)


def test_between_hearings_what_was_heard_stays(script, halved):
    *_, first, second = listen(halved, script, range(6))
    assert second is first
    assert listen(halved, script, [6], whole=DOUBTFUL) == [DOUBTFUL]
    assert listen(halved, script, [7], whole=SURE, alone=RAIN, new=(0.15, -2.9)) == [DOUBTFUL]
    assert listen(halved, script, [8], new=(0.0, 0.0)) == [SURE]


def test_a_sound_that_begins_between_hearings_is_heard_there(script, halved):
    listen(halved, script, range(7))
    (found,) = listen(halved, script, [7], whole=DOUBTFUL, alone=RAIN, new=(0.15, 3.0))
    assert found.sudden
    assert listen(halved, script, [8]) == [found], "the next hearing is a tenth of a second later"
    assert listen(halved, script, [9]) == [RAIN]
    assert script.asked[-1] == pytest.approx(0.25)


@pytest.fixture(scope="module")
def bundled():
    engine = open_engine(Path(__file__).parents[2] / "models" / "world")
    yield engine
    engine.close()


def levelled(family, seed, seconds):
    sound = synthesise(family, 0.6, seed, seconds)
    return sound * np.float32(LEVEL / np.sqrt(np.mean(np.square(sound))))


def heard(engine, sound):
    front_end = engine.front_end()
    attention, found = Attention(engine, front_end), []
    length = round(engine.spec.hop_s * engine.spec.sample_rate)
    for hop in range(len(sound) // length):
        front_end.push(sound[hop * length : (hop + 1) * length])
        found.append(attention.hear(front_end.window(), hop))
    return found


def test_the_bundled_model_hears_other_sounds_within_four_tenths_of_a_second(bundled):
    soon, hops = 0, round(1.0 / bundled.spec.hop_s)
    for seed, (before, after) in enumerate(permutations(("rain", "fire", "wind", "engine"), 2)):
        old, new = (levelled(family, seed + k, 2.0) for k, family in enumerate((before, after)))
        found = heard(bundled, np.concatenate([old, new]))[2 * hops : 2 * hops + round(0.4 * hops)]
        soon += any(one.sudden and one.family == after for one in found)
    assert soon >= 11, "of twelve"


def test_the_bundled_model_hears_hardly_another_in_a_steady_sound(bundled):
    steady, begin = ("rain", "wind", "stream", "fire", "train", "crowd"), round(1.2 / bundled.spec.hop_s)
    found = [one for family in steady for one in heard(bundled, levelled(family, 5, 10.0))[begin:]]
    sudden = {id(one) for one in found if one.sudden}
    assert len(sudden) <= 2, f"of {len(found)}"
