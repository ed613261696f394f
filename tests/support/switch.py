"""Carries packets between the wires of hosts: at once, after a delay, or never, as each host's port says."""

from __future__ import annotations

import heapq
import itertools
import os
import selectors
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

_LONGEST = 65535
_TCP = 6
_SYN = 0x02

Flow = tuple[bytes, bytes]
"""The two ends of a connection, each an address and a port, in order."""


@dataclass(eq=False)
class Port:
    """A host's end of its wire, and what is wrong with it. Tests set these while packets flow.

    Attributes:
        lossy: Nothing passes.
        delay: Seconds that each packet takes, to the host and from it.
    """

    device: int
    lossy: bool = False
    delay: float = 0.0
    _passing: set[Flow] | None = None
    """The connections that pass; None for all."""

    def forget_connections(self) -> None:
        """From now on nothing passes of connections there are, silently; those that are opened later pass."""
        self._passing = set()

    def passes(self, packet: bytes) -> bool:
        """Whether this one does."""
        if self.lossy or (flow := flow_of(packet)) is None:
            return not self.lossy
        if self._passing is None:
            return True
        if packet[_head(packet) + 13] & _SYN:
            self._passing.add(flow)
        return flow in self._passing


@dataclass
class Switch:
    """A thread that forwards what hosts send, by the address it is for."""

    _ports: dict[bytes, Port] = field(default_factory=dict)
    _late: list[tuple[float, int, Port, bytes]] = field(default_factory=list)
    """Packets under way: when each arrives, and in which order they were sent."""
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._hand, self._bell = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="switch", daemon=True)

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    def wire(self, address: str, device: int) -> Port:
        """Forward for this host too."""
        port = self._ports[socket.inet_aton(address)] = Port(device)
        self._selector.register(device, selectors.EVENT_READ, port)
        self._hand.send(b".")
        return port

    def stop(self) -> None:
        """End the thread, and with it all wires."""
        self._stopping.set()
        self._hand.send(b".")
        self._thread.join()
        self._selector.close()
        for port in self._ports.values():
            os.close(port.device)
        self._hand.close()
        self._bell.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            for key, _events in self._selector.select(pause):
                if key.data is None:
                    self._bell.recv(1)
                else:
                    self._take(key.data)
            while self._late and self._late[0][0] <= time.monotonic():
                _at, _order, port, packet = heapq.heappop(self._late)
                _deliver(port, packet)

    def _take(self, source: Port) -> None:
        """Reads what the host has sent, and sends it on its way."""
        with suppress(BlockingIOError):
            while packet := os.read(source.device, _LONGEST):
                target = self._ports.get(packet[16:20]) if packet[0] >> 4 == 4 else None
                if target is None or not (source.passes(packet) and target.passes(packet)):
                    continue
                if delay := source.delay + target.delay:
                    heapq.heappush(self._late, (time.monotonic() + delay, next(self._order), target, packet))
                else:
                    _deliver(target, packet)


def flow_of(packet: bytes) -> Flow | None:
    """The connection that a packet belongs to; None for what is not TCP over IPv4."""
    if packet[0] >> 4 != 4 or packet[9] != _TCP:
        return None
    head = _head(packet)
    one, other = sorted((packet[12:16] + packet[head : head + 2], packet[16:20] + packet[head + 2 : head + 4]))
    return one, other


def _head(packet: bytes) -> int:
    """Bytes of the packet's IP header."""
    return (packet[0] & 0x0F) * 4


def _deliver(port: Port, packet: bytes) -> None:
    with suppress(OSError):  # its queue is full, or it is gone: it is lost, as on any network
        os.write(port.device, packet)
