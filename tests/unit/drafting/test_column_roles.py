"""Test which columns become source and target, and in which languages."""

from __future__ import annotations

import pytest

from t5tune.drafting.column_roles import choose_roles
from t5tune.drafting.column_survey import Survey, survey_table
from t5tune.drafting.language_names import read_language
from t5tune.drafting.side_languages import are_swapped, find_language
from t5tune.drafting.wishes import Wishes
from t5tune.errors import T5TuneError
from t5tune.files.table import Table

ENGLISH = "The old houses beside the river were sold in the spring."
GERMAN = "Die alten Häuser am Fluss wurden im Frühling verkauft."
FRENCH = "Les vieilles maisons au bord de la rivière ont été vendues."


def vary(value: object, number: int) -> object:
    if isinstance(value, dict):
        return {name: vary(one, number) for name, one in value.items()}
    if isinstance(value, list):
        return [vary(one, number) for one in value]
    return f"{value} {number}" if isinstance(value, str) else value


def survey(**columns: object) -> Survey:
    rows = [vary(columns, number) for number in range(20)]
    return survey_table(Table("t", list(columns), lambda: iter(enumerate(rows, start=1))))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("heading", "language"),
    [
        ("English", "en"), ("German (DE)", "de"), ("text_de", "de"), ("deu_Latn", "deu_Latn"),
        ("pt-BR", "pt-BR"), ("key", None), ("src", None), ("notes", None),
        ("Afrikaans", "af"), ("text (Welsh)", "cy"), ("Français", "fr"), ("Serbian (Latin)", "sr"),
        ("Norwegian Nynorsk", "nn"), ("Scottish", None), ("Latin name", None),
        ("English, Zulu", None), ("日本語", "ja"),
        ("Am Morgen mietet er ein Zimmer.", None),
    ],
)  # fmt: skip
def test_headings_name_languages(heading: str, language: str | None) -> None:
    assert read_language(heading) == language


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        ({"id": 7, "German": GERMAN, "English": ENGLISH}, ("German", "English")),
        ({"target": GERMAN, "source": ENGLISH}, ("source", "target")),
        ({"a": ENGLISH, "code": "x7q", "b": GERMAN}, ("a", "b")),
        ({"question": ENGLISH, "context": ENGLISH, "answers": {"text": [GERMAN]}},
         ("question: {question} context: {context}", "answers.text")),
        ({"translation": {"fr": FRENCH, "en": ENGLISH}}, ("translation.fr", "translation.en")),
        ({"en": ENGLISH, "de": GERMAN, "fr": FRENCH}, None),
    ],
)  # fmt: skip
def test_columns_get_their_roles(columns: dict[str, object], roles: tuple[str, str] | None) -> None:
    found = choose_roles(survey(**columns), Wishes(("t",)))
    assert (found and (found.source, found.target)) == roles


def test_the_user_names_one_column(tmp_path: object) -> None:
    found = choose_roles(survey(en=ENGLISH, de=GERMAN), Wishes(("t",), target="en"))
    assert found is not None
    assert (found.source, found.target) == ("de", "en")
    with pytest.raises(T5TuneError, match="one column of texts"):
        choose_roles(survey(id=3, en=ENGLISH), Wishes(("t",)))


def test_texts_tell_that_the_names_are_exchanged() -> None:
    texts = survey(en=GERMAN, de=ENGLISH)
    source, target = (find_language(column, None) for column in texts.columns)
    assert (source.contradicts, target.contradicts) == ("de", "en")
    assert are_swapped(source, target)
