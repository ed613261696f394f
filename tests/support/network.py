"""A network of hosts on this machine: each is a network namespace with a name of its own, wired to a switch in here.

The switch is a thread of the test that carries every packet, and so can do what a kernel's queueing disciplines would
(netem), which many kernels lack: lose them, delay them, or forget connections as a firewall does that was restarted.
Nothing of it is seen from outside, and all of it is gone with the test's process, however that ends.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.support.switch import Port, Switch

ROOT = Path(__file__).parent.parent.parent
NET = "10.77.0"
_TOOLS = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2"}


class Machine:
    """A host: its name, its address, and its cable."""

    def __init__(self, name: str, address: str, process: subprocess.Popen[bytes], port: Port) -> None:
        self.name = name
        self.address = address
        self._process = process
        self.port = port

    def within(self, *options: str) -> list[str]:
        """What stands before a command that is to run there. ``options`` are nsenter's."""
        return ["nsenter", "--target", str(self._process.pid), "--net", "--uts", *options, "--"]

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Inside the block every packet from and to it vanishes, and nobody is told."""
        self.port.lossy = True
        try:
            yield
        finally:
            self.port.lossy = False


class Network:
    """The switch and the hosts that were plugged in. Leaving unplugs them all."""

    def __init__(self) -> None:
        self._switch = Switch()
        self._holders: list[tuple[subprocess.Popen[bytes], socket.socket]] = []

    def __enter__(self) -> Self:
        self._switch.start()
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self._switch.stop()
        for process, line in self._holders:
            line.close()
            process.wait(30)

    def plug_in(self, name: str) -> Machine:
        """A new host of this name. It is up when it is there."""
        address = f"{NET}.{len(self._holders) + 1}"
        ours, theirs = socket.socketpair()
        with theirs:
            holder = [sys.executable, "-m", "tests.support.network_host", str(theirs.fileno()), name, address]
            process = subprocess.Popen(
                ["unshare", "--net", "--uts", "--", *holder],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                start_new_session=True,
            )
        self._holders.append((process, ours))
        _told, (device,), _flags, _from = socket.recv_fds(ours, 1, 1)
        return Machine(name, address, process, self._switch.wire(address, device))


def why_not() -> str | None:
    """Why no such network can be had here; None where it can."""
    if sys.platform != "linux":
        return "network namespaces are Linux'"
    if os.geteuid():
        return "network namespaces of hosts that run servers need root"
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            return f"no {tool}: apt-get install {package}"
    if not Path("/dev/net/tun").exists():
        return "no /dev/net/tun: modprobe tun, or docker run --device /dev/net/tun"
    tried = subprocess.run(
        ["unshare", "--net", "--uts", "ip", "tuntap", "add", "dev", "wire0", "mode", "tun"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"namespaces are not allowed here: {tried.stderr.strip()}" if tried.returncode else None


@contextmanager
def network() -> Iterator[Network]:
    """A network; the test is skipped, with the reason, where none can be had."""
    if why := why_not():
        pytest.skip(why)
    with Network() as made:
        yield made
