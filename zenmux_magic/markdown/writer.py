"""Tokens to HTML: the one place that decides how each construct looks.

In: markdown-it's tokens (any balanced slice of them). Out: HTML whose every tag, class and
attribute was chosen here, never by the model. It does not parse, and it does not sanitise: what
comes out still goes through `policy.sanitise`.

Two forms: *live* (formulas as MathML) for a page that is painted now, *settled* (formulas as TeX
for the page's MathJax, every other dollar out of its reach) for the file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .highlight import highlight, language_name
from .maths import is_harmless, source_html, to_mathml
from .policy import (
    DEFAULT_POLICY,
    FRAME,
    FRAME_HEAD,
    SCROLLS,
    Policy,
    Target,
    link_target,
    text_shows_host,
)

if TYPE_CHECKING:
    from markdown_it.token import Token

# What MathJax would take for the start of a formula or a reference in running text.
MATHJAX = re.compile(r"\$|\\(?=[()\[\]$]|begin|end|ref|eqref)")
_TAGS = {
    "em_open": "<em>",
    "em_close": "</em>",
    "strong_open": "<strong>",
    "strong_close": "</strong>",
    "s_open": "<del>",
    "s_close": "</del>",
    "softbreak": "\n",
    "hardbreak": "<br>\n",
    "hr": "<hr>",
    "blockquote_open": '<blockquote dir="auto">',
    "blockquote_close": "</blockquote>",
    "bullet_list_open": "<ul>",
    "bullet_list_close": "</ul>",
    "ordered_list_close": "</ol>",
    "list_item_close": "</li>",
    "thead_open": "<thead>",
    "thead_close": "</thead>",
    "tbody_open": "<tbody>",
    "tbody_close": "</tbody>",
    "tr_open": "<tr>",
    "tr_close": "</tr>",
    "th_close": "</th>",
    "td_close": "</td>",
    "table_close": "</table></div>",
}
# A saved notebook is compared line by line: one line for each block there.
_LINE_END_WORDS = (
    "hr blockquote_close bullet_list_close ordered_list_close list_item_close tr_close "
    "table_close paragraph_close heading_close fence code_block formula_block"
)
_LINE_ENDS = frozenset(_LINE_END_WORDS.split())
_EMPHASIS = frozenset({"em", "strong", "s"})


def escape(text: str) -> str:
    """Escape text for an element's content."""
    return html.escape(text, quote=False)


def isolate(text: str) -> str:
    """Escape text for a settled output, with nothing left that MathJax takes for a formula."""
    return MATHJAX.sub(r"<span>\g<0></span>", escape(text))


def code_html(code: str, language: str, policy: Policy, *, settled: bool = False) -> str:
    """One block of code in its frame: a head that names the language, then the source."""
    shown = highlight(code, language, policy.highlight_limit)
    frame, small = (f' style="{style}"' if settled else "" for style in (FRAME, FRAME_HEAD))
    head = f'<div class="zenmux-code-head"{small}>{language}</div>'
    head = "" if settled and not language else head
    focus = "" if settled else ' tabindex="0"'
    return (
        f'<div class="zenmux-code"{frame}>{head}<div class="highlight">'
        f'<pre dir="ltr"{focus}><code>{shown}</code></pre></div></div>'
    )


def formula_html(tex: str, source: str, display: bool, policy: Policy, settled: bool) -> str:
    """One formula: typeset, or its source where it cannot be."""
    if settled:
        harmless = is_harmless(tex, policy.math_limit)
        shown = source_html(tex, display) if harmless else None
        return f"<code>{escape(source)}</code>" if shown is None else f"<span>{shown}</span>"
    mathml = to_mathml(tex, display, policy.math_limit)
    return f'<code class="zenmux-tex">{escape(source)}</code>' if mathml is None else mathml


def host_html(host: str, policy: Policy, what: str = "") -> str:
    """The visible host behind a link, kept in its own direction."""
    shown = f'<span class="zenmux-host" dir="ltr">({what}{escape(host)})</span>'
    return f" {shown}" if policy.show_host or what else ""


def anchor_open(target: Target, settled: bool, css_class: str = "") -> str:
    """The opening tag of a link that passed `link_target`."""
    named = f' class="{css_class}"' if css_class else ""
    # A settled link is opened by the front end's own rules.
    where = "" if settled else ' target="_blank"'
    return f'<a{named} href="{html.escape(target.href)}"{where}>'


def image_html(
    source: str, alt: str, policy: Policy, *, settled: bool = False, inside_link: bool = False
) -> str:
    """What stands for an image: a link that names the host; nothing that loads by itself."""
    target = link_target(source, policy)
    shown = escape(alt.strip() or policy.image_label)
    if target is None or target.href.lower().startswith("mailto:"):
        return f'<span class="zenmux-image">{shown}</span>'
    host = host_html(target.host, policy, f"{policy.image_label} on ")
    if inside_link:
        return f'<span class="zenmux-image">{shown}</span>{host}'
    return f"{anchor_open(target, settled, 'zenmux-image')}{shown}</a>{host}"


def table_open(settled: bool) -> str:
    """A table in a box of its own, which scrolls sideways and can be reached by keyboard."""
    scrolls = f' style="{SCROLLS}"' if settled else ' tabindex="0"'
    return f'<div class="zenmux-table"{scrolls}><table>'


class Writer:
    """Writes slices of one token stream; holds the open links and the depth of emphasis."""

    def __init__(self, policy: Policy = DEFAULT_POLICY, *, settled: bool = False) -> None:
        self.policy = policy
        self.settled = settled
        self._text = isolate if settled else escape
        self._links: list[tuple[Target | None, str]] = []
        self._depth = 0
        self._special: dict[str, Callable[[Token], str]] = {
            "text": lambda token: self._text(token.content),
            "text_special": lambda token: self._text(token.content),
            "code_inline": lambda token: f"<code>{escape(token.content)}</code>",
            "paragraph_open": lambda token: "" if token.hidden else '<p dir="auto">',
            "paragraph_close": lambda token: "" if token.hidden else "</p>",
            "heading_open": lambda token: f'<{token.tag} dir="auto">',
            "heading_close": lambda token: f"</{token.tag}>",
            "ordered_list_open": _ordered_list,
            "list_item_open": _list_item,
            "th_open": _cell,
            "td_open": _cell,
            "table_open": lambda token: table_open(settled),
            "fence": self._code,
            "code_block": self._code,
            "formula": self._formula,
            "formula_source": lambda token: _formula_source(token.content),
            "formula_block": self._formula_block,
            "image": self._image,
        }

    def write(self, tokens: list[Token]) -> str:
        """HTML of a balanced slice of block tokens, not yet sanitised."""
        parts: list[str] = []
        for token in tokens:
            if token.type == "inline":
                parts.append(self._inline(token.children or []))
                continue
            parts.append(self._one(token))
            if self.settled and token.type in _LINE_ENDS and not token.hidden:
                parts.append("\n")
        return "".join(parts)

    def _one(self, token: Token) -> str:
        special = self._special.get(token.type)
        return special(token) if special else _TAGS.get(token.type, "")

    def _inline(self, children: list[Token]) -> str:
        parts: list[str] = []
        for at, token in enumerate(children):
            if token.type == "link_open":
                parts.append(self._link_open(children, at))
            elif token.type == "link_close":
                parts.append(self._link_close())
            elif token.tag in _EMPHASIS:
                parts.append(self._emphasis(token))
            else:
                parts.append(self._one(token))
        return "".join(parts)

    def _emphasis(self, token: Token) -> str:
        depth = max(self._depth, self._depth + token.nesting)
        self._depth += token.nesting
        return _TAGS[token.type] if depth <= self.policy.max_nesting else ""

    def _link_open(self, children: list[Token], at: int) -> str:
        target = link_target(str(children[at].attrs.get("href", "")), self.policy)
        self._links.append((target, _link_text(children, at)))
        return anchor_open(target, self.settled) if target else ""

    def _link_close(self) -> str:
        target, text = self._links.pop()
        if target is None:
            return ""
        shows = text_shows_host(text, target.host)
        return "</a>" if shows else f"</a>{host_html(target.host, self.policy)}"

    def _code(self, token: Token) -> str:
        code = token.content.removesuffix("\n")
        language = language_name(token.info)
        if token.meta.get("open"):
            return code_html(code, language, replace(self.policy, highlight_limit=-1))
        return code_html(code, language, self.policy, settled=self.settled)

    def _formula(self, token: Token) -> str:
        if token.meta.get("open"):
            return _formula_source(token.markup)
        display = bool(token.meta["display"])
        return formula_html(token.content, token.markup, display, self.policy, self.settled)

    def _formula_block(self, token: Token) -> str:
        scrolls = f' style="{SCROLLS}"' if self.settled else ' dir="ltr" tabindex="0"'
        return f'<div class="zenmux-math"{scrolls}>{self._formula(token)}</div>'

    def _image(self, token: Token) -> str:
        alt = "".join(child.content for child in token.children or ())
        inside = bool(self._links) and self._links[-1][0] is not None
        source = str(token.attrs.get("src", ""))
        return image_html(source, alt, self.policy, settled=self.settled, inside_link=inside)


def _formula_source(source: str) -> str:
    return f'<code class="zenmux-tex">{escape(source)}</code>' if source[2:] else ""


def _ordered_list(token: Token) -> str:
    start = token.attrs.get("start")
    return "<ol>" if start is None else f'<ol start="{int(start)}">'


def _list_item(token: Token) -> str:
    task = token.meta.get("task")
    mark = "" if task is None else f'<span class="zenmux-task">{"☑" if task else "☐"}</span> '
    return f'<li dir="auto">{mark}'


def _cell(token: Token) -> str:
    style = token.attrs.get("style")
    aligned = f' style="{style}"' if style else ""
    return f'<{token.tag} dir="auto"{aligned}>'


def _link_text(children: list[Token], at: int) -> str:
    text: list[str] = []
    for token in children[at + 1 :]:
        if token.type == "link_close":
            break
        text.append(token.content)
    return "".join(text)
