"""The catalogue: asked without a key, kept, shown, and what it makes of an answer's cost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.gateway import KEY, Gateway, error, streaming, usage
from tests.support.kernel import Kernel
from zenmux_magic import models
from zenmux_magic.cost import Cost
from zenmux_magic.engine import shared
from zenmux_magic.errors import RequestError
from zenmux_magic.events import Usage
from zenmux_magic.models import catalogue, store
from zenmux_magic.settings import ZenMux

SUBSCRIPTION = KEY.replace("sk-ai-", "sk-ss-")
SOME = Usage(prompt_tokens=1000, completion_tokens=500)


@pytest.fixture(autouse=True)
def _own_cache(gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("ZENMUX_API_KEY", KEY)
    monkeypatch.setenv("ZENMUX_BASE_URL", gateway.base_url)
    monkeypatch.setattr(catalogue, "_known", {})
    monkeypatch.setattr(catalogue, "_asked", set())
    yield
    shared().stop()


def test_asked_without_a_key_and_kept(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    found = models.fetch(gateway.base_url)
    assert "demo/paint" not in [model.id for model in found]
    assert "authorization" not in gateway.requests[0].headers
    monkeypatch.setattr(catalogue, "_known", {})  # as another kernel would see it
    again = models.kept(gateway.base_url)
    assert again is not None
    assert (again.models, again.at_s) == (found.models, found.at_s)
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"data": []}', '{"data": 1, "at_s": "x"}', "\x00"]
)
def test_a_damaged_file_is_no_list(gateway: Gateway, text: str) -> None:
    models.fetch(gateway.base_url)
    catalogue._known.clear()
    store._path(gateway.base_url).write_text(text)
    assert models.kept(gateway.base_url) is None


def test_where_nothing_can_be_written_the_list_is_there_all_the_same(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert models.fetch(gateway.base_url).find("openai/gpt-5")


def test_a_provider_behind_the_name_changes_nothing(gateway: Gateway) -> None:
    found = models.fetch(gateway.base_url)
    assert found.find("openai/gpt-5:azure") == found.find("openai/gpt-5")
    assert found.find("openai/gpt-6") is None


@pytest.mark.parametrize(
    ("key", "model", "wanted"),
    [
        (KEY, "openai/gpt-5", Cost(Decimal("0.00625"))),
        (KEY, "demo/echo", Cost(unknown=True)),
        (KEY, "new/one", Cost(unknown=True)),
        (SUBSCRIPTION, "openai/gpt-5", Cost()),
    ],
)
def test_what_an_answer_costs(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, key: str, model: str, wanted: Cost
) -> None:
    monkeypatch.setenv("ZENMUX_API_KEY", key)
    models.fetch(gateway.base_url)
    assert models.pricing(ZenMux(), gateway.base_url)(model, SOME) == wanted
    assert models.pricing(ZenMux(), "http://127.0.0.1:9/v1")(model, SOME) == Cost()


def test_a_service_that_names_no_price_charges_nothing(gateway: Gateway) -> None:
    gateway.models = [{"id": "llama"}]
    models.fetch(gateway.base_url)
    assert models.pricing(ZenMux(), gateway.base_url)("llama", SOME) == Cost()


def test_a_list_is_asked_for_beside_the_rest_once(gateway: Gateway) -> None:
    models.refresh_soon(gateway.base_url)
    models.refresh_soon(gateway.base_url)
    gateway.wait_for_request(1)
    shared().submit(lambda _: _nothing()).result()
    assert len(gateway.requests) == 1


async def _nothing() -> None:
    """Comes after what was submitted before."""


def test_a_list_that_cannot_be_had_changes_nothing(gateway: Gateway) -> None:
    gateway.models = error(502, "provider_error", "Gone.")
    models.refresh_soon(gateway.base_url)
    gateway.wait_for_request(1)
    assert models.kept(gateway.base_url) is None
    with pytest.raises(RequestError):
        models.fetch(gateway.base_url)


# In a kernel, as a user sees it.


@pytest.fixture
def loaded(kernel: Kernel) -> Kernel:
    assert kernel.run("%load_ext zenmux_magic").status == "ok"
    return kernel


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("claude", ["anthropic/claude-sonnet-4.5"]),
        ("GPT mini", ["openai/gpt-5-mini"]),
        ("--context 1000000", ["google/gemini-2.5-flash"]),
        ("--max-price 2 --sort price", ["deepseek/deepseek-chat", "openai/gpt-5-mini"]),
        ("--reasoning gpt --sort name", ["openai/gpt-5", "openai/gpt-5-mini"]),
    ],
)
def test_models_that_fit_are_shown(loaded: Kernel, line: str, ids: list[str]) -> None:
    reply = loaded.run(f"%zenmux models {line}")
    (output,) = reply.outputs
    shown = output["data"]["text/plain"].splitlines()[1:]
    assert [row.split()[0] for row in shown] == ids
    assert all(name in output["data"]["text/html"] for name in ids)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nobody", "None of 6 models fits 'nobody'"),
        ("--colour", "unrecognized arguments: --colour. usage: %zenmux models [--vision]"),
        ("--sort colour", "argument --sort: invalid choice: 'colour'"),
        ("--max-price much", "argument --max-price: invalid float value: 'much'"),
        ("--context long", "argument --context: invalid int value: 'long'"),
    ],
)
def test_what_does_not_fit_gets_one_line(loaded: Kernel, line: str, said: str) -> None:
    reply = loaded.run(f"%zenmux models {line}")
    assert said in reply.evalue
    assert "\n" not in reply.evalue
    assert len(reply.traceback) == 1


def test_offline_the_kept_list_is_shown_with_its_age(loaded: Kernel, gateway: Gateway) -> None:
    assert loaded.run("%zenmux models gpt").status == "ok"
    (path,) = (loaded.home / "cache" / "zenmux_magic").glob("models-*.json")
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "at_s": time.time() - 3 * 86400}))
    gateway.models = error(502, "provider_error", "Gone.")
    loaded.run("from zenmux_magic.models import catalogue; catalogue._known.clear()")
    reply = loaded.run("%zenmux models gpt")
    assert "This list is 3 days old, because a new one cannot be had" in reply.stdout
    assert "openai/gpt-5-mini" in reply.data("text/plain")[0]


def test_an_answer_tells_what_it_cost(loaded: Kernel, gateway: Gateway) -> None:
    gateway.default = streaming("Hi", model="openai/gpt-5", usage=usage(2000, 500))
    loaded.run("%zenmux models gpt")
    reply = loaded.run("%%zenmux -m openai/gpt-5 -o answer\nHi", allow_stdin=False)
    assert "500 tokens · ≈ <span>$</span>0.0075" in reply.data("text/html")[0]
    assert loaded.run("float(answer.cost_usd)").result == "0.0075"
