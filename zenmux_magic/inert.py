r"""Text that no terminal acts on.

In: what a model or a service wrote. Out: the same, with the pictures of control characters in their
place, one for one: `\x1b]52;…` sets the clipboard of whoever prints it, `␛]52;…` does not. Tabs and
line ends stay. It knows nothing of HTML or Markdown.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
_PICTURES, _DELETE = 0x2400, 0x7F


def inert(text: str) -> str:
    """The text with control characters made visible; its length stays the same."""
    return _CONTROL.sub(lambda found: _picture(ord(found[0])), text)


def _picture(code: int) -> str:
    if code < ord(" "):
        return chr(_PICTURES + code)
    return "\u2421" if code == _DELETE else "\ufffd"
