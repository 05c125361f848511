"""Pairs from a folder and from tar shards: the same, and few files opened."""

import io
import sys
import tarfile

import pytest
import torch

from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.items import Pairs
from s2s_live.training.sound2scene.loading import batches, epoch_order, open_loader
from s2s_live.training.sound2scene.pairing import Pair, first_frames, pair_up, recording_of
from s2s_live.training.sound2scene.shards import pack
from s2s_live.training.sound2scene.source import FolderSource, ShardSource, fingerprint, open_source
from s2s_live.training.team import Team


def pack_folder(folder, out, per_shard=5):
    source = FolderSource(folder)
    return pack(source.pairs, lambda file, audio: source.read(file, audio=audio), out, per_shard)


def everything(source):
    return {
        pair.image: (source.read(pair.image, audio=False), source.read(pair.audio, audio=True))
        for pair in source.pairs
    }


def test_names_end_at_the_first_dot():
    found = pair_up(["c.d.jpg", "a.jpg", ".DS_Store", "x.png"], ["a.wav", "c.wav", ".wav", "x.WAV"])
    assert found == [Pair("a", "a.jpg", "a.wav"), Pair("c", "c.d.jpg", "c.wav")]


def test_the_first_frames_of_each_name():
    pairs = pair_up(["a.00-47.jpg", "a.01-3.jpg", "a.02-9.jpg", "b.jpg"], ["a.wav", "b.wav"])
    assert [pair.image for pair in first_frames(pairs, 2)] == ["a.00-47.jpg", "a.01-3.jpg", "b.jpg"]
    assert [pair.image for pair in first_frames(pairs, 1)] == ["a.00-47.jpg", "b.jpg"]


def test_a_recording_is_the_name_without_times():
    assert recording_of("a_1_b-_44000_54000") == "a_1_b-"
    assert recording_of("rain") == "rain"


def test_shards_hold_what_the_folder_holds(pairs_folder, tmp_path):
    packed = pack_folder(pairs_folder, tmp_path)
    assert (packed.shards, packed.pairs, packed.kept, packed.problems) == (3, 14, 0, ())
    source = open_source(tmp_path)
    assert isinstance(source, ShardSource)
    assert everything(source) == everything(FolderSource(pairs_folder))
    assert fingerprint(source.pairs) == fingerprint(FolderSource(pairs_folder).pairs)


def test_what_others_put_beside_pictures_and_sounds_is_left_alone(pairs_folder, tmp_path):
    pack_folder(pairs_folder, tmp_path)
    expected = open_source(tmp_path).pairs
    name = expected[0].name
    with tarfile.open(tmp_path / "000000.tar", "a") as tar:
        for suffix in ("json", "cls", "txt"):
            member = tarfile.TarInfo(f"{name}.{suffix}")
            member.size = 2
            tar.addfile(member, io.BytesIO(b"{}"))
    assert open_source(tmp_path).pairs == expected


def test_shards_are_in_webdatasets_layout(pairs_folder, tmp_path):
    pack_folder(pairs_folder, tmp_path)
    with tarfile.open(tmp_path / "000000.tar") as tar:
        names = tar.getnames()
        keys = [name.split(".")[0] for name in names]
        assert keys == sorted(keys)
        assert [name.split(".")[1] for name in names] == ["jpg", "wav"] * 5


@pytest.mark.parametrize("damage", ["missing", "nonsense", "older shards"])
def test_shards_are_read_without_their_index(pairs_folder, tmp_path, damage):
    pack_folder(pairs_folder, tmp_path)
    index = tmp_path / "index.json"
    if damage == "missing":
        index.unlink()
    elif damage == "nonsense":
        index.write_text('{"version": 1, "shards": {"a": 3}}')
    else:
        index.write_text(index.read_text().replace('"size": ', '"size": 1'))
    assert everything(ShardSource(tmp_path)) == everything(FolderSource(pairs_folder))


def test_long_names_are_found_where_the_index_says(make_pair, tmp_path):
    name = "long" * 40
    make_pair(tmp_path / "folder", name, 1)
    make_pair(tmp_path / "folder", "short", 2)
    pack_folder(tmp_path / "folder", tmp_path / "shards")
    assert everything(ShardSource(tmp_path / "shards")) == everything(FolderSource(tmp_path / "folder"))


def test_a_shard_cut_short_keeps_what_is_whole(pairs_folder, tmp_path):
    pack_folder(pairs_folder, tmp_path)
    shard = tmp_path / "000001.tar"
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])
    source = ShardSource(tmp_path)
    assert 9 <= len(source.pairs) < 14
    assert set(everything(source)) < set(everything(FolderSource(pairs_folder)))


def test_packing_goes_on_where_it_ended(pairs_folder, tmp_path):
    pack_folder(pairs_folder, tmp_path)
    (tmp_path / "000001.tar").unlink()
    before = (tmp_path / "000000.tar").stat().st_mtime_ns
    assert pack_folder(pairs_folder, tmp_path).kept == 2
    assert (tmp_path / "000000.tar").stat().st_mtime_ns == before
    assert everything(ShardSource(tmp_path)) == everything(FolderSource(pairs_folder))


def test_other_shards_are_not_mixed_in(pairs_folder, tmp_path):
    (tmp_path / "mine.tar").write_bytes(b"")
    with pytest.raises(TrainingError, match="other shards"):
        pack_folder(pairs_folder, tmp_path)


def test_files_that_cannot_be_read_are_named(make_pair, tmp_path):
    for number, name in enumerate("abc"):
        make_pair(tmp_path / "folder", name, number)
    source = FolderSource(tmp_path / "folder")
    (tmp_path / "folder" / "images" / "b.jpg").unlink()
    packed = pack(source.pairs, lambda f, a: source.read(f, audio=a), tmp_path / "out")
    assert [file for file, _ in packed.problems] == ["b.jpg"]
    assert [pair.name for pair in open_source(tmp_path / "out").pairs] == ["a", "c"]


@pytest.mark.parametrize("what", ["nothing", "no pairs"])
def test_a_folder_without_pairs_is_told(tmp_path, what):
    if what == "no pairs":
        for name in ("images", "audios"):
            (tmp_path / name).mkdir()
    with pytest.raises(TrainingError, match=r"pairs|No picture"):
        open_source(tmp_path)


def test_each_shard_is_opened_once(pairs_folder, tmp_path):
    pack_folder(pairs_folder, tmp_path)
    source = open_source(tmp_path)
    opened = []
    on = True

    def hook(event, arguments):
        if on and event == "open" and str(tmp_path) in str(arguments[0]):
            opened.append(arguments[0])

    sys.addaudithook(hook)
    for _ in range(2):
        everything(source)
    on = False
    assert len(opened) == 3


def test_reading_processes_give_what_this_one_gives(pairs_folder, tmp_path):
    pack_folder(pairs_folder, tmp_path)
    source = open_source(tmp_path)
    everything(source)  # its files are open when the others are made
    data = Pairs(source, source.pairs)
    parts = batches(epoch_order(source.pairs, 1, 0), 4, Team())
    alone, together = (list(open_loader(data, parts, workers)) for workers in (0, 2))
    assert len(alone) == len(together) == 4
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one.spectrograms, other.spectrograms)
        assert torch.equal(one.pictures, other.pictures)
