"""A class behind a proxy: students have tokens, the key stays where they cannot read it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.class_proxy import ClassProxy
from tests.support.gateway import KEY, Gateway, streaming
from zenmux_magic import Completion, ask_sync
from zenmux_magic.errors import RequestError


@pytest.fixture
def proxy(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClassProxy]:
    tokens = {"ada": "token-of-ada", "bob": "token-of-bob"}
    with ClassProxy(KEY, tokens, ["openai/*"], 2, gateway.base_url) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        monkeypatch.setenv("ZENMUX_BASE_URL", serving.base_url)
        monkeypatch.setenv("ZENMUX_API_KEY", "token-of-ada")
        yield serving
        serving.shutdown()


def test_it_answers_with_the_key_that_no_student_has(proxy: ClassProxy, gateway: Gateway) -> None:
    gateway.default = streaming("Hello **class**")
    answer = ask_sync("Hi", model="openai/gpt-5")
    assert isinstance(answer, Completion)
    assert answer.text == "Hello **class**"
    assert gateway.chats[0].headers["authorization"] == f"Bearer {KEY}"


def test_what_it_refuses_is_refused(
    proxy: ClassProxy, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.default = streaming("x")
    with pytest.raises(RequestError, match="not for this class"):
        ask_sync("Hi", model="x-ai/grok-4")
    for _ in range(2):
        ask_sync("Hi", model="openai/gpt-5")
    with pytest.raises(RequestError, match="ada has had 2 answers"):
        ask_sync("Hi", model="openai/gpt-5")
    monkeypatch.setenv("ZENMUX_API_KEY", "token-of-bob")
    ask_sync("Hi", model="openai/gpt-5")
    monkeypatch.setenv("ZENMUX_API_KEY", "guessed")
    with pytest.raises(RequestError, match="access_denied"):
        ask_sync("Hi", model="openai/gpt-5")
    assert len(gateway.chats) == 3
