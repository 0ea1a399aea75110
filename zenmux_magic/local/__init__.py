"""A real model on this machine, without an account: its weights, and a server as a child process.

`ensure` gives the path of the verified model file, `start` serves a model file on the loopback
interface. Nothing here knows of notebooks or makes requests.
"""

from __future__ import annotations

from zenmux_magic.local.server import LocalServer, start
from zenmux_magic.local.weights import ensure

__all__ = ["LocalServer", "ensure", "start"]
