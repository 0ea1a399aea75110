"""Attempts that fail: sent again when that may help, and told in one line when there is no connection."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import anyio

from tests.client.asking import (
    Naps,
    check,
    events_of,
    failure_of,
)
from tests.support.gateway import (
    Gateway,
    error,
    streaming,
)
from tests.support.ports import listening
from zenmux_magic.client import faults
from zenmux_magic.completion import fold
from zenmux_magic.events import Failure, Finish, Opened, Retrying
from zenmux_magic.request import Request


def test_a_second_attempt_succeeds(gateway: Gateway, asked: Request) -> None:
    gateway.enqueue(error(502, "provider_error", "Gone."), streaming("Hello"))
    naps = Naps()
    events = events_of(asked, naps=naps)
    first, opened, *_, last = events
    assert isinstance(first, Retrying)
    assert (first.attempt, first.delay_s, first.error.status) == (1, 0.5, 502)
    assert isinstance(opened, Opened)
    assert last == Finish(last.at_s, "stop")
    assert fold(asked, events).text == "Hello"
    assert naps.taken == [0.5]
    assert gateway.chats[0].body == gateway.chats[1].body


def test_the_service_says_when(gateway: Gateway, asked: Request) -> None:
    gateway.enqueue(error(429, "rate_limit", "Slow.", headers={"retry-after": "7"}), streaming("a"))
    naps = Naps()
    assert isinstance(events_of(asked, naps=naps)[-1], Finish)
    assert naps.taken == [7.0]


def test_the_service_names_a_date(gateway: Gateway, asked: Request) -> None:
    when = datetime.now(timezone.utc) + timedelta(seconds=50)
    fields = {"retry-after": format_datetime(when, usegmt=True)}
    gateway.enqueue(error(503, "oops", "Slow.", headers=fields), streaming("a"))
    naps = Naps()
    assert isinstance(events_of(asked, naps=naps)[-1], Finish)
    [nap] = naps.taken
    assert 0 < nap <= 50  # without the header it would have been 0.5
    assert nap > 1


def test_no_more_than_was_allowed(gateway: Gateway, asked: Request) -> None:
    gateway.default = error(503, "oops", "Gone.")
    naps = Naps()
    events = events_of(replace(asked, max_retries=2), naps=naps)
    assert [type(event) for event in events] == [Retrying, Retrying, Failure]
    assert naps.taken == [0.5, 1.0]
    assert len(gateway.chats) == 3


@contextmanager
def speaking(answer: bytes) -> Iterator[int]:
    """A port where somebody answers every connection with these bytes."""
    with listening() as server:
        stopping = threading.Event()

        def serve() -> None:
            while True:
                peer, _ = server.accept()
                with peer:
                    if stopping.is_set():
                        return
                    peer.recv(65536)
                    peer.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        stopping.set()
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_nobody_listens(asked: Request) -> None:
    naps = Naps()
    events = events_of(replace(asked, base_url="http://127.0.0.1:1/v1"), naps=naps)
    last = events[-1]
    assert isinstance(last, Failure)
    check(
        last.error,
        ("ConnectionFailed", None, None, "Is a server running there? Check the base URL."),
    )
    assert "No connection to http://127.0.0.1:1/v1 (" in last.error.message
    assert naps.taken == [0.5, 1.0, 2.0]


def test_a_name_that_does_not_exist(asked: Request) -> None:
    problem = failure_of(replace(asked, base_url="http://no-such-host.invalid/v1"))
    check(problem, ("ConnectionFailed", None, None, "without a network, %zenmux local works"))


def test_no_tls_there(asked: Request) -> None:
    naps = Naps()
    with speaking(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        request = replace(asked, base_url=f"https://127.0.0.1:{port}/v1")
        last = events_of(request, naps=naps)[-1]
    assert isinstance(last, Failure)
    check(
        last.error, ("ConnectionFailed", None, None, "a server without TLS is reached with http://")
    )
    assert naps.taken == []


def test_a_certificate_that_is_not_trusted() -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
    outer = RuntimeError("Connection error.")
    outer.__cause__ = cause
    problem = faults.from_network(outer, url="https://a/v1", key=None)
    assert "point SSL_CERT_FILE at its certificate" in problem.message
    assert faults.permanent(outer)


def test_an_address_that_does_not_answer() -> None:
    async def wait() -> Exception:
        try:
            with anyio.fail_after(0):
                await anyio.sleep_forever()
        except TimeoutError as error:
            return error
        raise AssertionError("it did not time out")

    problem = faults.from_network(asyncio.run(wait()), url="https://a/v1", key=None)
    assert problem.message.startswith("No connection to https://a/v1 (no answer in time).")
