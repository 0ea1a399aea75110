"""Keeps ipykernel 7.0 to 7.3 reading requests when one arrives while a reply is sent.

In: a kernel. Out: the same kernel, whose replies leave through the stream that reads its requests.

Those releases send a reply on the socket past the stream that reads it. The socket tells once that
something has come; where sending takes that notice, a request stays unread and the kernel seems to
hang, until another comes (https://github.com/ipython/ipykernel/issues/1554). 7.4 sends as is done
here; it needs Python 3.11.
"""

from __future__ import annotations

from typing import Any


def through_the_stream(kernel: Any) -> None:
    """Send replies through the stream; twice is once, and other releases stay as they are."""
    manager, stream = _manager(kernel), getattr(kernel, "shell_stream", None)
    if manager is not None and stream is not None:
        manager._shell_socket = stream  # it sends as a socket does, and then reads


def past_the_stream(kernel: Any) -> None:
    """Take that back."""
    manager = _manager(kernel)
    if manager is not None:
        manager._shell_socket = kernel.shell_channel_thread._shell_socket


def _manager(kernel: Any) -> Any:
    """What sends the replies, in the releases that send them on the socket itself."""
    from ipykernel._version import version_info

    thread = getattr(kernel, "shell_channel_thread", None)
    if not (7, 0) <= tuple(version_info[:2]) < (7, 4) or thread is None:
        return None
    return thread.manager if hasattr(thread.manager, "_shell_socket") else None
