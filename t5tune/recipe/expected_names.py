"""Answer names from other programs that people expect in a recipe.

The nearest valid name would mislead: `report_to` is near `repeat`, `meteor` near `ter`. The names
and the answers are in `expected_names.yaml`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from t5tune.recipe.yaml_lines import by_name, load_table

_SPLITS = ("data.train", "data.validation", "data.test")
# Metrics of the library `evaluate` that people ask for by their names alone.
_OF_EVALUATE = ("meteor", "bertscore", "bleurt", "google_bleu", "nist_mt", "character", "mauve")


@cache
def _tables() -> dict[str, Any]:
    """Return the tables of the file, with one entry per name."""
    tables = load_table("expected_names")
    return {
        "same_as": {
            name: key for key, names in tables["same_as"].items() for name in names.split()
        },
        "answers": by_name(tables["answers"]),
        "in_section": {key: by_name(table) for key, table in tables["in_section"].items()},
        "values": {key: by_name(table) for key, table in tables["values"].items()},
        "beginnings": tables["beginnings"],
    }


def answer_key(section: str, name: str) -> str | None:
    """Return the advice on an unknown key that people expect in a section; None without any."""
    plain, tables = name.lower().replace("-", "_"), _tables()
    section = section.removesuffix("[0]")  # an entry of several is expected to have the same keys
    of_section = tables["in_section"].get("data.train" if section in _SPLITS else section, {})
    same_as = (same for start, same in tables["beginnings"].items() if plain.startswith(start))
    answer: str | None = of_section.get(plain) or tables["answers"].get(plain)
    if answer is not None or plain not in tables["same_as"]:
        return answer or tables["answers"].get(next(same_as, ""))
    key = tables["same_as"][plain]
    if section in _SPLITS:  # the table has the keys of the first split only
        key = key.replace("data.train.", f"{section}.")
    return f"did you mean {key.removeprefix(f'{section}.') if section else key}?"


def answer_value(key: str, value: str) -> str | None:
    """Return the advice on the value of a key; None or empty if there is none."""
    plain = re.sub(r"[\s-]", "_", value.lower())
    if key == "metrics" and plain.replace("_", "") in (m.replace("_", "") for m in _OF_EVALUATE):
        return f"evaluate:{plain} computes it, with --allow-code on the command line"
    if key == "best_metric" and plain in _OF_EVALUATE:
        return ""
    key = "metrics" if key == "best_metric" else key
    answers: dict[str, str] = _tables()["values"].get(key, {})
    return answers.get(plain, answers.get(plain.replace("_", "")))


def answer_section(path: str, value: object) -> str | None:
    """Return the advice on a value in place of a section, or a list in place of a text."""
    is_split = re.sub(r"\[\d+\]", "", path) in _SPLITS
    if isinstance(value, list) and is_split:
        return f"write {{file: [{', '.join(map(str, value))}]}}"
    if isinstance(value, str) and is_split:
        is_file = "." in value.rsplit("/", 1)[-1]
        return f"write {{file: {value}}}" if is_file else f"write {{hub: {value}, split: …}}"
    return f"write {{name: {value}}}" if isinstance(value, str) and path == "model" else None
