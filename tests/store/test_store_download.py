"""Downloads from a real server: whole, resumed, broken off, replaced, of another size, as archives."""

import hashlib
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from s2s_live.errors import ModelError
from s2s_live.store.download import fetch
from s2s_live.store.locations import Licence, Location, find_location, locations

CONTENT = bytes(range(256)) * 4000
FREE = Licence("MIT", "https://example.org", "Do as you like.")


class Server(ThreadingHTTPServer):
    """Serves `content`, in ranges where asked; what it was asked is in `asked`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.tag, self.ranges = CONTENT, '"one"', True
        self.break_after = None
        """Bytes after which the connection is cut."""
        self.asked = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/file.bin"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(dict(self.headers))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        if self.path != "/file.bin":
            self.send_error(404)
            return
        start, wanted = 0, self.headers.get("Range")
        same = self.headers.get("If-Range", server.tag) == server.tag
        if wanted and server.ranges and same:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(server.content):
                self.send_error(416)
                return
            self.send_response(206)
            last = len(server.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(server.content)}")
        else:
            self.send_response(200)
        if server.tag:
            self.send_header("ETag", server.tag)
        body = server.content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.break_after])
        self.close_connection = True

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="test-server")
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def location(server):
    def make(**changes):
        given = {"name": "thing", "title": "A thing", "file": "file.bin", "page": "https://example.org"}
        given |= {"bring": "it", "licence": FREE, "use": "--thing", "address": server.address}
        return Location(**{**given, **changes})

    return make


def digest(content=CONTENT):
    return hashlib.sha256(content).hexdigest()


def broken(server, location, folder, after=300_000):
    """A download that the server breaks off."""
    server.break_after = after
    with pytest.raises(ModelError, match="broke off") as caught:
        fetch(location, folder)
    assert "again" in caught.value.hint
    server.break_after = None
    assert not (folder / "file.bin").exists()


def test_a_file_comes_whole_and_nothing_else_is_left(server, location, tmp_path):
    told = []
    got = fetch(
        location(size=len(CONTENT), sha256=digest()), tmp_path / "new", lambda *have: told.append(have)
    )
    assert got.read_bytes() == CONTENT
    assert [path.name for path in got.parent.iterdir()] == ["file.bin"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [have for have, _ in told] == sorted({have for have, _ in told})


def test_what_is_there_is_not_fetched_again(server, location, tmp_path):
    for _ in range(2):
        fetch(location(sha256=digest()), tmp_path)
    assert len(server.asked) == 1
    (tmp_path / "file.bin").write_bytes(b"spoiled")
    assert fetch(location(sha256=digest()), tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_download_goes_on_where_it_broke_off(server, location, tmp_path):
    where = location(sha256=digest())
    broken(server, where, tmp_path)
    assert fetch(where, tmp_path).read_bytes() == CONTENT
    assert server.asked[1]["Range"] == "bytes=300000-"
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


def test_a_server_without_ranges_sends_it_all_again(server, location, tmp_path):
    broken(server, location(), tmp_path)
    server.ranges = False
    assert fetch(location(), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_was_replaced_meanwhile_is_fetched_from_its_start(server, location, tmp_path, ranges):
    broken(server, location(), tmp_path)
    server.content, server.tag, server.ranges = CONTENT[::-1], '"two"', ranges
    assert fetch(location(), tmp_path).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_without_a_version_to_rely_on_it_starts_again(server, location, tmp_path, tag):
    server.tag = tag
    broken(server, location(), tmp_path)
    assert fetch(location(), tmp_path).read_bytes() == CONTENT
    assert "Range" not in server.asked[1]


def test_a_part_longer_than_the_file_is_dropped(server, location, tmp_path):
    broken(server, location(), tmp_path)
    server.content = CONTENT[:1000]
    assert fetch(location(), tmp_path).read_bytes() == CONTENT[:1000]


def test_a_complete_part_is_only_verified(server, location, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    where = location(size=len(CONTENT), sha256=digest())
    assert fetch(where, tmp_path).read_bytes() == CONTENT
    assert server.asked == []


def test_another_file_than_expected_is_deleted(server, location, tmp_path):
    with pytest.raises(ModelError, match="checksum differs"):
        fetch(location(sha256=digest(b"other")), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_size_than_expected_is_seen_before_it_comes(server, location, tmp_path):
    with pytest.raises(ModelError, match=r"has 1024000 bytes now, and 5 were expected"):
        fetch(location(size=5), tmp_path)
    assert not (tmp_path / "file.bin").exists()


def test_a_file_that_is_gone_names_its_page(server, location, tmp_path):
    with pytest.raises(ModelError, match="404") as caught:
        fetch(location(address=server.address.replace("file.bin", "gone")), tmp_path)
    assert "https://example.org" in caught.value.hint


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/x", "moved"])
def test_nothing_but_the_web_is_opened(server, location, tmp_path, address):
    address = server.address.replace("file.bin", "moved") if address == "moved" else address
    with pytest.raises(ModelError, match=r"broke off|cannot be had"):
        fetch(location(address=address), tmp_path)
    assert not (tmp_path / "file.bin").exists()


def test_no_server_is_a_model_error(location, tmp_path, server):
    with pytest.raises(ModelError, match="broke off"):
        fetch(location(address="http://127.0.0.1:1/file.bin"), tmp_path)


def test_a_place_that_cannot_be_written_is_named(location, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        fetch(location(), tmp_path / "file" / "below")


def archive(*members):
    """A tar.gz of (name, content) pairs."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("linked.pth")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    return stream.getvalue()


def test_an_archive_becomes_a_folder_of_its_weights(server, location, tmp_path):
    folder = tmp_path / "downloads"
    server.content = archive(
        ("x/G_ema_best0.pth", b"weights"),
        ("x/log.txt", b"no"),
        ("../../state_dict_best0.pth", b"state"),
        ("/absolute/G.pth", b"g"),
    )
    got = fetch(location(unpack=True), folder)
    assert got == folder / "thing"
    found = {path.name: path.read_bytes() for path in got.iterdir()}
    assert found == {"G_ema_best0.pth": b"weights", "state_dict_best0.pth": b"state", "G.pth": b"g"}
    assert [path.name for path in folder.iterdir()] == ["thing"]
    assert [path.name for path in tmp_path.iterdir()] == ["downloads"]
    assert fetch(location(unpack=True), folder) == got
    assert len(server.asked) == 1


def test_an_archive_that_is_there_is_only_unpacked(server, location, tmp_path):
    (tmp_path / "file.bin").write_bytes(archive(("G.pth", b"g")))
    assert (fetch(location(unpack=True), tmp_path) / "G.pth").read_bytes() == b"g"
    assert server.asked == []


@pytest.mark.parametrize("content", [b"not an archive", archive(("G.pth", b"w" * 9999))[:-30]])
def test_a_damaged_archive_leaves_nothing(server, location, tmp_path, content):
    server.content = content
    with pytest.raises(ModelError, match="damaged"):
        fetch(location(unpack=True), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_without_weights_is_refused(server, location, tmp_path):
    server.content = archive(("readme.txt", b"hello"))
    with pytest.raises(ModelError, match="no weights"):
        fetch(location(unpack=True), tmp_path)
    assert not (tmp_path / "thing").exists()


def test_the_table_names_secured_addresses_and_says_what_to_bring():
    table = locations()
    assert {"sound2scene", "swav", "icgan_biggan_imagenet_res128"} <= set(table)
    for name, location in table.items():
        assert location.name == name
        assert location.page.startswith("https://")
        assert location.licence.page.startswith("https://")
        assert location.address is None or location.address.startswith("https://")
        assert location.address is None or location.address.endswith("/" + location.file)
        assert location.sha256 is None or len(location.sha256) == 64
        assert location.bring
        assert location.use in {"--audio-encoder", "--generator", "--image-encoder"}


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match="swaw") as caught:
        find_location("swaw")
    assert "swav" in caught.value.hint
