"""Features, pool, rooms, augmentation, losses and scores of the audio stage."""

from pathlib import Path

import numpy as np
import pytest
import torch

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.features.log_mel import LogMel
from s2s_live.training.audio_augment import Augment, intensity, loudness_db
from s2s_live.training.audio_eval import Heard, calibrate, calibration_error, hear_clips, probabilities, score
from s2s_live.training.audio_features import (
    FRONT_END,
    WINDOW,
    encoder_input,
    power_columns,
    to_db,
)
from s2s_live.training.audio_loss import distances, family_loss, info_nce
from s2s_live.training.audio_pool import Pool, cached
from s2s_live.training.audio_rooms import at_speed, impulse_response, varied
from s2s_live.training.recordings import Clip
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import loudness, synthesise


def noise(seconds, level, seed=0):
    return level * np.random.default_rng(seed).standard_normal(int(seconds * 16000), dtype=np.float32)


def test_windows_equal_the_live_front_end():
    sound = synthesise("birds", 0.5, 3, 1.5)
    live = LogMel(FRONT_END)
    live.push(sound)
    power = power_columns(sound)
    mine = encoder_input(power[None, -WINDOW:])[0]
    np.testing.assert_allclose(mine.numpy(), live.window(), atol=2e-3)


def test_power_sums_to_the_mean_square():
    assert to_db(power_columns(noise(2, 0.1)).sum(1).mean()) == pytest.approx(-20, abs=0.4)
    t = np.arange(32000) / 16000
    tone = (0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    assert to_db(power_columns(tone).sum(1).mean()) == pytest.approx(-9.03, abs=0.5)
    assert power_columns(np.zeros(10, np.float32)).shape == (0, FRONT_END.mels)


@pytest.mark.parametrize("family", ["rain", "clock", "voice"])
def test_loudness_of_windows_is_that_of_sounds(family):
    sound = synthesise(family, 0.6, 1, 1.02)
    mel = loudness_db(power_columns(sound)[None, :WINDOW])
    assert float(mel) == pytest.approx(loudness(sound), abs=2.0)
    assert float(intensity(mel, torch.tensor([FAMILY_IDS.index(family)]))) == pytest.approx(0.6, abs=0.08)


def test_speed_and_rooms_keep_sounds_usable():
    rng = np.random.default_rng(0)
    sound = noise(1.0, 0.1)
    assert at_speed(sound, 1.1).size == pytest.approx(16000 / 1.1, abs=20)
    with pytest.raises(ValueError, match="speed"):
        at_speed(sound, 5.0)
    for _ in range(20):
        response = impulse_response(rng)
        assert np.isfinite(response).all()
        assert response[0] == 1.0
        other = varied(sound, rng)
        assert 12000 < other.size < 20000
        assert loudness(other) == pytest.approx(loudness(sound), abs=4)


def pool_of(**sounds):
    pool = Pool()
    for name, sound in sounds.items():
        assert pool.add(sound, FAMILY_IDS.index(name), None)
    return pool


def test_pool_draws_audible_windows_only():
    rng = np.random.default_rng(0)
    sound = np.concatenate([np.zeros(48000, np.float32), noise(1.5, 0.1)])
    pool = pool_of(rain=sound)
    for _ in range(50):
        window, real = pool.draw(0, rng)
        assert window.shape == (WINDOW, FRONT_END.mels)
        assert not real
        assert 10 * np.log10(float((10 ** (window / 10)).sum(1).mean())) > -61
    assert not pool.add(noise(2, 1e-5), 0, None)
    assert not pool.add(noise(0.2, 0.1), 0, None)
    with pytest.raises(ValueError, match="wind"):
        pool.draw(FAMILY_IDS.index("wind"), rng)


def test_augmented_batches_are_sane_and_carry_their_level():
    rng = np.random.default_rng(0)
    silence = FAMILY_IDS.index("silence")
    pool = pool_of(rain=noise(2, 0.1), dog=synthesise("dog", 0.5, 1, 2.0))
    assert pool.add(synthesise("silence", 0.5, 0, 2.0), silence, None, -130.0)
    family = torch.tensor([0, FAMILY_IDS.index("dog"), silence, 0] * 32)
    windows = torch.stack([pool.draw(int(f), rng)[0] for f in family])
    augment = Augment(0)
    batches = [augment(windows, family) for _ in range(4)]
    for batch in batches:
        assert torch.isfinite(encoder_input(batch.power)).all()
        assert (batch.power > 0).all()
        torch.testing.assert_close(batch.target.sum(1), torch.ones(len(family)))
        assert (batch.target.argmax(1) == family).all()
        assert float(loudness_db(batch.power)[family == silence].max()) < -50
    newest = WINDOW // 3  # before it another sound may have been, louder or softer
    level = torch.cat([loudness_db(b.power[b.family == 0, -newest:]) for b in batches])
    taught = torch.cat([b.intensity[b.family == 0] for b in batches])
    assert level.min() < -45
    assert level.max() > -12
    assert np.corrcoef(level.numpy(), taught.numpy())[0, 1] > 0.9


def test_some_windows_hold_their_newest_columns_alone():
    windows = torch.randn(256, WINDOW, FRONT_END.mels, generator=torch.Generator().manual_seed(0)) - 40.0
    family = torch.zeros(len(windows), dtype=torch.long)

    def periods(batch):
        found = []
        for power in batch.power:
            same = [k for k in range(10, 75) if torch.equal(power[-k:], power[-2 * k : -k][-k:])]
            found += same[:1]
        return found

    early = periods(Augment(3)(windows, family, done=0.5))
    assert 20 < len(early) < 90
    assert min(early) < 25
    assert periods(Augment(3)(windows, family, done=0.9)) == []


def test_families_are_mixed_less_at_the_end_of_the_training():
    pool = pool_of(rain=noise(2, 0.1), dog=synthesise("dog", 0.5, 1, 2.0))
    rng = np.random.default_rng(0)
    family = torch.tensor([FAMILY_IDS.index("rain"), FAMILY_IDS.index("dog")] * 128)
    windows = torch.stack([pool.draw(int(f), rng)[0] for f in family])
    shares = []
    for done in (0.0, 1.0):
        target = Augment(0)(windows, family, done).target
        torch.testing.assert_close(target.sum(1), torch.ones(len(family)))
        shares.append(target[:, family.unique()].min(1).values)
        assert float(shares[-1].max()) <= 0.5
    often = [float((share > 0).float().mean()) for share in shares]
    # Half of the partners are of the same family, and change nothing in what is to be said.
    assert 0.2 < often[0] < 0.4
    assert 0.08 < often[1] < 0.22


def test_pitches_shift_by_a_filter_or_two():
    windows = torch.full((64, WINDOW, FRONT_END.mels), -90.0)
    windows[:, :, 30] = -20.0
    shifted = Augment(1)._shifted(windows)
    assert shifted.shape == windows.shape
    place = (10 ** (shifted[:, 0] / 10)).argmax(1) - 30
    assert 0 < int(place.abs().max()) <= 3
    assert int((shifted[:, 0, 30] == -20.0).sum()) > 20  # about half stay as they are
    flat = torch.randn(64, 1, 1) * torch.ones(1, WINDOW, FRONT_END.mels)
    torch.testing.assert_close(Augment(2)._shifted(flat), flat)


def test_windows_are_judged_as_a_show_hears_them():
    sound = np.concatenate([synthesise("fire", 0.6, 3, 0.7), synthesise("rain", 0.6, 4, 0.4)])
    live = LogMel(FRONT_END)
    live.push(sound[: (WINDOW - 1) * 160 + 512])
    heard = encoder_input(power_columns(sound)[None, :WINDOW])
    np.testing.assert_allclose(heard[0].numpy(), live.listen({}), atol=2e-3)


def test_info_nce_is_the_papers_when_all_families_differ():
    a, b = unit(torch.rand(6, 8)), unit(torch.rand(6, 8))
    d = torch.cdist(b, a)
    want = 0.5 * (
        torch.nn.functional.cross_entropy(-d, torch.arange(6))
        + torch.nn.functional.cross_entropy(-d.T, torch.arange(6))
    )
    torch.testing.assert_close(info_nce(a, b, torch.arange(6)), want, atol=1e-4, rtol=0)
    torch.testing.assert_close(distances(b, a), d, atol=1e-3, rtol=0)


def test_info_nce_leaves_out_pairs_of_one_family():
    a, b = unit(torch.rand(4, 8)), unit(torch.rand(4, 8))
    same = info_nce(a, b, torch.zeros(4, dtype=torch.long))
    assert float(same) == pytest.approx(0.0, abs=1e-5)
    a.requires_grad_()
    info_nce(a, a.detach(), torch.tensor([0, 0, 1, 2])).backward()
    assert torch.isfinite(a.grad).all()


def test_family_loss_is_least_at_the_right_centre():
    centres = torch.eye(3)
    target = torch.eye(3)
    right = family_loss(centres, centres, target, torch.tensor(10.0))
    wrong = family_loss(centres.roll(1, 0), centres, target, torch.tensor(10.0))
    assert right < 0.01 < wrong


def test_hearing_skips_silence_and_scores_by_clip():
    encoder = AudioEncoder(AudioEncoderConfig(18, 4, 8))
    encoder.train()
    quiet_then_loud = np.concatenate([np.zeros(32000, np.float32), noise(1.1, 0.1)])
    made = [
        Clip(Path("a"), "rain", ("rain",), "a", "", "", False, quiet_then_loud),
        Clip(Path("b"), "x", ("bell", "clock"), "b", "", "", False, noise(2.1, 0.1)),
    ]
    heard = hear_clips(encoder, made)
    assert encoder.training
    assert heard.clip.tolist() == [0, 0, 1, 1, 1]
    assert heard.right[-1].sum() == 2
    prototypes = torch.zeros(len(FAMILY_IDS), 8)
    prototypes[FAMILY_IDS.index("clock")] = heard.embeddings[-1]
    result = score(heard, prototypes, 0.1)
    assert (result.windows, result.clips) == (5, 2)
    assert result.by_family["bell"]["clip_top1"] == 1.0
    assert result.to_json()["real_clip_top1"] >= 0.5
    assert score(hear_clips(encoder, []), prototypes, 0.1).windows == 0


def test_calibration_finds_the_temperature_and_the_error():
    torch.manual_seed(0)
    prototypes = unit(torch.randn(len(FAMILY_IDS), 32))
    rows = unit(torch.randn(4000, 32))
    family = torch.multinomial(probabilities(rows, prototypes, 0.2), 1)[:, 0]
    right = torch.nn.functional.one_hot(family, len(FAMILY_IDS)).bool()
    heard = Heard(rows, torch.arange(4000), right, family)
    assert calibrate(heard, prototypes) == pytest.approx(0.2, rel=0.15)
    assert calibration_error(torch.full((100,), 0.75), torch.arange(100) < 75) == pytest.approx(0, abs=1e-6)
    assert calibration_error(torch.ones(100), torch.arange(100) < 40) == pytest.approx(0.6, abs=1e-6)


def test_a_pool_is_made_once_and_without_held_out_sources(tmp_path):
    rows = [
        Clip(Path(f"{k}.wav"), "rain", ("rain",), f"x/{k}", "", "", False, noise(1.5, 0.1, k))
        for k in range(2)
    ]
    path = tmp_path / "pool.pt"
    first = cached(path, rows, 1, 1, 0)
    assert first.counts["rain"] == (2, 4, 1)
    before = path.stat().st_mtime_ns
    again = cached(path, rows, 1, 1, 0)
    assert path.stat().st_mtime_ns == before
    assert again.counts == first.counts
    drawn = [pool.draw(0, np.random.default_rng(3))[0] for pool in (first, again)]
    torch.testing.assert_close(drawn[0], drawn[1])
    assert again.without({"x/0"}).counts["rain"] == (1, 2, 1)
    assert again.without({"x/0", "x/1"}).counts["rain"] == (0, 0, 1)
    cached(path, rows[:1], 1, 0, 0)
    assert path.stat().st_mtime_ns != before
