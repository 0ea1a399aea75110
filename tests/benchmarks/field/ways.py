"""The ways to get an answer into a notebook that are compared; values only.

Each is installed in an environment of its own, and asks an OpenAI-compatible service whose address
and key are in the environment. A prompt is put in the place of `PROMPT`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.environment import CHECKOUT
from tests.support.gateway import KEY


@dataclass(frozen=True)
class Way:
    """One way.

    Attributes:
        name: What options call it.
        title: The head of its column, in which VERSION is replaced.
        package: The package whose version that is.
        needs: What is installed, beside ipykernel.
        load: The cell that makes it ready.
        ask: The cell that asks.
        longest_kb: The longest answer that it is measured with.
    """

    name: str
    title: str
    package: str
    needs: tuple[str, ...]
    load: str
    ask: str
    longest_kb: float = 1e9


LOAD_LOOP = """
import os, time, openai
from IPython.display import Markdown, display
client = openai.OpenAI(base_url=os.environ["ZENMUX_BASE_URL"], api_key=os.environ["ZENMUX_API_KEY"])
"""
LOOP = """
handle, text, shown = display(Markdown(""), display_id=True), "", 0.0
messages = [{"role": "user", "content": "PROMPT"}]
for event in client.chat.completions.create(model="demo/echo", messages=messages, stream=True):
    text += (event.choices[0].delta.content or "") if event.choices else ""
    if time.monotonic() - shown >= EVERY_S:
        handle.update(Markdown(text)); shown = time.monotonic()
handle.update(Markdown(text))
"""

OURS = Way(
    "ours", "zenmux_magic VERSION", "zenmux_magic", (str(CHECKOUT),),
    "%load_ext zenmux_magic", "%%zenmux -m demo/echo\nPROMPT",
)  # fmt: skip
# Two of them do with a longer answer what the one beside them does: the run would only be longer.
OTHERS = (
    Way(
        "tenth", "`openai` VERSION + `update_display` 10 times a second", "openai", ("openai",),
        LOAD_LOOP, LOOP.replace("EVERY_S", "0.1"),
    ),
    Way(
        "every", "the same at every token", "openai", ("openai",),
        LOAD_LOOP, LOOP.replace("EVERY_S", "0.0"),
    ),
    Way(
        "jupyter_ai_2", "Jupyter AI VERSION `%%ai`", "jupyter-ai-magics",
        ("jupyter-ai-magics>=2.31", "langchain-openai"),
        "%load_ext jupyter_ai_magics", "%%ai openai-chat:gpt-4o-mini\nPROMPT",
    ),
    Way(
        "jupyter_ai_3", "Jupyter AI 3 `%%ai` (magic commands VERSION)", "jupyter-ai-magic-commands",
        ("jupyter-ai-magic-commands",),
        "%load_ext jupyter_ai_magic_commands",
        "%%ai openai/gpt-4o-mini --api-base {BASE_URL}\nPROMPT", longest_kb=6,
    ),
    Way(
        "cellmage", "cellmage VERSION `%%llm`", "cellmage", ("cellmage[langchain]",),
        "%load_ext cellmage", "%%llm -m gpt-4o-mini\nPROMPT", longest_kb=6,
    ),
)  # fmt: skip
WAYS = {way.name: way for way in (OURS, *OTHERS)}


def variables(base_url: str) -> dict[str, str]:
    """Address and key by every name that one of the ways knows; nothing of the checkout to import."""
    found = {f"{name}_API_KEY": KEY for name in ("ZENMUX", "OPENAI", "CELLMAGE")}
    addresses = ("ZENMUX_BASE_URL", "OPENAI_BASE_URL", "OPENAI_API_BASE", "CELLMAGE_API_BASE")
    return {**found, **dict.fromkeys(addresses, base_url), "PYTHONPATH": ""}
