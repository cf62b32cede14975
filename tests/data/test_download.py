"""Downloads from a mirror on this machine: whole files arrive, anything else leaves nothing."""

import gzip
import hashlib
import io
import os
import pwd
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.data import load_dataset, read_mnist
from mnist_tui.data.download import DownloadError, OnStatus, download, watch
from mnist_tui.data.files import find_files, raw_folder
from mnist_tui.data.registry import MNIST
from mnist_tui.data.spec import FILES, Source
from mnist_tui.data.torchvision_download import find_mirrors
from mnist_tui.errors import DataError

assert MNIST.source is not None
OFFICIAL = MNIST.source


def download_mnist(
    folder: Path,
    on_status: OnStatus,
    should_stop: Callable[[], bool] = lambda: False,
    source: Source = OFFICIAL,
) -> None:
    """Download MNIST into a data folder."""
    assert MNIST.files is not None
    download(folder / raw_folder(MNIST.files), folder, "MNIST", source, on_status, should_stop)


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
        self.missing = False
        self.content_type = "application/gzip"
        self.silent = False
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(404 if mirror.missing else 200)
                self.send_header("Content-Type", mirror.content_type)
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
        return replace(OFFICIAL, mirrors=(url,), resources=self.resources, sha256={}, **settings)

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


@pytest.mark.slow
def test_a_download_is_unpacked_and_read(mirror: Mirror, few_digits: Path, tmp_path: Path) -> None:
    said: list[str] = []
    digits = load_dataset("mnist", str(tmp_path), on_status=said.append, source=mirror.source())
    assert digits.fingerprint == read_mnist(few_digits).fingerprint
    assert {path.name for path in (tmp_path / "MNIST" / "raw").iterdir()} == set(FILES)
    assert not list(tmp_path.glob(".download-*"))
    assert said[0] == "trying to download MNIST, 12 MB"
    assert said[-1] == "reading MNIST"


@pytest.mark.slow
def test_a_second_start_does_not_download_again(mirror: Mirror, tmp_path: Path) -> None:
    load_dataset("mnist", str(tmp_path), source=mirror.source())
    mirror.packed.clear()
    said: list[str] = []
    load_dataset("mnist", str(tmp_path), on_status=said.append, source=mirror.source())
    assert said == ["reading MNIST"]


@pytest.mark.slow
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
    assert not find_files(tmp_path).is_complete
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

    def use() -> bool:
        (data_dir / "theirs").touch()
        return True

    with pytest.raises(DataError, match="stopped"):
        download_mnist(data_dir, lambda status: None, use)
    assert [path.name for path in data_dir.iterdir()] == ["theirs"]


@pytest.mark.slow
def test_an_endless_download_is_ended(mirror: Mirror, tmp_path: Path) -> None:
    mirror.endless = True
    with pytest.raises(DataError, match="does not end"):
        download_mnist(tmp_path, lambda status: None, source=mirror.source(max_bytes=5_000_000))
    assert_nothing_left(tmp_path)


@pytest.mark.slow
def test_a_download_that_falls_silent_is_ended(mirror: Mirror, tmp_path: Path) -> None:
    mirror.silent = True
    with pytest.raises(DataError, match=r"stalled|timed out|could not be downloaded"):
        download_mnist(tmp_path, lambda status: None, source=mirror.source(stall_s=9.0))
    assert_nothing_left(tmp_path)


@pytest.mark.slow
def test_a_download_can_be_stopped(mirror: Mirror, tmp_path: Path) -> None:
    mirror.silent = True
    with pytest.raises(DataError, match="stopped"):
        download_mnist(tmp_path, lambda status: None, lambda: True, mirror.source())
    assert_nothing_left(tmp_path)


@pytest.mark.slow
def test_auto_falls_back_to_the_sample_with_a_notice(mirror: Mirror, tmp_path: Path) -> None:
    mirror.packed.clear()
    digits = load_dataset("auto", str(tmp_path), source=mirror.source())
    assert digits.name == "sample"
    assert str(tmp_path) in digits.notice
    assert "sample" in digits.notice


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot write to .*data: Not a directory"):
        load_dataset("mnist", str(tmp_path / "file" / "data"))


@pytest.mark.slow
def test_getting_ready_is_no_stall_however_long_it_takes(tmp_path: Path) -> None:
    code = f"import time; time.sleep(1); open({str(tmp_path / 'ready')!r}, 'w')"
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        watch(
            child,
            tmp_path,
            "MNIST",
            replace(OFFICIAL, stall_s=0.1),
            lambda status: None,
            lambda: False,
        )
    assert child.returncode == 0


def test_auto_says_at_once_that_the_sample_is_used_without_a_network(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(DataError, match="stopped"):
        load_dataset("auto", str(tmp_path), on_status=said.append, should_stop=lambda: True)
    assert said == ["trying to download MNIST, 12 MB; without a network, the sample is used"]


@pytest.mark.slow
def test_no_file_of_the_current_folder_is_run(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("random", "json", "socket", "torchvision", "numpy", "mnist_tui"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w'); raise SystemExit('homework')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep)  # two empty entries: the current folder
    load_dataset("mnist", "data", source=mirror.source())
    assert not (tmp_path / "was-run").exists()


def untrusted_mirror() -> HTTPServer:
    """A web server on loopback whose certificate nobody has signed."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("untrusted.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


@pytest.mark.slow
def test_every_mirror_that_failed_is_named_with_its_reason(mirror: Mirror, tmp_path: Path) -> None:
    mirror.missing = True
    server = untrusted_mirror()
    threading.Thread(target=server.serve_forever).start()
    try:
        mirrors = (f"https://localhost:{server.server_port}/", *mirror.source().mirrors)
        source = replace(mirror.source(), mirrors=mirrors)
        digits = load_dataset("auto", str(tmp_path), source=source)
    finally:
        server.shutdown()
        server.server_close()
    assert digits.name == "sample"
    problem, certificate, missing = digits.notice.split("; ")
    assert f"MNIST is not in {tmp_path}, and could not be downloaded" in problem
    assert "its certificate is not trusted here (self-signed certificate" in problem
    assert "SSL_CERT_FILE" in certificate
    assert "HTTP 404" in missing


def test_a_proxy_that_cannot_be_reached_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(DownloadError) as caught:
        download_mnist(tmp_path, lambda status: None)
    assert caught.value.reason == ("the proxy 127.0.0.1:9 cannot be reached (Connection refused)")


@pytest.mark.slow
def test_a_web_page_in_place_of_a_mirror_is_called_that(mirror: Mirror, tmp_path: Path) -> None:
    mirror.content_type = "text/html"
    with pytest.raises(DownloadError, match="a web page came, as from a network that wants a"):
        download_mnist(tmp_path, lambda status: None, source=mirror.source())


def test_a_machine_without_a_network_is_called_that(tmp_path: Path) -> None:
    mirrors = ("https://one.invalid/", "http://two.invalid/")
    with pytest.raises(DownloadError) as caught:
        download_mnist(tmp_path, lambda status: None, source=replace(OFFICIAL, mirrors=mirrors))
    assert caught.value.reason.startswith("no network, or no name server: ")
    assert ".invalid" not in caught.value.reason


def test_an_address_that_does_not_answer_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "create_connection", lambda *args: answered.wait() and io.BytesIO())
    probes = find_mirrors(["https://one/", "https://two/"], "file", 0.01)
    assert [probe.problem for probe in probes] == 2 * ["no answer within 0.01 s"]
    answered.set()


@pytest.mark.slow
@pytest.mark.parametrize("place", ["MNIST", "MNIST/raw"])
def test_files_that_cannot_be_put_in_place_make_auto_take_the_sample(
    mirror: Mirror, tmp_path: Path, place: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("not a folder")
    digits = load_dataset("auto", str(tmp_path), source=mirror.source())
    assert digits.name == "sample"
    assert "cannot write to" in digits.notice
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [path]


@pytest.mark.slow
def test_a_download_needs_no_folder_for_temporary_files(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", fail)
    monkeypatch.setenv("TMPDIR", "/nonexistent")
    assert load_dataset("mnist", str(tmp_path), source=mirror.source()).name == "mnist"


@pytest.mark.parametrize("home", ["", "relative"])
def test_without_a_home_auto_takes_the_sample_and_says_why(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    def nobody(user: int) -> None:
        raise KeyError(user)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    digits = load_dataset("auto")
    assert digits.name == "sample"
    assert "no home folder" in digits.notice
    assert "set HOME" in digits.notice
    with pytest.raises(DataError, match="no home folder"):
        load_dataset("mnist", "~nobody-of-this-name/mnist")
