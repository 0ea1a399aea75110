"""One GET that is no stream."""

from __future__ import annotations

import asyncio

import pytest

from tests.client.asking import (
    SECRET,
)
from tests.support.gateway import (
    Close,
    Endless,
    Gateway,
    Raw,
    Reply,
    Reset,
    Send,
    error,
)
from zenmux_magic import __version__
from zenmux_magic.client.listing import get_json
from zenmux_magic.errors import RequestError


def test_get_json(gateway: Gateway) -> None:
    models = asyncio.run(get_json(f"{gateway.base_url}/models", SECRET))
    assert models["object"] == "list"
    [got] = gateway.requests
    assert got.headers["user-agent"] == f"zenmux-magic/{__version__}"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (error(503, "oops", "Gone."), "The service failed"),
        (Reply(200, {}, [Send(b"<html>")], "length"), "answered with no JSON"),
        (Reply(200, {}, [Reset()]), "No connection to"),
        (Reply(302, {"location": "http://elsewhere.invalid/"}), "redirects to http://elsewhere"),
        (Reply(302, {"location": "http://[::1"}), r"redirects to http://\[::1"),
        (Reply(200, {}, [Send(b"[" * 100_000)], "length"), "answered with no JSON"),
        (Reply(200, {}, [Endless(b"[" * 60_000, 0.0)]), "answered with no JSON"),
        (Reply(200, {"content-encoding": "br"}, [Send(b"x")]), "compressed as br"),
        (Reply(framing="none", steps=[Raw(b"nonsense\r\n\r\n"), Close()]), "is not HTTP"),
    ],
)
def test_get_json_fails_in_one_line(gateway: Gateway, reply: Reply, words: str) -> None:
    gateway.models = reply
    with pytest.raises(RequestError, match=words) as caught:
        asyncio.run(get_json(f"{gateway.base_url}/models", None))
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None
