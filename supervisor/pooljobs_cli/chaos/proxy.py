"""A TCP proxy in a process of its own, between fleet and server, that goes silent or resets connections when told.

A connection that has gone silent stays open on both sides, and nothing passes any more, not even its end: as with a
cable that was pulled, but for the kernels, which still answer each other here. So neither keepalives nor timeouts of
TCP can help whoever waits there.

``python -m pooljobs_cli.chaos.proxy TARGET``, where TARGET is the path of a Unix socket or ``host:port``. It
prints its port, then answers each line of JSON on stdin with one on stdout. ``wire.py`` is the other end. It ends with
its stdin.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import sys
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final

_CHUNK: Final = 65536
_LEAST_AGE: Final = 1.0
"""Seconds: a younger connection may be one that a start waits for, which has no watchdog."""


@dataclass(slots=True, eq=False)
class Link:
    """One client's connection and the server's that belongs to it."""

    client: StreamWriter
    server: StreamWriter
    _: KW_ONLY
    born: float
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    client_gone: bool = False

    def __post_init__(self) -> None:
        self.flowing.set()

    @property
    def silent(self) -> bool:
        """Whether nothing passes, and somebody is there to miss it."""
        return not self.flowing.is_set() and not self.client_gone

    def silence(self, seconds: float | None) -> None:
        """Let nothing pass for so long, None for ever."""
        self.flowing.clear()
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self.flowing.set)

    def reset(self) -> None:
        """End both sides without a goodbye."""
        for writer in (self.client, self.server):
            end: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):  # it has just been closed by itself
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self.flowing.set()

    async def carry(self, client: StreamReader, server: StreamReader) -> None:
        """Forward both ways until both have ended."""
        upwards: asyncio.Queue[bytes] = asyncio.Queue()
        downwards: asyncio.Queue[bytes] = asyncio.Queue()
        await asyncio.gather(
            self._take(client, upwards, of_client=True),
            self._hand_on(upwards, self.server),
            self._take(server, downwards, of_client=False),
            self._hand_on(downwards, self.client),
        )

    async def _take(self, source: StreamReader, queue: asyncio.Queue[bytes], *, of_client: bool) -> None:
        """Read on during a silence too, so that the source's end is seen; an empty chunk stands for it."""
        while data := await _read(source):
            queue.put_nowait(data)
        self.client_gone = self.client_gone or of_client
        queue.put_nowait(b"")

    async def _hand_on(self, queue: asyncio.Queue[bytes], sink: StreamWriter) -> None:
        while data := await queue.get():
            await self.flowing.wait()
            if not sink.is_closing():
                sink.write(data)
        await self.flowing.wait()
        sink.close()


class Proxy:
    """All links, and what can be done to them."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._links: list[Link] = []

    async def accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one client; refuse it if the server does."""
        try:
            server_reader, server_writer = await self._reach()
        except OSError:
            writer.close()
            return
        link = Link(writer, server_writer, born=time.monotonic())
        self._links.append(link)
        try:
            await link.carry(reader, server_reader)
        finally:
            self._links.remove(link)

    async def _reach(self) -> tuple[StreamReader, StreamWriter]:
        if self._target.startswith("/"):
            return await asyncio.open_unix_connection(self._target)
        host, _, port = self._target.rpartition(":")
        return await asyncio.open_connection(host, int(port))

    def obey(self, order: dict[str, Any]) -> int:
        """Carry an order out; how many links it concerned."""
        match order:
            case {"do": "silence", "share": share, "victim": victim, "seconds": seconds}:
                chosen = self._choose(share, victim)
                for link in chosen:
                    link.silence(seconds)
                return len(chosen)
            case {"do": "reset", "share": share, "victim": victim}:
                chosen = self._choose(share, victim)
                for link in chosen:
                    link.reset()
                return len(chosen)
            case {"do": "heal"}:
                silent = [link for link in self._links if not link.flowing.is_set()]
                for link in silent:
                    link.reset()
                return len(silent)
            case _:
                return sum(link.silent for link in self._links)

    def _choose(self, share: float, victim: float) -> Sequence[Link]:
        """At least one, beginning where ``victim`` says, of those that are neither silent nor quite new."""
        latest = time.monotonic() - _LEAST_AGE
        there = [link for link in self._links if link.flowing.is_set() and link.born <= latest]
        if not there:
            return []
        first = int(victim * len(there))
        return [there[(first + n) % len(there)] for n in range(max(1, int(share * len(there))))]


async def _read(source: StreamReader) -> bytes:
    try:
        return await source.read(_CHUNK)
    except OSError:
        return b""


async def serve(target: str) -> None:
    """Proxy until stdin ends."""
    proxy = Proxy(target)
    orders = StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    listening = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    _answer(listening.sockets[0].getsockname()[1])
    while line := await orders.readline():
        _answer(proxy.obey(json.loads(line)))


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Run as a program; the links end with it."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(serve(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # tasks of links that are still open are of no more use


if __name__ == "__main__":
    main()
