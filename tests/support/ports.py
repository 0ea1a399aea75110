"""Ports for servers: for those of the tests, and for those that are told where to listen before they do.

Linux gives ports from 32768 on to whoever connects, or asks for any: a kernel that is told one of those
finds it taken, now and then. All of these lie below, where nobody is sent by chance.
"""

from __future__ import annotations

import errno
import secrets
import socket
from collections import deque

LOWEST, COUNT = 20_000, 12_000
OWN_LOWEST, OWN_COUNT = 10_000, 10_000  # of the tests' own servers, which listen at once
CHANNELS = ("shell", "iopub", "stdin", "hb", "control")  # of a kernel

# Between the choice of a port and the server's bind, other processes of the tests must see that it is
# given away: the UDP port of the same number is taken meanwhile. The servers that asked longest ago
# listen by now.
_claims: deque[socket.socket] = deque()
_MOST_CLAIMS = 200


def free_ports(count: int) -> list[int]:
    """So many, all different, on which nobody listens and which no other process of the tests gets."""
    return [_claimed() for _ in range(count)]


def listening(port: int = 0) -> socket.socket:
    """A socket that listens on this port of 127.0.0.1; 0 for one that is free."""
    while True:
        try:
            wanted = port or OWN_LOWEST + secrets.randbelow(OWN_COUNT)
            return socket.create_server(("127.0.0.1", wanted), backlog=128)
        except OSError as failed:
            if port or failed.errno != errno.EADDRINUSE:
                raise


def _claimed() -> int:
    while True:
        port = LOWEST + secrets.randbelow(COUNT)
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if _bound(claim, port) and not _listens(port):
            _claims.append(claim)
            if len(_claims) > _MOST_CLAIMS:
                _claims.popleft().close()
            return port
        claim.close()


def _bound(claim: socket.socket, port: int) -> bool:
    """False if the port is another's."""
    try:
        claim.bind(("127.0.0.1", port))
    except OSError as failed:
        if failed.errno != errno.EADDRINUSE:
            raise
        return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
