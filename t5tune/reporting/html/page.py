"""A self-contained HTML page: it needs no network, font or other file.

Texts of models and files are never markup here: the templates escape what they print, the script
gets its data as JSON and shows them as text nodes, and the page's security policy runs no other
script, loads nothing, and forbids the script itself to turn a text into markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from t5tune.reporting.html.charts import chart_columns, draw_interval, scale_end
from t5tune.reporting.reports.report_verdict import signed
from t5tune.scoring.diagnosis.remedies import split_remedy

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

# Scripts of a page that has no table of examples.
WITHOUT_EXAMPLES = ("look.js", "page.js", "charts.js")
_SCRIPTS = (*WITHOUT_EXAMPLES, "heatmaps.js", "differences.js", "examples.js", "table.js")

# Characters that are invisible or change how the text beside them is read: control characters
# and marks that override the direction of writing.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def render_page(
    template: str,
    data: Mapping[str, object],
    scripts: Sequence[str] = _SCRIPTS,
    **values: object,
) -> str:
    """Return the complete document. The same input gives the same text.

    The template, a file in `templates`, prints the values; the scripts show the data.
    """
    from markupsafe import Markup

    style = "".join(map(read_template, ("look.css", "report.css")))
    script = "\n".join(map(read_template, scripts))
    text = (
        _environment()
        .get_template(template)
        .render(
            policy=build_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            data=Markup(to_embedded_json(data)),
            **values,
        )
    )
    return _LONE_SURROGATE.sub("\ufffd", text)


def build_policy(style: str, script: str) -> str:
    """Return the policy of a page that runs one script, has one style, and loads nothing."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def to_embedded_json(data: object) -> str:
    """Return JSON that is safe inside a script element, whatever texts it holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def show_invisible(text: object) -> str:
    """Return a text with visible codes for control characters; the caller escapes it."""
    return _INVISIBLE.sub(lambda match: f"[U+{ord(match.group()):04X}]", str(text))


def breakable(signature: str) -> Markup:
    """Return a signature that wraps after its separators, and elsewhere only if it must."""
    from markupsafe import Markup, escape

    return Markup("|<wbr>").join(escape(show_invisible(part)) for part in signature.split("|"))


def _hash(text: str) -> str:
    """Return the hash for a security policy: https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


@cache
def read_template(name: str) -> str:
    """Return a file of `templates`: `look.css` and `look.js` are what all pages share."""
    from importlib.resources import files

    return files("t5tune.reporting.html").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(read_template),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: show_invisible(value) if type(value) is str else value,
    )
    environment.globals.update(
        chart_columns=chart_columns,
        draw_interval=draw_interval,
        scale_end=scale_end,
        split_remedy=split_remedy,
        signed=signed,
    )
    environment.filters["breakable"] = breakable
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment
