"""`%zenmux doctor`: what is there and what is not, fit to be shown to strangers.

In: the shell and the settings. Out: lines of text. No key, no password and no prompt is in them;
the home folder is a tilde.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zenmux_magic import __version__
from zenmux_magic.errors import RequestError, SettingsError, ZenMuxError
from zenmux_magic.frontend import detect
from zenmux_magic.ledger import Store
from zenmux_magic.models import fetch, kept
from zenmux_magic.parents import ipykernel_listens
from zenmux_magic.settings import ZenMux

_PACKAGES = (
    "IPython", "ipykernel", "jupyterlab", "notebook", "ipywidgets", "anywidget", "openai", "httpx",
    "markdown-it-py", "nh3",
)  # fmt: skip
_FORMS = {"sk-ai-v1-": "pay as you go", "sk-ss-v1-": "subscription"}
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_HOUR_S = 3600.0


def report(shell: Any, settings: ZenMux) -> list[str]:
    """All that can be said, a line each."""
    lines = [
        f"zenmux_magic {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"packages: {', '.join(_versions())}",
        f"front end: {_front_end(shell, settings)}",
        f"default model: {settings.default_model()}",
        f"base URL: {_said(settings.home_url)}",
        f"key: {key_report(settings)}",
        *_network(),
        f"service: {_service(settings)}",
        f"models: {_catalogue(settings)}",
        f"ledger: {_ledger(settings)}",
    ]
    home = str(Path.home())
    return [line.replace(home, "~") if len(home) > 1 else line for line in lines]


def key_report(settings: ZenMux) -> str:
    """What kind of key there is and where it was found, without any of it."""
    try:
        found = settings.key()
    except SettingsError as error:
        return str(error)
    if found is None:
        return "none (%zenmux login, or set ZENMUX_API_KEY; %zenmux local needs none)"
    text = found.secret.reveal()
    kinds = [kind for start, kind in _FORMS.items() if text.startswith(start)]
    form = kinds[0] if kinds else "of another service"
    return f"{form}, {len(text)} characters, from {found.source}"


def _versions() -> Iterator[str]:
    for package in _PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"no {package}"


def _front_end(shell: Any, settings: ZenMux) -> str:
    kind = detect(shell)
    if settings.view != "auto":
        return f"{kind}; the view is set to {settings.view}"
    if kind in ("terminal", "console"):
        return f"{kind}: answers as text, as they come"
    if kind == "headless":
        return f"{kind}: answers when they are whole; no widget"
    if ipykernel_listens():
        return f"{kind}: a live board, where the page has anywidget"
    return f"{kind}: answers in steps; ipykernel 7.4 or newer would bring the live board and Stop"


def _network() -> Iterator[str]:
    """What of the environment changes how the service is reached; of a URL, the host alone."""
    for name in _PROXIES:
        value = os.environ.get(name) or os.environ.get(name.lower())
        if value:
            yield f"proxy: {name} = {value if name == 'NO_PROXY' else _host(value)}"
    for name in _CERTIFICATES:
        value = os.environ.get(name)
        if value:
            there = "" if Path(value).exists() else ", which does not exist: unset it or mend it"
            yield f"certificates: {name} = {value}{there}"


def _host(url: str) -> str:
    parts = urlsplit(url if "//" in url else f"//{url}")
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.hostname or 'no host'}{port}"


def _service(settings: ZenMux) -> str:
    try:
        # The list of models is public: it cannot tell a good key from a bad one.
        return f"reachable, {len(fetch(settings.home_url()))} models (this does not check the key)"
    except RequestError as error:
        return f"{error}{_way_out(str(error))}"
    except ZenMuxError as error:
        return str(error)


def _way_out(said: str) -> str:
    """What to do about what a network does, beyond what the error says."""
    if "certificate" in said.lower():
        return (
            " A proxy that opens TLS has a certificate of its own: set SSL_CERT_FILE to your"
            " organisation's bundle."
        )
    if any(os.environ.get(name) or os.environ.get(name.lower()) for name in _PROXIES[:3]):
        return " A proxy is set (above): is it the right one?"
    return ""


def _catalogue(settings: ZenMux) -> str:
    try:
        known = kept(settings.home_url())
    except SettingsError:
        known = None
    return f"{len(known)} kept, {known.age_s / _HOUR_S:.0f} h old" if known else "no list is kept"


def _ledger(settings: ZenMux) -> str:
    path = settings.ledger_path()
    if path is None:
        return "off"
    if not path.exists():
        return f"{path} (begins with the first answer)"
    start = time.perf_counter()
    try:
        store = Store(path)
        try:
            count, size = store.count(), store.size()
        finally:
            store.close()
    except (sqlite3.Error, OSError) as error:
        return f"{path} cannot be used ({error}): move it away, or set ZENMUX_LEDGER=off"
    took = time.perf_counter() - start
    slow = f"; it answers slowly ({took:.1f} s)" if took > 1 else ""
    answers = f"{count:,} answer{'' if count == 1 else 's'}"
    return f"{path}, {answers}, {size / 1e6:.1f} MB{slow}"


def _said(ask: Any) -> str:
    try:
        return str(ask())
    except SettingsError as error:
        return str(error)
