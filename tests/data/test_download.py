"""Downloads from a mirror on this machine: whole files arrive, anything else leaves nothing."""

import gzip
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.data import has_mnist, load_dataset, read_mnist
from mnist_tui.data.download import FILES, Source, _watch, download_mnist
from mnist_tui.errors import DataError


class Mirror:
    """A web server on loopback that serves packed files, whole or spoiled."""

    def __init__(self, folder: Path) -> None:
        names = [f"{name}.gz" for name in FILES]
        raw = folder / "MNIST" / "raw"
        self.packed = {f"{name}.gz": gzip.compress((raw / name).read_bytes()) for name in FILES}
        digests = [hashlib.md5(self.packed[name]).hexdigest() for name in names]
        self.resources = tuple(zip(names, digests, strict=True))
        self.released = threading.Event()
        self.endless = False
        self.silent = False
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                content = mirror.packed.get(self.path.strip("/"))
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                if not mirror.endless:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                try:
                    if mirror.silent:
                        self.wfile.write(content[:100])
                        self.wfile.flush()
                        mirror.released.wait()
                        return
                    self.wfile.write(content)
                    while mirror.endless:
                        self.wfile.write(bytes(100_000))
                except OSError:
                    pass  # the client was ended, as it should be

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def source(self, **settings: Any) -> Source:
        """Where the program is to download from."""
        url = f"http://127.0.0.1:{self.server.server_port}/"
        return Source(mirrors=(url,), resources=self.resources, **settings)

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def mirror(few_digits: Path) -> Iterator[Mirror]:
    server = Mirror(few_digits)
    yield server
    server.close()


def assert_nothing_left(folder: Path) -> None:
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_download_is_unpacked_and_read(mirror: Mirror, few_digits: Path, tmp_path: Path) -> None:
    said: list[str] = []
    digits = load_dataset("mnist", str(tmp_path), on_status=said.append, source=mirror.source())
    assert digits.fingerprint == read_mnist(few_digits).fingerprint
    assert {path.name for path in (tmp_path / "MNIST" / "raw").iterdir()} == set(FILES)
    assert not list(tmp_path.glob(".download-*"))
    assert said[:2] == ["getting ready to download MNIST", "asking for MNIST"]
    assert said[-1] == "reading MNIST"


def test_a_second_start_does_not_download_again(mirror: Mirror, tmp_path: Path) -> None:
    load_dataset("mnist", str(tmp_path), source=mirror.source())
    mirror.packed.clear()
    said: list[str] = []
    load_dataset("mnist", str(tmp_path), on_status=said.append, source=mirror.source())
    assert said == ["reading MNIST"]


@pytest.mark.parametrize("spoil", ["cut", "wrong by one byte", "absent"])
def test_a_spoiled_download_is_refused_and_leaves_nothing(
    mirror: Mirror, tmp_path: Path, spoil: str
) -> None:
    name = f"{FILES[2]}.gz"
    match spoil:
        case "cut":
            mirror.packed[name] = mirror.packed[name][:-10]
        case "wrong by one byte":
            mirror.packed[name] = mirror.packed[name][:-1] + b"\x01"
        case "absent":
            del mirror.packed[name]
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        load_dataset("mnist", str(tmp_path), source=mirror.source())
    assert "\n" not in str(caught.value)
    assert not has_mnist(tmp_path)
    assert_nothing_left(tmp_path)


def test_the_folders_made_for_a_download_that_fails_are_removed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stopped"):
        download_mnist(tmp_path / "not" / "there", lambda status: None, lambda: True)
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    with pytest.raises(DataError, match="stopped"):
        download_mnist(tmp_path / "mine", lambda status: None, lambda: True)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_a_folder_that_another_program_uses_meanwhile_is_kept(tmp_path: Path) -> None:
    data_dir = tmp_path / "not" / "there"
    with pytest.raises(DataError, match="stopped"):
        download_mnist(data_dir, lambda status: (data_dir / "theirs").touch(), lambda: True)
    assert [path.name for path in data_dir.iterdir()] == ["theirs"]


def test_an_endless_download_is_ended(mirror: Mirror, tmp_path: Path) -> None:
    mirror.endless = True
    with pytest.raises(DataError, match="does not end"):
        download_mnist(tmp_path, lambda status: None, source=mirror.source(max_bytes=5_000_000))
    assert_nothing_left(tmp_path)


def test_a_download_that_falls_silent_is_ended(mirror: Mirror, tmp_path: Path) -> None:
    mirror.silent = True
    with pytest.raises(DataError, match=r"stalled|timed out|could not be downloaded"):
        download_mnist(tmp_path, lambda status: None, source=mirror.source(stall_s=9.0))
    assert_nothing_left(tmp_path)


def test_a_download_can_be_stopped(mirror: Mirror, tmp_path: Path) -> None:
    mirror.silent = True
    with pytest.raises(DataError, match="stopped"):
        download_mnist(tmp_path, lambda status: None, lambda: True, mirror.source())
    assert_nothing_left(tmp_path)


def test_auto_falls_back_to_the_sample_with_a_notice(mirror: Mirror, tmp_path: Path) -> None:
    mirror.packed.clear()
    digits = load_dataset("auto", str(tmp_path), source=mirror.source())
    assert digits.name == "sample"
    assert str(tmp_path) in digits.notice
    assert "sample" in digits.notice


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="--data-dir"):
        load_dataset("mnist", str(tmp_path / "file" / "data"))


def test_getting_ready_is_no_stall_however_long_it_takes(tmp_path: Path) -> None:
    said: list[str] = []
    code = f"import time; time.sleep(1); open({str(tmp_path / 'asked')!r}, 'w')"
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        _watch(child, tmp_path, Source(stall_s=0.1), said.append, lambda: False)
    assert said[0] == "getting ready to download MNIST"
    assert child.returncode == 0
