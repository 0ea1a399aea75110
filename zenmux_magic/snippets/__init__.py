"""A request as a complete, runnable program that streams: Python, TypeScript or curl.

In: a `Completion`. Out: a `Snippet`, which is the program's text and shows itself highlighted.
"""

from __future__ import annotations

import difflib
from contextlib import suppress

from zenmux_magic.client.body import body
from zenmux_magic.client.secret import redact_kept
from zenmux_magic.completion import Completion
from zenmux_magic.errors import ArgumentError, SettingsError
from zenmux_magic.frontend import reader_of, settings_here
from zenmux_magic.request import Request
from zenmux_magic.settings import origin
from zenmux_magic.snippets.program import LANGUAGES, program
from zenmux_magic.snippets.shown import Snippet

__all__ = ["ALIASES", "LANGUAGES", "Snippet", "snippet"]

ALIASES = {"openai": "python", "py": "python", "ts": "typescript", "bash": "curl", "sh": "curl"}


def snippet(completion: Completion, language: str = "python") -> Snippet:
    """The request behind an answer as a program that prints the answer as it streams.

    The key is read from `ZENMUX_API_KEY` when the program runs; a request to another service than
    the configured one reads `API_KEY`, and says how to set it for a model of this machine.

    Args:
        completion: An answer, whole or not.
        language: `python` or `typescript` (with the `openai` package), `httpx`, `fetch` or `curl`.

    Raises:
        ArgumentError: There is no such form, or the answer does not know its request.
    """
    name = ALIASES.get(language, language)
    if name not in LANGUAGES:
        near = difflib.get_close_matches(language, LANGUAGES, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ArgumentError(f"There is no form {language!r}: {', '.join(LANGUAGES)}.{hint}")
    if not completion.messages:
        raise ArgumentError(
            "This answer does not know what was asked, so there is no program. Ask again with %%zenmux."
        )
    request = Request(
        completion.requested_model,
        completion.messages,
        completion.params,
        base_url=completion.base_url,
    )
    settings = settings_here()
    own_key = origin(request.base_url) == origin(settings.home_url())
    server = settings.local_server  # it has a key of its own
    key_file = server.key_file if server and request.base_url == server.base_url else None
    text = program(name, body(request), request.base_url, own_key=own_key, key_file=key_file)
    with suppress(SettingsError):  # a key that cannot be read is in no text
        found = settings.key()
        text = redact_kept(text, found.secret if found else None)
    return Snippet(text, name, reader_of(settings))
