"""Configuration: what holds where an option does not say otherwise, and which key may go where.

Strongest first: the option on the line; `%zenmux use` and `%zenmux local`; traitlets (`%config
ZenMux.model = "…"`, `c.ZenMux…` in a configuration file); the environment; the built-in default.
The key is no trait, because `%config ZenMux` prints every trait: it comes from `ZENMUX_API_KEY` or
the file that `ZENMUX_API_KEY_FILE` names, and goes only to the base URL it was configured with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from traitlets import Bool, Enum, Float, Integer, List, Unicode
from traitlets.config import Configurable

from zenmux_magic.errors import ArgumentError, SettingsError

if TYPE_CHECKING:
    from zenmux_magic.background import Background
    from zenmux_magic.client.secret import Secret
    from zenmux_magic.local import LocalServer

BASE_URL = "https://zenmux.ai/api/v1"
# Cheap, begins to answer within about a second, and does not think before it does.
MODEL = "anthropic/claude-haiku-4.5"
LOCAL = "local/"
_OFF = frozenset({"off", "none", "no", "false", "0"})
SUBSCRIPTION = "sk-ss-v1-"  # how the key of a subscription begins


@dataclass(frozen=True)
class Key:
    """A key and where it was found."""

    secret: Secret
    source: str


@dataclass(frozen=True)
class LocalEndpoint:
    """A server on this machine or in this network that answers for `local/…` models.

    Attributes:
        base_url: Where it listens.
        model: The id to ask for by default, `local/…`.
        secret: The key that it wants, if any.
        own: Whether this kernel started it; its models then really are named `local/…`.
    """

    base_url: str
    model: str
    secret: Secret | None
    own: bool


class ZenMux(Configurable):
    """Settings of the %%zenmux magic."""

    model = Unicode("", help="The model to ask by default.").tag(config=True)
    base_url = Unicode("", help=f"The service's base URL (default {BASE_URL}).").tag(config=True)
    system = Unicode("", help="A system prompt for every request; @file reads it.").tag(config=True)
    timeout = Float(60.0, help="Longest silence between two bytes, in seconds.").tag(config=True)
    max_retries = Integer(3, min=0, help="Further attempts before the first token.").tag(
        config=True
    )
    max_in_flight = Integer(8, min=1, help="Requests under way at once.").tag(config=True)
    requests_per_minute = Integer(
        0, min=0, help="Requests a minute; 0 is 10 with a subscription key, else any number."
    ).tag(config=True)
    transport = Enum(["openai", "direct"], "openai", help="How requests are made.").tag(config=True)
    view = Enum(
        ["auto", "document", "terminal"], "auto", help="How answers are shown while they come."
    ).tag(config=True)
    template = Bool(True, help="Whether {{ expression }} is replaced in prompts.").tag(config=True)
    ledger = Unicode(
        "", help="The file that keeps answers, or off; empty for one among the user's data."
    ).tag(config=True)
    ledger_days = Float(90.0, help="How long answers are kept, in days.").tag(config=True)
    ledger_mb = Float(200.0, help="How large the ledger may become, in megabytes.").tag(config=True)
    cache = Bool(
        False, help="Whether an identical request is answered from the ledger, without paying."
    ).tag(config=True)
    allowed_models = List(
        Unicode(), help="Only these models, as patterns (openai/*); empty for all."
    ).tag(config=True)
    budget_usd = Float(
        0.0,
        min=0,
        help="The most that this kernel may spend, in US dollars, estimated; 0 for no end.",
    ).tag(config=True)
    budget_usd_day = Float(
        0.0, min=0, help="The most that a day may cost, over all kernels, as the ledger has it."
    ).tag(config=True)
    local_model = Unicode("", help="Path of a GGUF file for %zenmux local.").tag(config=True)
    local_url = Unicode("", help="Base URL of a running server for %zenmux local.").tag(config=True)
    markdown_engine = Enum(
        ["markdown-it", "markdown"], "markdown-it", help="Which package reads Markdown."
    ).tag(config=True)
    markdown_extensions = List(
        Unicode(), help="Extensions of the `markdown` package; its good defaults if empty."
    ).tag(config=True)

    used_model = ""  # by `%zenmux use` or `%zenmux local`, for this kernel
    local: LocalEndpoint | None = None
    background: Background | None = None  # the answers that no cell waits for
    typed_key: Key | None = None  # %zenmux login, for this kernel
    where: Callable[[], tuple[str, str]] | None = None  # asked for each request
    local_server: LocalServer | None = None  # the child behind it, if this kernel started one

    def place(self) -> tuple[str, str]:
        """Who asks: the notebook's path and the cell's id, as far as they are known."""
        return self.where() if self.where else ("", "")

    def default_model(self) -> str:
        """The model to ask when the line names none."""
        return self.used_model or self.model or _env("ZENMUX_MODEL") or MODEL

    def home_url(self) -> str:
        """The base URL that the key was configured with."""
        return checked_url(self.base_url or _env("ZENMUX_BASE_URL") or BASE_URL)

    def ledger_path(self) -> Path | None:
        """Where answers are kept; `None` for nowhere.

        What an administrator configured is stronger than the environment.
        """
        where = self.ledger.strip() or _env("ZENMUX_LEDGER")
        if where.lower() in _OFF:
            return None
        if where:
            return Path(where).expanduser().absolute()
        from platformdirs import user_data_path

        return user_data_path("zenmux_magic", appauthor=False) / "ledger.sqlite3"

    def key(self) -> Key | None:
        """The key for `home_url`, or `None` if there is none.

        Raises:
            SettingsError: The key's file cannot be read, or the key cannot be one.
        """
        return self.typed_key or find_key()

    def holds_key(self, text: str) -> bool:
        """Whether so much of the key stands in a text that it cannot be there by chance."""
        found = None
        with suppress(SettingsError):  # one that cannot be read is in no text
            found = self.key()
        return found is not None and found.secret.stands_in(text)

    def without_key(self, text: str) -> str:
        """A message that quotes what the user wrote, the key masked."""
        from zenmux_magic.client.secret import redact_kept

        found = None
        with suppress(SettingsError):
            found = self.key()
        return redact_kept(text, found.secret if found else None)

    def refuse_key(self, line: str) -> None:
        """See that no key was typed on a line, this one or what looks like one.

        Raises:
            ArgumentError: One was.
        """
        from zenmux_magic.client.secret import redact_kept

        if self.holds_key(line) or redact_kept(line, None) != line:
            raise ArgumentError(
                "A key stands on this line, and notebooks are read by others: delete that cell and make"
                " a new key. %zenmux login takes one, hidden."
            )

    def key_for(self, base_url: str) -> Secret | None:
        """The key that may be sent to a base URL: to another origin than its own, none."""
        if origin(base_url) != origin(self.home_url()):
            return None
        found = self.key()
        return found.secret if found else None


def find_key() -> Key | None:
    """The key that the environment holds or points to.

    Raises:
        SettingsError: The key's file cannot be read, or the key cannot be one.
    """
    from zenmux_magic.client.secret import Secret

    if _env("ZENMUX_API_KEY"):
        return checked_key(Secret(_env("ZENMUX_API_KEY")), "ZENMUX_API_KEY")
    path = _env("ZENMUX_API_KEY_FILE")
    if not path:
        return None
    secret = Secret(_read_key(path))
    return checked_key(secret, f"the file {path} (ZENMUX_API_KEY_FILE)") if secret else None


def checked_key(secret: Secret, source: str) -> Key:
    """A key that can be sent. Its text is in no variable, for tracebacks may show those.

    Raises:
        SettingsError: It holds what no key holds.
    """
    if not _sendable(secret):
        raise SettingsError(
            f"The key from {source} holds characters that no key has (spaces, quotes of a word"
            " processor, other alphabets). Copy it again from zenmux.ai."
        )
    return Key(secret, source)


def _sendable(secret: Secret) -> bool:
    text = secret.reveal()
    return text.isascii() and text.isprintable() and " " not in text


def _read_key(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
    raise SettingsError(
        f"The key's file {path} cannot be read ({reason}). Mend ZENMUX_API_KEY_FILE, or unset it."
    )


def checked_url(url: str) -> str:
    """A base URL without white space and trailing slash.

    Raises:
        SettingsError: It is no http or https URL, or holds a password or a query.
    """
    url = url.strip().rstrip("/").removesuffix("/chat/completions")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 — raises for a port that is no number
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
        good = good and not (parts.username or parts.query or parts.fragment)
    except ValueError:
        good = False
    if not good or any(character.isspace() for character in url):
        raise SettingsError(f"{_told(url)!r} is no base URL. It looks like {BASE_URL}.")
    return url


def _told(url: str) -> str:
    """What was given as a URL, without the places in which people put passwords and keys."""
    from zenmux_magic.client.secret import redact

    bare = re.sub(r"[^/@]+@", "…@", url)
    return redact(re.sub(r"([?#]).+", r"\1…", bare), None)


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what tells one service from another."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _env(name: str) -> str:
    return os.environ.get(name, "").strip()
