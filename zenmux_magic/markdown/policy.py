"""What a model's answer may put into a page, in one frozen value.

In: the tags, attributes and schemes that our own renderer writes. Out: `link_target` (may this
URL become a link, and which host does it show) and `sanitise` (nh3, the last step of every
rendering). It renders nothing and keeps no state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

_PROSE_TAGS_WORDS = (
    "a p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote em strong del sub sup code pre div span "
    "table thead tbody tr th td dl dt dd"
)
PROSE_TAGS = frozenset(_PROSE_TAGS_WORDS.split())
_MATH_TAGS_WORDS = (
    "math mrow mi mo mn ms mtext mspace msup msub msubsup mover munder munderover mfrac msqrt "
    "mroot mtable mtr mtd mstyle mpadded mphantom menclose mmultiscripts mprescripts none"
)
MATH_TAGS = frozenset(_MATH_TAGS_WORDS.split())
_MATH_ATTRIBUTES_WORDS = (
    "accent accentunder columnalign columnlines columnspacing depth displaystyle fence form height "
    "largeop linebreak linethickness lspace mathvariant maxsize minsize movablelimits notation "
    "rowlines rowspacing rspace scriptlevel separator stretchy symmetric voffset width"
)
_MATH_ATTRIBUTES = frozenset(_MATH_ATTRIBUTES_WORDS.split())
# What a settled output says of its boxes, for readers who have none of our style sheet.
FRAME = "border:1px solid #8886;padding:4px 10px;margin:0 0 1em"
FRAME_HEAD = "font-size:.85em;opacity:.7"
SCROLLS = "overflow:auto hidden"
_ALIGNMENTS = frozenset(f"text-align:{side}" for side in ("left", "center", "right"))
_HOST = re.compile(
    r"(?i)^https?://((?:[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\])(?::\d+)?)(?=[/?#]|$)"
)
_MAIL = re.compile(r"(?i)^mailto:([^\s/?#@]+@[a-z0-9.-]+)(?=\?|$)")
_ENCODED = str.maketrans({sign: f"%{ord(sign):02X}" for sign in " \t\n\r\"'<>`\\"})
_OUR_CLASS = re.compile(r"(?:zenmux-[a-z-]+|highlight|[a-z]{1,3}[0-9]?)")


def _attributes() -> Mapping[str, frozenset[str]]:
    allowed: dict[str, frozenset[str]] = dict.fromkeys(MATH_TAGS, _MATH_ATTRIBUTES)
    for tag in PROSE_TAGS:
        allowed[tag] = frozenset({"class"})
    allowed["a"] = frozenset({"href", "class"})
    allowed["ol"] = frozenset({"start", "class"})
    return MappingProxyType(allowed)


def _attribute_values() -> Mapping[str, Mapping[str, frozenset[str]]]:
    direction = {"dir": frozenset({"auto", "ltr"})}
    values: dict[str, Mapping[str, frozenset[str]]] = dict.fromkeys(PROSE_TAGS, direction)
    values["th"] = values["td"] = {**direction, "style": _ALIGNMENTS}
    values["pre"] = values["div"] = {**direction, "tabindex": frozenset({"0"})}
    values["div"] = {**values["div"], "style": frozenset({FRAME, FRAME_HEAD, SCROLLS})}
    values["a"] = {**direction, "target": frozenset({"_blank"})}
    values["math"] = {"display": frozenset({"block", "inline"})}
    return MappingProxyType(values)


@dataclass(frozen=True, eq=False)
class Policy:
    """The one place that says what may reach the page.

    Attributes:
        tags: Element names that survive; everything else is dropped, its text kept.
        attributes: Attribute names per element.
        attribute_values: Attributes that may hold only the listed values.
        schemes: URL schemes of links. Relative URLs never survive.
        show_host: Write the target's host behind a link whose text does not begin with it.
        image_label: Text of the link that stands in for an image without a description.
        max_nesting: Depth of lists, quotes and emphasis beyond which nesting is flattened.
        highlight_limit: Characters of one code block up to which Pygments is asked.
        math_limit: Characters of one formula up to which it is typeset.
    """

    tags: frozenset[str] = PROSE_TAGS | MATH_TAGS
    attributes: Mapping[str, frozenset[str]] = field(default_factory=_attributes)
    attribute_values: Mapping[str, Mapping[str, frozenset[str]]] = field(
        default_factory=_attribute_values
    )
    schemes: frozenset[str] = frozenset({"http", "https", "mailto"})
    show_host: bool = True
    image_label: str = "image"
    max_nesting: int = 20
    highlight_limit: int = 100_000
    math_limit: int = 2_000


DEFAULT_POLICY = Policy()


class Target(NamedTuple):
    """A URL that may become a link, and the host (or mail address) that a reader should see."""

    href: str
    host: str


def link_target(url: str, policy: Policy = DEFAULT_POLICY) -> Target | None:
    """Judge a URL that a model wrote.

    Only absolute URLs of the policy's schemes pass. A URL with a user part (`https://good@evil`)
    does not: what a reader takes for its host is not the host.

    Returns:
        The URL with its visible host, or None where the link has to become plain text.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in policy.schemes:
        return None
    found = (_MAIL if scheme == "mailto" else _HOST).match(url)
    return Target(url.translate(_ENCODED), found[1].lower()) if found else None


def text_shows_host(text: str, host: str) -> bool:
    """Whether a link's text begins, as a URL does, with the whole host it leads to."""
    shown = re.sub(r"(?i)^(?:https?://|mailto:)", "", text.strip()).lower()
    return shown.startswith(host) and shown[len(host) : len(host) + 1] in ("", "/", "?", "#")


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if _OUR_CLASS.fullmatch(word)) or None
    if name == "href":
        # nh3 checks the scheme; a relative or schemeless URL has none to check.
        return value if link_target(value) else None
    return value


def sanitise(html: str, policy: Policy = DEFAULT_POLICY) -> str:
    """Pass an HTML fragment through nh3 with the policy's lists: the last step, always.

    Args:
        html: A well-formed fragment that our own renderer wrote.
        policy: The lists.

    Returns:
        The fragment with everything removed that the policy does not name.
    """
    return _cleaner(policy)(html)


@lru_cache(maxsize=8)
def _cleaner(policy: Policy) -> Callable[[str], str]:
    import nh3

    options: dict[str, Any] = {
        "tags": set(policy.tags),
        "clean_content_tags": {"script", "style"},
        "attributes": {tag: set(names) for tag, names in policy.attributes.items()},
        "tag_attribute_values": {
            tag: {name: set(values) for name, values in names.items()}
            for tag, names in policy.attribute_values.items()
        },
        "attribute_filter": _keep_attribute,
        "url_schemes": set(policy.schemes),
        "link_rel": "noopener noreferrer",
    }
    if hasattr(nh3, "Cleaner"):
        return nh3.Cleaner(**options).clean
    return lambda html: nh3.clean(html, **options)
