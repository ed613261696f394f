"""Keeps a host's namespaces: gives itself a name and a wire, hands the wire's other end over, and waits to be let go.

``unshare --net --uts python -m tests.support.network_host DESCRIPTOR NAME ADDRESS``; the descriptor is a socket's.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys

WIRE = "wire0"
MTU = "9000"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000


def open_wire() -> int:
    """A device of this namespace: what it would send is read here, and what is written here it has received."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", WIRE.encode(), _IFF_TUN | _IFF_NO_PI))
    return device


def main() -> None:
    descriptor, name, address = sys.argv[1:]
    with socket.socket(fileno=int(descriptor)) as line:
        socket.sethostname(name)
        device = open_wire()
        for words in (
            f"addr add {address}/24 dev {WIRE}",
            f"link set {WIRE} up mtu {MTU}",
            "link set lo up",
        ):
            subprocess.run(["ip", *words.split()], check=True)
        socket.send_fds(line, [b"."], [device])
        os.close(device)
        line.recv(1)  # until the other end is closed, by whatever


if __name__ == "__main__":
    main()
