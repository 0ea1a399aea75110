"""Ports for servers that are told where to listen before they do.

Linux gives ports from 32768 on to whoever connects, or asks for any: a kernel that is told one of those
finds it taken, now and then. These lie below, where nobody is sent by chance.
"""

from __future__ import annotations

import secrets
import socket

LOWEST, COUNT = 20_000, 12_000
CHANNELS = ("shell", "iopub", "stdin", "hb", "control")  # of a kernel


def free_ports(count: int) -> list[int]:
    """So many, all different, on which nobody listens."""
    found: set[int] = set()
    while len(found) < count:
        port = LOWEST + secrets.randbelow(COUNT)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0:
                found.add(port)
    return list(found)
