"""What goes over the wire: the fields, the key, the proxy, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.client.asking import (
    ODD,
    PROXIES,
    answer_to,
    connected,
    failure_of,
)
from tests.support.gateway import (
    KEY,
    Gateway,
)
from zenmux_magic import __version__
from zenmux_magic.client import Secret, stream
from zenmux_magic.request import Request, TransportName


def test_the_request(gateway: Gateway, asked: Request, transport: TransportName) -> None:
    answer_to(asked)
    [got] = gateway.requests
    assert (got.method, got.path, got.query) == ("POST", "/api/v1/chat/completions", {})
    assert got.json == {
        "model": "demo/echo",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert got.headers["authorization"] == f"Bearer {KEY}"
    assert got.headers["user-agent"] == f"zenmux-magic/{__version__}"
    assert got.headers["accept"] == "text/event-stream"
    assert got.headers["content-type"] == "application/json"
    known = {"host", "accept-encoding", "connection", "content-length"}
    # How the `openai` package marks that its raw response is asked for.
    known |= {"x-stainless-raw-response"} if transport == "openai" else set()
    said = {"authorization", "user-agent", "accept", "content-type"}
    assert set(got.headers) == known | said


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 0.2, "max_completion_tokens": 800, "reasoning_effort": "low"},
        {"temperature": 0, "top_p": 1.0, "stop": ["a b", "\n"], "x": {"a": [1, None, "é"]}},
        {"reasoning": {"enabled": True}, "provider": {"routing": {"type": "order"}}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
        {"n": 1, "seed": None, "logit_bias": {"50256": -100}, "web_search_options": {}},
    ],
)
def test_fields_go_as_they_were_asked_for(
    gateway: Gateway, asked: Request, params: dict[str, Any]
) -> None:
    answer_to(replace(asked, params=params))
    standing = {"model", "messages", "stream", "stream_options"}
    assert {k: v for k, v in gateway.chats[0].json.items() if k not in standing} == params


@pytest.mark.parametrize(
    "content",
    [
        ODD,
        '{"a": 1} \\frac{1}{2} \\section{% c {%d} {} $x %d {{ secret }}\r\n\n',
        [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "AA=="}, "odd": 1},
        ],
    ],
    ids=["odd text", "no template", "parts"],
)
def test_messages_go_as_they_are(gateway: Gateway, asked: Request, content: Any) -> None:
    messages = ({"role": "system", "content": "S"}, {"role": "user", "content": content})
    answer_to(replace(asked, messages=messages))
    assert gateway.chats[0].json["messages"] == list(messages)


def test_variables_of_the_openai_package_do_not_leak(
    gateway: Gateway, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gateway(check_key=False) as other:
        for name in ("API_KEY", "ORG_ID", "PROJECT_ID", "ADMIN_KEY", "WEBHOOK_SECRET"):
            monkeypatch.setenv(f"OPENAI_{name}", "leak-me")
        monkeypatch.setenv("OPENAI_BASE_URL", other.base_url)
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Leak: leak-me\nAuthorization: leak-me")
        assert answer_to(asked).text
        assert not other.requests
        assert "leak-me" not in str(gateway.requests[0])


def test_without_a_key_none_is_sent(
    gateway: Gateway, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "leak-me")
    gateway.check_key = False
    assert answer_to(asked, key=None).text
    assert "authorization" not in gateway.requests[0].headers


def test_a_key_goes_with_its_own_request(gateway: Gateway, asked: Request) -> None:
    gateway.check_key = False

    async def three() -> None:
        async with connected() as connections:
            for key in (Secret("sk-one"), None, Secret("sk-two")):
                assert [event async for event in stream(asked, key, connections)]

    asyncio.run(three())
    sent = [got.headers.get("authorization") for got in gateway.chats]
    assert sent == ["Bearer sk-one", None, "Bearer sk-two"]


def test_loopback_needs_no_proxy(
    gateway: Gateway, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXIES[:3]:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert answer_to(asked).text
    assert answer_to(replace(asked, base_url=asked.base_url.replace("127.0.0.1", "localhost"))).text


def test_elsewhere_the_proxy_is_used(
    gateway: Gateway, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", gateway.base_url.removesuffix("/api/v1"))
    assert answer_to(replace(asked, base_url="http://model.invalid/api/v1")).text
    assert gateway.chats[0].headers["host"] == "model.invalid"


def test_a_proxy_that_cannot_be_used(asked: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://me:hunter2@127.0.0.1:1")
    problem = failure_of(replace(asked, base_url="http://model.invalid/api/v1"))
    assert "Check the variables HTTPS_PROXY, ALL_PROXY" in problem.message
    assert "hunter2" not in problem.message
