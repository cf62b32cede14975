"""Download a dataset through torchvision: a program of its own, which imports nothing of this
package.

    python -P torchvision_download.py FOLDER SETTINGS

It creates FOLDER/ready once torchvision is at work, and FOLDER/problem if nothing came of it:
why, in words. Each mirror is looked at before torchvision, which takes seconds to import, is
needed: a machine without a network is soon known to be one, and the causes of failures are
still at hand, which torchvision turns into text.
"""

import errno
import http.client
import json
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

_LOCAL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)
"""Errors of this machine's disk, for which no mirror can be blamed."""

_FAILURES: Final = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    http.client.HTTPException,
)
"""What torchvision and the modules that it unpacks with raise where a mirror sends other things."""

_NO_ADDRESS: Final = "its address is unknown: "


class Probe(threading.Thread):
    """Finds out whether a mirror has a file. A thread, since looking up a name may take long."""

    def __init__(self, mirror: str, name: str, timeout_s: float) -> None:
        super().__init__(daemon=True)
        self.problem = ""
        """Why the mirror is no use, in words."""
        self.doubt = ""
        """What is wrong with it, though torchvision may know another way."""
        self.is_connected = threading.Event()
        """Whether it, or the proxy on the way, was reached or is known to be out of reach."""
        self.mirror, self._url, self._timeout_s = mirror, mirror + name, timeout_s

    def run(self) -> None:
        proxy = _proxy_of(self.mirror)
        address = urlsplit(proxy or self.mirror)
        via = f"the proxy {address.hostname}:{address.port} " if proxy else ""
        try:
            port = address.port or {"https": 443}.get(address.scheme, 80)
            socket.create_connection((address.hostname or "", port), self._timeout_s).close()
        except socket.gaierror as error:
            self.problem = f"{_NO_ADDRESS}{error.strerror}"
            if proxy:
                self.problem = f"{via}has no address that can be found ({error.strerror})"
        except (OSError, ValueError) as error:
            self.problem = f"{via}cannot be reached ({_words(error)})"
        self.is_connected.set()
        if not self.problem:
            self._ask()

    def _ask(self) -> None:
        request = urllib.request.Request(self._url, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                if answer.headers.get_content_type() == "text/html":
                    self.problem = "a web page came, as from a network that wants a login"
        except urllib.error.HTTPError as error:
            if error.code not in (405, 501):  # a server that does not know HEAD
                self.problem = f"HTTP {error.code} {error.reason}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            cause = getattr(error, "reason", error)
            if isinstance(cause, ssl.SSLCertVerificationError):
                # torchvision goes on without TLS, and compares checksums.
                self.doubt = (
                    f"its certificate is not trusted here ({cause.verify_message}; "
                    "SSL_CERT_FILE may name a file with the certificates of this network)"
                )
            else:
                self.problem = _words(cause)


def _proxy_of(mirror: str) -> str:
    """The proxy's address that is set for this mirror, or nothing."""
    parts = urlsplit(mirror)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    proxy = urllib.request.getproxies().get(parts.scheme, "")
    return proxy if not proxy or "//" in proxy else f"http://{proxy}"


def find_mirrors(mirrors: list[str], name: str, connect_s: float) -> list[Probe]:
    """Look at all mirrors at once; those without a connection in `connect_s` have a problem."""
    # Once connected, a proxy or a busy server may take a while for its answer.
    probes = [Probe(mirror, name, 3 * connect_s) for mirror in mirrors]
    for probe in probes:
        probe.start()
    deadline = time.monotonic() + connect_s
    for probe in probes:
        if probe.is_connected.wait(max(0.0, deadline - time.monotonic())):
            probe.join()
        else:
            probe.problem = f"no answer within {connect_s:g} s"
    return probes


def download(folder: Path, settings: dict[str, Any]) -> str:
    """Download and unpack into `folder`; why that failed, in words, or nothing."""
    resources, wanted = settings["resources"], settings["files"]
    probes = find_mirrors(settings["mirrors"], resources[-1][0], settings["connect_s"])
    usable = [probe for probe in probes if not probe.problem]
    if usable:
        socket.setdefaulttimeout(settings["stall_s"])
        from torchvision.datasets.utils import download_and_extract_archive

        (folder / "ready").touch()
    for probe in usable:
        # One at a time, so that each answer's sender is known.
        try:
            for name, md5 in resources:
                url = probe.mirror + name
                download_and_extract_archive(url, str(folder), filename=name, md5=md5)
            _unpack_inner(folder, [name for name in wanted if not (folder / name).exists()])
        except _FAILURES as error:
            if isinstance(error, OSError) and error.errno in _LOCAL:
                return f"cannot write to {folder.parent}: {error.strerror}"
            probe.problem = probe.doubt or _words(error)
        else:
            return ""
    return _in_words({urlsplit(probe.mirror).netloc: probe.problem for probe in probes})


def _unpack_inner(folder: Path, names: list[str]) -> None:
    """Unpack those files that are packed once more in the archive that was unpacked.

    Raises:
        RuntimeError: When one of them is not there.
    """
    from torchvision.datasets.utils import extract_archive

    for name in names:
        packed = next(folder.rglob(f"{name}.gz"), None)
        if packed is None:
            raise RuntimeError(f"the archive has no {name}")
        extract_archive(str(packed), str(folder))


def _in_words(problems: dict[str, str]) -> str:
    """The mirrors' problems in one line; one that they share is said once."""
    if len(set(problems.values())) == 1:
        [problem] = set(problems.values())
        if problem.startswith(_NO_ADDRESS):
            return f"no network, or no name server: {problem.removeprefix(_NO_ADDRESS)}"
        hosts = "" if problem.startswith("the proxy") else f"{' and '.join(problems)}: "
        return hosts + problem
    return "; ".join(f"{host}: {problem}" for host, problem in problems.items())


def _words(error: object) -> str:
    """What went wrong, as short as can be."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = " ".join(str(error).split()).strip("<>")
    if text.startswith("File not found or corrupted"):
        return "what it sends is not the file: its checksum is wrong"
    strerror = getattr(error, "strerror", None)
    return strerror or text.removeprefix("urlopen error ") or type(error).__name__


if __name__ == "__main__":
    problem = download(Path(sys.argv[1]), json.loads(sys.argv[2]))
    if problem:
        (Path(sys.argv[1]) / "problem").write_text(problem, encoding="utf-8")
        sys.exit(1)
