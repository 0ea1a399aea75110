"""Loading and unloading: what the extension adds to a shell, and how it is taken back.

In: a shell. Out: the same shell with the magics, the `ZenMux` settings and the input transformer, or
without them. Loading twice adds nothing twice.
"""

from __future__ import annotations

from typing import Any

from zenmux_magic import commands, completer
from zenmux_magic.arguments import option_names
from zenmux_magic.cell import REGISTERED_AS, transformer
from zenmux_magic.errors import SettingsError
from zenmux_magic.magic import ZenMuxMagics
from zenmux_magic.parents import guard, unguard
from zenmux_magic.replies import past_the_stream, through_the_stream
from zenmux_magic.said import say
from zenmux_magic.settings import ZenMux

_TRANSFORMER = "zenmux_cell"


def load(shell: Any) -> None:
    """Add the extension to a shell; with no key, say in one line what works without one."""
    if REGISTERED_AS in shell.magics_manager.registry:
        return
    settings = ZenMux(parent=shell)
    shell.configurables.append(settings)
    shell.register_magics(ZenMuxMagics(shell, settings))
    shell.input_transformers_cleanup.insert(0, transformer(shell))
    options = option_names(ZenMuxMagics.cell.parser)
    completer.install(shell, settings, options, commands.WORDS)
    if hasattr(shell, "kernel"):
        guard(shell.kernel)
        through_the_stream(shell.kernel)
    _greet(settings)


def _greet(settings: ZenMux) -> None:
    try:
        found = settings.key()
    except SettingsError as error:
        say(f"zenmux_magic: {error}")
        return
    if found is None:
        say(
            "zenmux_magic: no key found. %zenmux local starts a small model on this machine; for all"
            " models get a key at https://zenmux.ai, and set ZENMUX_API_KEY or type it with %zenmux login."
        )


def unload(shell: Any) -> None:
    """Take everything back and end what runs in the background."""
    magics = shell.magics_manager.registry.pop(REGISTERED_AS, None)
    if magics is None:
        return
    from zenmux_magic import ledger
    from zenmux_magic.commands import stop_local
    from zenmux_magic.engine import shared

    # First, while what they leave still finds its cell.
    shared().stop()
    ledger.close()
    stop_local(magics.settings)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("zenmux", None)
    for ours in (magics, magics.settings):  # `Magics` adds itself
        shell.configurables.remove(ours)
    completer.uninstall(shell)
    if hasattr(shell, "kernel"):
        unguard(shell.kernel)
        past_the_stream(shell.kernel)
    transformers = shell.input_transformers_cleanup
    transformers[:] = [t for t in transformers if getattr(t, "__name__", "") != _TRANSFORMER]
