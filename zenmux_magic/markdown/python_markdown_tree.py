"""The second engine's element tree, undressed and dressed again.

In: the tree that the `markdown` package built, with whatever attributes a model got into it. Out:
the same tree in place, with our attributes only, unsafe links and all images replaced.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from markdown.util import HTML_PLACEHOLDER

from .policy import Policy, link_target, text_shows_host
from .writer import MATHJAX, code_html, host_html, image_html

_PROSE = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "td", "th", "dt", "dd"}
)
_ALIGN = re.compile(r"text-align:\s*(left|right|center)")
_STASHED = re.compile(HTML_PLACEHOLDER % r"\d+")
_LITERAL = frozenset({"code", "pre"})


@dataclass(frozen=True)
class Dresser:
    """Puts our attributes in place of whatever a tree came with.

    Attributes:
        policy: What may reach the page.
        settled: Keep what MathJax would take for a formula out of its reach.
        stash: Takes finished HTML, returns the text that stands for it in the tree.
        ampersand: What the package writes for the `&` of an obfuscated mail address.
    """

    policy: Policy
    settled: bool
    stash: Callable[[str], str]
    ampersand: str

    def dress(self, root: Element) -> None:
        """Change a whole tree in place."""
        linked = {img for link in root.iter("a") for img in link.iter("img")}
        for parent in list(root.iter()):
            for at, child in enumerate(list(parent)):
                parent[at] = self._replaced(child, child in linked)
        for element in list(root.iter()):
            if self.settled:
                self._isolate(element)
            self._attributes(element)

    def _replaced(self, element: Element, linked: bool) -> Element:
        if element.tag == "img":
            source, alt = element.get("src", ""), element.get("alt", "")
            shown = image_html(
                html.unescape(source), alt, self.policy, settled=self.settled, inside_link=linked
            )
            return self._stand_in("span", shown, element)
        if element.tag == "pre":
            code = html.unescape("".join(element.itertext())).removesuffix("\n")
            return self._stand_in(
                "p", code_html(code, "", self.policy, settled=self.settled), element
            )
        return element

    def _stand_in(self, tag: str, shown: str, replaced: Element) -> Element:
        element = Element(tag)
        element.text = self.stash(shown)
        element.tail = replaced.tail
        return element

    def _isolate(self, element: Element) -> None:
        def hide(text: str | None) -> str | None:
            return MATHJAX.sub(lambda m: self.stash(f"<span>{m[0]}</span>"), text) if text else text

        if element.tag not in _LITERAL:
            element.text = hide(element.text)
        element.tail = hide(element.tail)

    def _attributes(self, element: Element) -> None:
        came = dict(element.attrib)
        element.attrib.clear()
        if element.tag == "a":
            self._link(element, html.unescape(came.get("href", "").replace(self.ampersand, "&")))
        elif element.tag == "ol" and came.get("start", "").isdecimal():
            element.set("start", came["start"])
        # A paragraph that only stands for finished HTML goes, if nothing was set on it.
        stands_in = len(element) == 0 and _STASHED.fullmatch(element.text or "")
        if element.tag in _PROSE and not stands_in:
            element.set("dir", "auto")
        aligned = _ALIGN.match(came.get("style", "")) if element.tag in ("td", "th") else None
        if aligned:
            element.set("style", f"text-align:{aligned[1]}")

    def _link(self, element: Element, href: str) -> None:
        target = link_target(href, self.policy)
        if target is None:
            element.tag = "span"
            return
        element.set("href", target.href)
        if not self.settled:
            element.set("target", "_blank")
        shown = html.unescape("".join(element.itertext()).replace(self.ampersand, "&"))
        if not text_shows_host(shown, target.host):
            element.tail = self.stash(host_html(target.host, self.policy)) + (element.tail or "")
