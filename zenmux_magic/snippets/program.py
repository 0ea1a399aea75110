"""A request as a complete program: which template, and what stands in its gaps.

In: a request's body, its base URL, the name of the key's variable. Out: source text. No key is ever
in it.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from zenmux_magic.snippets.literals import PYTHON, TYPESCRIPT, Style, literal, string

# Of the documented fields, those that `openai` (2.0) has parameters for; others go as `extra_body`.
KNOWN = frozenset({
    "audio", "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens",
    "messages", "metadata", "modalities", "model", "n", "parallel_tool_calls", "prediction",
    "presence_penalty", "reasoning_effort", "response_format", "seed", "service_tier", "stop",
    "store", "stream", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs",
    "top_p", "user", "web_search_options",
})  # fmt: skip
_GAP = re.compile(r"__(REQUEST|URL|KEY|NO_KEY|MODEL)__")


@dataclass(frozen=True)
class Language:
    """A form that a program can take.

    Attributes:
        template: Its file under `programs/`.
        fence: Its name in Markdown.
        request: A body as source.
        url: A base URL, or any other text, as source.
        shadows: What a file of this program must not be called: it would import itself.
    """

    template: str
    fence: str
    request: Callable[[dict[str, Any]], str]
    url: Callable[[str], str] = string
    shadows: str = ""


def _for_the_package(body: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in body.items() if name in KNOWN}
    others = {name: value for name, value in body.items() if name not in KNOWN}
    return {**fields, "extra_body": others} if others else fields


def _literal(style: Style) -> Callable[[dict[str, Any]], str]:
    return lambda body: literal(body, style)


LANGUAGES: dict[str, Language] = {
    "python": Language(
        "openai.py.txt",
        "python",
        lambda body: literal(_for_the_package(body), PYTHON),
        shadows="openai",
    ),
    "typescript": Language("openai.ts.txt", "typescript", _literal(TYPESCRIPT)),
    "httpx": Language("httpx.py.txt", "python", _literal(PYTHON), shadows="httpx"),
    "fetch": Language("fetch.ts.txt", "typescript", _literal(TYPESCRIPT)),
    "curl": Language(
        "curl.sh.txt",
        "bash",
        lambda body: json.dumps(body, ensure_ascii=False, indent=2),
        shlex.quote,
    ),
}


def program(
    language: str,
    body: dict[str, Any],
    base_url: str,
    *,
    own_key: bool,
    key_file: Path | None = None,
) -> str:
    """The program.

    Args:
        language: A key of `LANGUAGES`.
        body: The request's body, as it goes over the wire.
        base_url: Where to, without a trailing slash.
        own_key: Whether the key in `ZENMUX_API_KEY` is meant for that address.
        key_file: Where the key for that address lies, if it lies in a file.
    """
    form = LANGUAGES[language]
    template = files("zenmux_magic") / "snippets" / "programs" / form.template
    key = "ZENMUX_API_KEY" if own_key else "API_KEY"
    gaps = {
        "REQUEST": form.request(body),
        "URL": form.url(base_url),
        "KEY": key,
        "NO_KEY": form.url(_no_key(key, own_key=own_key, key_file=key_file)),
        "MODEL": re.sub(r"[^\w./:@+-]", "?", str(body.get("model"))),
    }
    # In one pass: what fills a gap may look like one.
    return _GAP.sub(lambda found: gaps[found[1]], template.read_text(encoding="utf-8"))


def _no_key(name: str, *, own_key: bool, key_file: Path | None) -> str:
    """What a program says where its key's variable is not set: what to do, as a command if there is one."""
    if key_file is None:
        return f"Set {name} {'to your key' if own_key else '(any word, if none is wanted)'} first."
    if sys.platform == "win32":
        return f"Set {name} first: $env:{name} = Get-Content '{key_file}'"
    home = Path.home()
    near = key_file.is_relative_to(home)  # whose home it is need not stand in a program
    path = shlex.quote(str(key_file.relative_to(home) if near else key_file))
    return f"Set {name} first: export {name}=$(cat {'~/' if near else ''}{path})"
