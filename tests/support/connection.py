"""Sockets of the stand-in gateway: bytes in, `Recorded` requests out; `Reply` in, bytes out.

`Listener` accepts, `Connection` serves one socket until either side ends it. Who answers, and who
keeps the records, is the `Host` that is passed in. Knows HTTP/1.1 only so far as clients of the
gateway use it: a body by length or in chunks, keep-alive, `Expect: 100-continue`.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .performance import Performance
from .ports import listening
from .records import Departure, Host, Recorded, Sent

PATIENCE_S = 30.0  # for a thread that has been told to end


class PeerGoneError(Exception):
    """The peer has left, or the server stops."""


def _object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object; `{}` if it is none."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class Listener:
    """Accepts on 127.0.0.1, one thread per connection; `close` ends them all."""

    def __init__(self, port: int, host: Host) -> None:
        self._host = host
        self._socket = listening(port)
        self.port: int = self._socket.getsockname()[1]
        self.connections: set[Connection] = set()
        self._threads: list[Connection] = []  # also those about to end
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="gateway", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            accepted, _ = self._socket.accept()
            if self._stopping.is_set():
                accepted.close()
                return
            connection = Connection(accepted, self._host, self._stopping, self.connections.discard)
            self.connections.add(connection)
            connection.start()
            self._threads = [connection, *(one for one in self._threads if one.is_alive())]

    def close(self) -> None:
        """Stop accepting and end every connection."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        # The only portable way to wake a thread out of accept().
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(PATIENCE_S)
        self._socket.close()
        for connection in list(self.connections):
            connection.end()
        for thread in self._threads:
            thread.join(PATIENCE_S)


class Connection(threading.Thread):
    """Serves one socket: request, reply, and again while both sides keep it alive."""

    def __init__(
        self,
        accepted: socket.socket,
        host: Host,
        stopping: threading.Event,
        forget: Callable[[Connection], None],
    ) -> None:
        super().__init__(name="gateway-connection", daemon=True)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self._host = accepted, host
        self._stopping, self._forget = stopping, forget
        self._input = b""

    def end(self) -> None:
        """Wake the thread out of whatever it waits for and see it end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.join(PATIENCE_S)

    def run(self) -> None:
        """Serve until the connection ends."""
        self._host.note(None)
        try:
            while self._serve():
                pass
        except (PeerGoneError, ConnectionError):
            pass  # the ordinary end: the peer has closed its side
        finally:
            self._socket.close()
            self._forget(self)
            self._host.note(None)

    def _serve(self) -> bool:
        """One request and its reply; whether the connection lives on."""
        asked = self._read_request()
        self._host.note(asked)
        reply = self._host.answer(asked)
        try:
            whole = Performance(self, reply, asked).play()
        except (PeerGoneError, ConnectionError):
            if not self._stopping.is_set():
                self._host.note(Departure(asked, time.monotonic()))
            raise
        return whole and asked.headers.get("connection", "").lower() != "close"

    def _read_request(self) -> Recorded:
        head = self._read_until(b"\r\n\r\n").decode("latin-1")
        start, *lines = head.split("\r\n")
        method, target, _ = start.split(" ", 2)
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        if headers.get("expect", "").lower() == "100-continue":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._read_body(headers)
        url = urlsplit(target)
        return Recorded(
            method, url.path, dict(parse_qsl(url.query)), headers, body, _object(body),
            time.monotonic(),
        )  # fmt: skip

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self._read(int(headers.get("content-length", "0")))
        body = b""
        while size := int(self._read_until(b"\r\n"), 16):
            body += self._read(size)
            self._read_until(b"\r\n")
        self._read_until(b"\r\n")
        return body

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self._input:
            self._fill()
        found, _, self._input = self._input.partition(mark)
        return found

    def _read(self, size: int) -> bytes:
        while len(self._input) < size:
            self._fill()
        found, self._input = self._input[:size], self._input[size:]
        return found

    def _fill(self) -> None:
        more = self._socket.recv(65536)
        if not more:
            raise PeerGoneError
        self._input += more

    # What a performance needs.

    def write(self, data: bytes, asked: Recorded | None = None) -> None:
        """Send, and record it if it is part of a reply."""
        if asked:
            self._host.note(Sent(asked, data, time.monotonic(), time.time()))
        self._socket.sendall(data)

    def wait(self, until: float) -> None:
        """Wait until a monotonic time, or raise `PeerGoneError` as soon as the peer has left."""
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self._socket], [], [], left)
            if readable:
                # Peeked, not read: a pipelined request would be kept, and none of ours pipelines.
                if not self._socket.recv(1, socket.MSG_PEEK):
                    raise PeerGoneError
                self._stopping.wait(max(0.0, until - time.monotonic()))
            if self._stopping.is_set():
                raise PeerGoneError

    def reset(self) -> None:
        """Drop the connection with RST: close with a linger time of zero."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def finish_writing(self) -> None:
        """Send FIN, keep reading."""
        self._socket.shutdown(socket.SHUT_WR)
