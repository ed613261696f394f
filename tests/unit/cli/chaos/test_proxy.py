"""The proxy of a chaos run outlives whatever its links do by themselves."""

from __future__ import annotations

import asyncio

from pooljobs_cli.chaos.proxy import Link


def test_a_link_is_reset_one_side_of_which_has_just_been_closed() -> None:
    async def scene() -> tuple[bytes, bool]:
        arrived: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        listening = await asyncio.start_server(lambda _, writer: arrived.put_nowait(writer), "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        reader, client = await asyncio.open_connection("127.0.0.1", port)
        _, other = await asyncio.open_connection("127.0.0.1", port)
        other.close()
        await other.wait_closed()
        link = Link(other, await arrived.get(), born=0.0)
        link.reset()  # the closed one first
        try:
            end = await reader.read()
        except ConnectionResetError:
            end = b"reset"
        client.close()
        listening.close()
        return end, link.server.is_closing()

    assert asyncio.run(scene()) == (b"reset", True)
