"""Encodings of one byte a letter that old programs write in a language."""

from __future__ import annotations

from dataclasses import replace

from t5tune.drafting.both_sides import Sides, find_sides
from t5tune.drafting.given_data import GivenData, open_given
from t5tune.drafting.guessed_encoding import LANGUAGES, USUAL
from t5tune.drafting.questions import Asker
from t5tune.drafting.wishes import Wishes
from t5tune.errors import T5TuneError
from t5tune.scoring.english_names import name_language
from t5tune.scoring.languages import short_code

_PAGES = {code: page for page, codes in LANGUAGES.items() for code in codes.split()}


def correct_encoding(
    given: GivenData, sides: Sides, wishes: Wishes, asker: Asker
) -> tuple[GivenData, Sides]:
    """Read a text again that was taken for Western European and is in another language.

    What was found stays if it cannot be read in that way.
    """
    pages = {_PAGES.get(short_code(code) or ""): code for code in sides.codes}
    pages.pop(None, None)
    if given.entries["train"].get("encoding") != USUAL or wishes.encoding or len(pages) != 1:
        return given, sides
    ((page, language),) = pages.items()
    roles = sides.roles
    said = replace(wishes, encoding=page)
    are_as_named = not roles.note  # columns that were exchanged are found and exchanged again
    if "columns" not in given.entries["train"] and not given.is_parallel and are_as_named:
        said = replace(said, source=roles.source, target=roles.target)
    try:
        again = open_given(said)
        found = find_sides(again, said, asker)
    except T5TuneError:
        return given, sides
    again.reasons["data.train.encoding"] = (
        f"not UTF-8; {page} is usual for {name_language(language or '')}"
    )
    return again, replace(found, roles=replace(found.roles, reason=roles.reason, task=roles.task))
