"""What the extra `local` brings, checked before anything is downloaded or started.

In: the name of a package. Out: nothing, or an error that says how to install it. Installs nothing.
"""

from __future__ import annotations

from importlib.util import find_spec

from zenmux_magic.errors import LocalModelError


def require(package: str) -> None:
    """Check that a package of the extra `local` is there, without importing it.

    Raises:
        LocalModelError: It is not.
    """
    if find_spec(package) is None:
        raise LocalModelError(
            f"The local model needs {package}, which is not installed here: "
            'pip install "zenmux_magic[local]"'
        )
