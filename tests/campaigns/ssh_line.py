"""A real SSH line that is cut: the run is saved, and goes on over the next one.

    python -m tests.campaigns.ssh_line --count 4 --seed 0

An OpenSSH server on a free port of this machine, with a host key and a user's key made for it.
Each attempt trains in a dashboard over `ssh -tt`, with another kind of terminal each time, ends
the client, finds the run saved, connects again, and resumes to the end.
"""

import getpass
import itertools
import os
import random
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect

from mnist_tui.store.atomic import read_json
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory
from tests.campaigns.campaign import few_digits, main
from tests.campaigns.kills import assert_whole

TERMINALS = (("xterm", ""), ("screen", ""), ("vt100", ""), ("xterm-256color", "NO_COLOR=1 "))
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
SSH = shutil.which("ssh")
EPOCHS = 20
LIMIT_S = 600.0


def missing() -> str | None:
    """What keeps this campaign from running here; None when nothing does."""
    if not (SSHD and SSH and shutil.which("ssh-keygen")):
        return "OpenSSH's sshd, ssh and ssh-keygen are not all installed"
    return None


@contextmanager
def server(folder: Path) -> Iterator[Callable[[str, str], pexpect.spawn]]:
    """A server of our own; gives what opens a line with a command at its other end."""
    assert SSHD
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, run by root, locks itself in
    options = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized_keys",
        "PidFile": folder / "pid",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "yes",
    }
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    log = (folder / "sshd.log").open("wb")
    daemon = subprocess.Popen([SSHD, "-D", "-e", "-f", "/dev/null", *words], stderr=log)

    def connect(term: str, command: str) -> pexpect.spawn:
        args = ["-tt", "-F", "/dev/null", "-p", str(port), "-i", str(folder / "user")]
        for option in ("StrictHostKeyChecking=no", f"UserKnownHostsFile={folder / 'known'}"):
            args += ["-o", option]
        args += ["-o", "LogLevel=ERROR", f"{getpass.getuser()}@127.0.0.1", command]
        environment = {**os.environ, "TERM": term}
        return pexpect.spawn(str(SSH), args, env=environment, dimensions=(24, 80))

    try:
        _wait(lambda: _answers(port), "the server does not answer")
        yield connect
    finally:
        daemon.terminate()
        daemon.wait()
        log.close()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(is_so: Callable[[], object], otherwise: str, line: pexpect.spawn | None = None) -> None:
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end, otherwise
        if line is None:
            time.sleep(0.01)
            continue
        try:
            line.read_nonblocking(65_536, 0.05)
        except pexpect.TIMEOUT:
            continue
        except pexpect.EOF:
            assert is_so(), f"{otherwise}; the line ended"


_TURNS = itertools.count()


def attempt(dice: random.Random, folder: Path) -> None:
    """Train over a line, cut it, and go on over another."""
    reason = missing()
    assert reason is None, reason
    term, setting = TERMINALS[next(_TURNS) % len(TERMINALS)]
    run = RunDirectory(folder / "runs" / "a")
    environment = f"OMP_NUM_THREADS=1 PYTHONPATH={shlex.quote(str(Path.cwd()))} {setting}"
    go = f"cd {shlex.quote(str(folder))} && {environment}{shlex.quote(sys.executable)} -m mnist_tui"
    options = f"--dataset mnist --data-dir {few_digits()} --epochs {EPOCHS} --lr 0.05 --name a"
    batches = dice.randint(10, 100)
    with server(folder) as connect:
        line = connect(term, f"{go} train {options} --start --on-hangup save")
        _wait(lambda: _batch(run) >= batches, f"no batch {batches} on a {term}", line)
        line.close(force=True)  # the client is gone, as when a lid is closed
        pid = int(read_json(run.status)["pid"])
        _wait(lambda: not Path(f"/proc/{pid}").exists(), "the run outlived its line")
        status = read_json(run.status)
        assert status["state"] == "stopped", f"the state is {status['state']} on a {term}"
        assert read_checkpoint(run.last).global_batch == status["global_batch"] >= batches
        assert_whole(run)
        line = connect(term, f"{go} resume last")
        _wait(lambda: run.is_over(EPOCHS), "the resumed run does not end", line)
        line.send("q")
        line.expect(pexpect.EOF, timeout=LIMIT_S)
        line.close()
        assert line.exitstatus == 0, f"the dashboard ended with {line.exitstatus} on a {term}"
        assert read_checkpoint(run.last).global_batch == 11 * EPOCHS


def _batch(run: RunDirectory) -> int:
    return int(read_json(run.status).get("global_batch") or 0)


if __name__ == "__main__":
    main(attempt, 4)
