"""Which room of the package may import which, read from the source; and what loading it imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.environment import CHECKOUT, environment

PACKAGE = CHECKOUT / "zenmux_magic"
ROOT = "zenmux_magic"

# Room → the rooms it may import when it is imported itself. Values first, the magic last.
VALUES = {"errors", "events", "request", "completion", "cost", "inert"}
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "said": set(),
    "inert": set(),
    "errors": {"inert", "said"},
    "events": {"errors"},
    "request": set(),
    "cost": {"events"},
    "completion": {"errors", "events", "inert", "request"},
    "markdown": set(),
    "prompt": {"errors"},
    "words": {"errors", "prompt"},
    "arguments": {"errors", "prompt", "words"},
    "settings": {"errors"},
    "cell": set(),
    "parents": set(),
    "replies": set(),
    "attentive": set(),
    "background": set(),
    "local": {"errors"},
    "client": {"__init__", "errors", "events", "request"},
    "views": VALUES | {"markdown"},
    "engine": set(),
    "limiter": set(),
    "comparison": {"completion", "errors", "inert"},
    "asking": VALUES | {"client", "engine", "limiter"},
    "tables": {"inert"},
    "commandline": {"errors"},
    "models": {"client", "commandline", "cost", "engine", "errors", "events", "settings", "tables"},
    "run": VALUES | {"asking", "attentive", "client", "comparison", "engine", "views"},
    "frontend": {"cell", "errors", "parents", "settings"},
    "plan": {
        "arguments",
        "asking",
        "budget",
        "client",
        "completion",
        "errors",
        "ledger",
        "limiter",
        "models",
        "prompt",
        "request",
        "settings",
    },
    "completer": {"settings"},
    "panel": {
        "arguments",
        "asking",
        "attentive",
        "comparison",
        "completion",
        "cost",
        "engine",
        "errors",
        "events",
        "frontend",
        "ledger",
        "models",
        "plan",
        "prompt",
        "views",
    },
    "ledger": {
        "commandline",
        "client",
        "completion",
        "errors",
        "inert",
        "request",
        "settings",
        "tables",
    },
    "doctor": {"__init__", "errors", "frontend", "ledger", "models", "parents", "settings"},
    "budget": {"errors", "ledger", "settings"},
    "billing": {"attentive", "client", "completion", "engine", "errors", "frontend"},
    "dry_run": {"asking", "events", "views"},
    "snippets": {
        "commandline",
        "client",
        "comparison",
        "completion",
        "errors",
        "frontend",
        "markdown",
        "request",
        "settings",
    },
    "commands": {"errors", "settings", "words"},
    "interrupts": set(),
    "magic": {
        "arguments",
        "background",
        "commands",
        "errors",
        "frontend",
        "interrupts",
        "prompt",
        "settings",
    },
    "extension": {
        "arguments",
        "cell",
        "commands",
        "completer",
        "errors",
        "magic",
        "parents",
        "replies",
        "settings",
    },
    "api": VALUES
    | {
        "arguments",
        "attentive",
        "comparison",
        "engine",
        "frontend",
        "plan",
        "prompt",
        "run",
        "views",
    },
}
# Imports inside functions: a convenience of a value that needs another room, and what loading the
# extension must not pay for.
MAY_IMPORT_LATE: dict[str, set[str]] = {
    "__init__": {"extension"},
    "completion": {"billing", "frontend", "markdown", "snippets", "views"},
    "comparison": {"frontend", "views"},
    "completer": {"models"},
    "background": {"run"},
    "settings": {"client"},
    "engine": {"client"},
    "frontend": {"markdown", "views"},
    "commands": {"client", "doctor", "frontend", "ledger", "local", "models", "panel", "snippets"},
    "magic": {"dry_run", "engine", "ledger", "plan", "run"},
    "extension": {"commands", "engine", "ledger"},
}
EVERYONE = {"said"}  # how to print, as anybody might
EDGE = {"cell", "extension", "frontend", "magic"}
HEAVY = {
    "anyio", "anywidget", "h11", "httpcore", "httpx", "httpx2", "ipywidgets", "latex2mathml",
    "linkify_it", "markdown", "markdown_it", "nh3", "openai", "pandas", "platformdirs", "pydantic",
    "sqlite3", "xllamacpp",
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One import of the source: who, whom, and whether only inside a function."""

    path: Path
    line: int
    target: str
    late: bool

    @property
    def room(self) -> str:
        return self.path.relative_to(PACKAGE).with_suffix("").parts[0]

    @property
    def ours(self) -> str | None:
        """The room that is imported, if it is one of ours and not this one."""
        first, _, rest = self.target.partition(".")
        if first != ROOT:
            return None
        room = rest.split(".")[0]
        known = (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file()
        room = room if room and known else "__init__"
        return None if room == self.room else room

    def __str__(self) -> str:
        return f"{self.path.relative_to(CHECKOUT)}:{self.line} imports {self.target}"


def _targets(node: ast.Import | ast.ImportFrom, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        parents = (ROOT, *path.relative_to(PACKAGE).parts[:-1])
        base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [base])])
    yield from (f"{base}.{alias.name}" for alias in node.names)


def _imports(node: ast.AST, path: Path, late: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            for target in _targets(child, path):
                yield Import(path, child.lineno, target, late)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue  # never runs
        else:
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports(child, path, late or inside)


SOURCES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = [
    found for path in SOURCES for found in _imports(ast.parse(path.read_text("utf-8")), path, False)
]
ROOMS = sorted({path.relative_to(PACKAGE).with_suffix("").parts[0] for path in SOURCES})


def test_the_reader_of_imports_reads() -> None:
    found = {(one.room, one.ours, one.late) for one in IMPORTS}
    assert ("run", "client", False) in found
    assert ("completion", "views", True) in found
    assert ("client", "__init__", False) in found


def test_every_room_is_listed() -> None:
    assert sorted(MAY_IMPORT) == ROOMS, "say in MAY_IMPORT what the new room may import"


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room: str) -> None:
    wrong = [
        str(one)
        for one in IMPORTS
        if one.room == room
        and one.ours is not None
        and one.ours not in MAY_IMPORT.get(room, set()) | EVERYONE
        and not (one.late and one.ours in MAY_IMPORT_LATE.get(room, set()))
    ]
    assert wrong == []


def test_the_lists_themselves_have_no_circle() -> None:
    settled: set[str] = set()
    while ready := {room for room, others in MAY_IMPORT.items() if others <= settled} - settled:
        settled |= ready
    assert settled == set(MAY_IMPORT)


def test_the_lists_allow_no_more_than_is_there() -> None:
    early = {(one.room, one.ours) for one in IMPORTS if one.ours and not one.late}
    late = {(one.room, one.ours) for one in IMPORTS if one.ours and one.late}
    assert {(a, b) for a, others in MAY_IMPORT_LATE.items() for b in others} <= late
    unused = {(a, b) for a, others in MAY_IMPORT.items() for b in others} - early
    assert {(a, b) for a, b in unused if b not in VALUES} == set()


@pytest.mark.parametrize(("a", "b"), [("client", "views"), ("views", "client")])
def test_network_and_screen_never_meet(a: str, b: str) -> None:
    assert [str(one) for one in IMPORTS if one.room == a and one.ours == b] == []


@pytest.mark.parametrize("room", ["client", "run", "engine", "completion", "views", "markdown"])
def test_the_shell_is_passed_in(room: str) -> None:
    assert [
        str(one) for one in IMPORTS if one.room == room and one.target.startswith("IPython")
    ] == []


def test_get_ipython_only_at_the_edge() -> None:
    users = {
        path.relative_to(PACKAGE).with_suffix("").parts[0]
        for path in SOURCES
        if "get_ipython" in path.read_text("utf-8")
    }
    assert users <= EDGE
    assert "frontend" in users


@pytest.mark.parametrize("package", ["httpx", "httpx2", "openai"])
def test_only_the_client_touches_the_network(package: str) -> None:
    users = {one.room for one in IMPORTS if one.target.split(".")[0] == package}
    assert users <= {"client"}


SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
{code}
print(*sorted({{name.split(".")[0] for name in set(sys.modules) - before}}))
print(*sorted(name for name in set(sys.modules) - before if name.startswith("zenmux_magic")))
"""


def imported_by(code: str, home: Path) -> tuple[set[str], set[str]]:
    """What `code` adds to a bare shell: the packages, and the modules of ours."""
    ran = subprocess.run(
        [sys.executable, "-c", SHELL.format(code=code)],
        env=environment(home, ZENMUX_API_KEY="sk-x"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    packages, modules = ran.stdout.splitlines()[-2:]
    return set(packages.split()), set(modules.split())


def test_importing_the_package_imports_nothing(tmp_path: Path) -> None:
    assert imported_by("import zenmux_magic", tmp_path) == ({ROOT}, {ROOT})


def test_loading_the_extension_imports_nothing_heavy(tmp_path: Path) -> None:
    packages, modules = imported_by("shell.run_line_magic('load_ext', 'zenmux_magic')", tmp_path)
    assert packages & HEAVY == set()
    assert "zenmux_magic.magic" in modules
    assert not [
        name for name in modules if name.startswith(("zenmux_magic.views", "zenmux_magic.run"))
    ]


def test_the_names_of_the_list_are_real() -> None:
    assert {one.target.split(".")[0] for one in IMPORTS} & HEAVY >= {"openai", "httpx", "nh3"}
