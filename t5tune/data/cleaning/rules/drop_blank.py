"""Texts without any visible character."""

from __future__ import annotations

import re

from t5tune.data.cleaning.cleaning_rule import CleaningRule, on_either_side

# Beside white space: marks of width, direction and order of bytes, and the soft hyphen.
_VISIBLE = re.compile(r"[^\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")

RULE = CleaningRule("blank", on_either_side(lambda text: not _VISIBLE.search(text)))
