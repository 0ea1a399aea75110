"""The words of `%zenmux`, all but asking.

In: the line behind `%zenmux`. Out: text on the screen, or a changed default of this kernel. Each
command is one function of its arguments.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from zenmux_magic.errors import ArgumentError, SettingsError
from zenmux_magic.said import say
from zenmux_magic.settings import LOCAL, LocalEndpoint, ZenMux, checked_key, checked_url
from zenmux_magic.words import split


def run(line: str, shell: Any, settings: ZenMux) -> None:
    """Carry out one line.

    Raises:
        ArgumentError: The first word is none of ours.
        ZenMuxError: What the command meets.
    """
    settings.refuse_key(line)
    word, _, rest = line.strip().partition(" ")
    command = _COMMANDS.get(word or "help")
    if command is None:
        raise ArgumentError(
            f"%zenmux knows no {word!r}. It knows {', '.join(_COMMANDS)}; to ask, use %%zenmux."
        )
    command(split(rest), shell, settings)


def _help(words: list[str], shell: Any, settings: ZenMux) -> None:
    """List what there is."""
    say("%%zenmux asks: the prompt goes below that line. %%zenmux? lists its options.\n")
    for name, command in _COMMANDS.items():
        say(f"  %zenmux {name:<8} {(command.__doc__ or '').splitlines()[0].rstrip('.')}")
    say(f"\nThe default model is {settings.default_model()}.")


def _use(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Choose the default model of this kernel: VENDOR/NAME."""
    if len(words) != 1:
        raise ArgumentError(
            f"%zenmux use takes one model, not {len(words)}. It looks like %zenmux use openai/gpt-5."
        )
    settings.used_model = words[0]
    say(f"The default model of this kernel is now {words[0]}.")


def _models(words: list[str], shell: Any, settings: ZenMux) -> None:
    """List models: [WORD …] [--vision] [--reasoning] [--max-price USD] [--context N] [--sort BY]."""
    from zenmux_magic.models import command

    command.run(words, settings)


def _panel(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Open a panel that compares models, run after run, as _zenmux_panel: [MODEL …]."""
    from zenmux_magic.frontend import detect

    if detect(shell) != "notebook":
        raise SettingsError(
            "The panel needs a page that shows widgets, as in JupyterLab. Here, -m a/x -m b/y compares."
        )
    from IPython.display import display

    from zenmux_magic.panel import Panel

    panel = Panel(words)
    shell.push({"_zenmux_panel": panel}, interactive=False)
    display(panel)  # type: ignore[no-untyped-call]


def _snippet(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Show the last request as a program: [NAME] [--lang python|typescript|httpx|fetch|curl] [--file F]."""
    from zenmux_magic.snippets import command

    command.run(words, shell.user_ns)


def _history(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Find answers: [WORD …] [--since 7d] [--model M] [--here] | show [N] | restore [N] | prune."""
    from zenmux_magic.ledger import command

    command.run(words, shell, settings)


def _cost(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Add up what answers have cost: [--by model|day|notebook] [--since 30d]."""
    from zenmux_magic.ledger import costs

    costs.run(words, settings)


def _login(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Type a key, hidden, for this kernel alone; it is written nowhere."""
    from IPython.core.error import StdinNotImplementedError

    from zenmux_magic.client.secret import Secret
    from zenmux_magic.doctor import key_report

    if words:
        raise ArgumentError(
            "%zenmux login takes nothing: the key is typed below, where nobody reads it. If it stands"
            " in a cell now, delete that cell and make a new key."
        )
    typed: Secret | None = None
    prompt = f"Key for {settings.home_url()} (hidden; empty forgets it): "
    with suppress(StdinNotImplementedError, EOFError):
        typed = Secret(getpass.getpass(prompt).strip())
    if typed is None:
        raise SettingsError("Nobody can type here. Set ZENMUX_API_KEY before starting the kernel.")
    settings.typed_key = checked_key(typed, "%zenmux login") if typed else None
    say(f"Key: {key_report(settings)}.")


def _local(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Start a small model on this machine; it needs no account."""
    if settings.local is None or not _alive(settings):
        settings.local = _running_server(settings) or _own_server(settings)
    model = settings.local.model
    if settings.key() is None:
        settings.used_model = model
        say(f"{model} answers now, and is the default of this kernel, because there is no key.")
    else:
        say(
            f"{model} answers now: %%zenmux -m {model}. The default stays {settings.default_model()}."
        )
    if settings.local.own and not settings.local_model:
        say("It is a very small model, and often wrong: good for trying things, not for facts.")


def _running_server(settings: ZenMux) -> LocalEndpoint | None:
    """The server that the configuration names, if it names one."""
    if not settings.local_url:
        return None
    from zenmux_magic.models import fetch

    url = checked_url(settings.local_url)
    listed = fetch(url)
    if not listed:
        raise SettingsError(
            f"The server at {url} (ZenMux.local_url) offers no model. Load one there."
        )
    return LocalEndpoint(url, f"{LOCAL}{listed[0].id.removeprefix(LOCAL)}", None, own=False)


def _own_server(settings: ZenMux) -> LocalEndpoint:
    """A server of this kernel's own, started if it does not run."""
    from zenmux_magic.client.secret import Secret
    from zenmux_magic.local import LocalServer, ensure, start

    path = Path(settings.local_model).expanduser() if settings.local_model else ensure(_report)
    server: LocalServer = start(path, _report)
    settings.local_server = server
    return LocalEndpoint(server.base_url, server.model, Secret(server.api_key), own=True)


def _stop(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Stop the answers that run in the background; what has come is kept."""
    count = settings.background.stop() if settings.background else 0
    say(f"Stopped {count} answer{'' if count == 1 else 's'}." if count else "Nothing runs.")


def _alive(settings: ZenMux) -> bool:
    server = settings.local_server
    return server is None or server.alive


def _report(line: str) -> None:
    say(line)


def stop_local(settings: ZenMux) -> None:
    """End the local server, if this kernel started one."""
    if settings.local_server is not None:
        settings.local_server.close()
    settings.local = settings.local_server = None


def _doctor(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Say what is there and what is not, from versions to the ledger, without secrets."""
    from zenmux_magic import doctor

    say("\n".join(doctor.report(shell, settings)))


_COMMANDS: dict[str, Callable[[list[str], Any, ZenMux], None]] = {
    "help": _help,
    "use": _use,
    "models": _models,
    "panel": _panel,
    "local": _local,
    "snippet": _snippet,
    "history": _history,
    "cost": _cost,
    "login": _login,
    "stop": _stop,
    "doctor": _doctor,
}
WORDS = tuple(_COMMANDS)
