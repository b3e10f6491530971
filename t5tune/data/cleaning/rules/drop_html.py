"""Texts with tags or entities of HTML."""

from __future__ import annotations

import re
from html.entities import html5

from t5tune.data.cleaning.cleaning_rule import CleaningRule, on_either_side

# Tags of HTML alone: <2de> and <extra_id_0> are for models, and x<y is not a tag.
_NAMES = (
    "a abbr article aside b big blockquote body br button center cite code dd del div dl dt em "
    "embed fieldset figcaption figure font footer form h[1-6] head header hr html i iframe img "
    "input ins kbd label legend li link main meta nav nobr object ol option p param pre q s samp "
    "script section select small source span strike strong style sub summary sup svg table tbody "
    "td textarea tfoot th thead time title tr tt u ul var video wbr"
)
_TAG = re.compile(
    rf"</?(?:{'|'.join(_NAMES.split())})(?:\s[^<>]*)?/?>|<!--|-->|<!doctype\b|\]\]>", re.I
)
_ENTITY = re.compile(r"&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]\w{1,30});", re.I)


def _has_html(text: str) -> bool:
    if "&" in text and any(name[0] == "#" or f"{name};" in html5 for name in _ENTITY.findall(text)):
        return True
    return (">" in text or "<" in text) and _TAG.search(text) is not None


RULE = CleaningRule("html", on_either_side(_has_html))
