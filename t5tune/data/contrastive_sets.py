"""Contrastive sets in files, and those that ship."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from t5tune.data.readers.local_files import find_file
from t5tune.data.readers.tables import find_format, open_table
from t5tune.errors import T5TuneError
from t5tune.files.file_format import FileOptions
from t5tune.files.table import BadRow
from t5tune.recipe.contrastive_names import SHIPPED
from t5tune.run.directory import display_path
from t5tune.scoring.contrastive_accuracy import ANTI, PRO, ContrastiveItem

KEY = "evaluation.contrastive"
_COLUMNS = "source, right, wrong, and if you like category and group"


@dataclass(frozen=True)
class ContrastiveSet:
    """Items and the name of their set."""

    name: str
    items: tuple[ContrastiveItem, ...]


def load_contrastive_set(name: str) -> ContrastiveSet:
    """Read a set.

    Args:
        name: Name of one that ships, or a file with a row for each item: its columns or fields are
            `source`, `right`, `wrong` (a list of texts, or columns whose names begin with `wrong`),
            and `category` and `group`, which may be missing.

    Raises:
        T5TuneError: The file cannot be read, or a row is no item.
    """
    if name in SHIPPED:
        return ContrastiveSet(name, tuple(expand_set(name)))
    path = find_file(name, "evaluation", "contrastive")
    shown = display_path(path)
    table = open_table(Path(shown), find_format(path, KEY), FileOptions(), KEY)
    items = []
    for number, row in table.rows():
        if isinstance(row, BadRow):
            raise row
        items.append(_read_item(row, table.locate(number)))
    if not items:
        raise T5TuneError(
            f"{KEY}: {shown} holds no item.", next_command=f"give it rows with {_COLUMNS}"
        )
    return ContrastiveSet(path.stem, tuple(items))


def _read_item(row: Mapping[str, Any], where: str) -> ContrastiveItem:
    source, right = row.get("source"), row.get("right")
    wrong: list[Any] = []
    for column, value in row.items():
        if column.startswith("wrong") and value:
            wrong += value if isinstance(value, list) else [value]
    for name, value in (("source", source), ("right", right)):
        if not isinstance(value, str) or not value.strip():
            raise _refuse_item(where, f"`{name}` is missing or blank")
    if not wrong or not all(isinstance(one, str) and one.strip() for one in wrong):
        raise _refuse_item(where, "`wrong` is neither a text nor a list of texts")
    if right in wrong:
        raise _refuse_item(where, "the right target is among the wrong ones")
    category, group = row.get("category") or (), row.get("group")
    if isinstance(category, str):
        category = [part.strip() for part in category.split(";")]
    return ContrastiveItem(
        str(source),
        str(right),
        tuple(wrong),
        tuple(dict.fromkeys(str(part) for part in category if part)),
        None if group in (None, "") else str(group),
    )


def _refuse_item(where: str, problem: str) -> T5TuneError:
    return T5TuneError(f"{where}: {problem}.", next_command=f"give each row {_COLUMNS}")


def expand_set(name: str, *, others: bool = False) -> Iterator[ContrastiveItem]:
    """Yield the items of templates and occupations, both genders of each.

    Only the noun phrase of the occupation differs between the right and the wrong target. A
    template takes every occupation whose number, with the template's, is divisible by `every`, so
    that each occupation has equally many items.

    Args:
        name: Name of a set that ships.
        others: Whether to yield the items of all other occupations instead, which the set lacks.
    """
    text = files("t5tune.data").joinpath("contrastive", f"{name}.yaml").read_text("utf-8")
    content = yaml.safe_load(text)
    for number, (english, german) in enumerate(content["templates"]):
        for place, occupation in enumerate(content["occupations"]):
            if bool((number + place) % content["every"]) != others:
                continue
            for gender, other in (("feminine", "masculine"), ("masculine", "feminine")):
                is_pro = occupation["stereotype"] == gender
                sentence = _choose(german, gender)
                yield ContrastiveItem(
                    _choose(english, gender).replace("{job}", occupation["en"]),
                    _decline(sentence, gender, occupation[gender]),
                    (_decline(sentence, other, occupation[other]),),
                    (PRO if is_pro else ANTI, gender),
                    occupation["en"],
                )


_ARTICLES = {
    "masculine": {"Nom": "Der", "nom": "der", "acc": "den", "dat": "dem"},
    "feminine": {"Nom": "Die", "nom": "die", "acc": "die", "dat": "der"},
}


def _decline(sentence: str, gender: str, noun: str) -> str:
    """Put article and noun into the place of their case; the nouns are the same in each."""
    for case, article in _ARTICLES[gender].items():
        sentence = sentence.replace(f"{{{case}}}", f"{article} {noun}")
    return sentence


def _choose(template: str, gender: str) -> str:
    """Return a template with the masculine or the feminine word of each `[masculine|feminine]`."""
    parts = template.split("[")
    text = parts[0]
    for part in parts[1:]:
        words, rest = part.split("]", 1)
        masculine, feminine = words.split("|")
        text += (masculine if gender == "masculine" else feminine) + rest
    return text
