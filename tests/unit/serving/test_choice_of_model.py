"""Test which model answers a request of LibreTranslate's clients."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from t5tune.serving.routes.libretranslate_texts import choose
from t5tune.serving.served_languages import ServedLanguages, describe_language
from t5tune.serving.served_model import Direction


@pytest.mark.parametrize("source", ["auto", "nl"])
def test_without_languages_the_error_names_the_route_that_needs_none(source: str) -> None:
    service: Any = SimpleNamespace(languages=ServedLanguages([]))
    with pytest.raises(HTTPException, match="No model here has languages") as caught:
        asyncio.run(choose(service, ["fietsen"], source, "nl"))
    assert caught.value.status_code == 400
    assert "/t5tune/translate" in caught.value.detail


def serve_languages(*directions: tuple[str, str]) -> ServedLanguages:
    found = [Direction(*one) for one in directions]
    model: Any = SimpleNamespace(name="many", directions=found, has_languages=True)
    return ServedLanguages([model])


def test_languages_have_the_codes_that_clients_know() -> None:
    """Weblate asks for zh-Hans and nb, and for pt-BR and then pt."""
    languages = serve_languages(
        ("eng_Latn", "zho_Hans"), ("eng_Latn", "zho_Hant"), ("eng_Latn", "nob_Latn"),
        ("eng_Latn", "por_Latn"), ("en", "kas_Deva"), ("eng_Latn", "kas_Arab"),
    )  # fmt: skip
    assert languages.codes == ["en", "ks-Arab", "ks-Deva", "nb", "pt", "zh-Hans", "zh-Hant"]
    for given, code in (
        ("zh-Hant", "zh-Hant"), ("zho_Hant", "zh-Hant"), ("zh_TW", "zh-Hant"), ("zh", "zh-Hans"),
        ("no", "nb"), ("nb_NO", "nb"), ("nob_Latn", "nb"), ("pt_BR", "pt"), ("EN-us", "en"),
        ("fr", None), ("", None), ("not a code", None),
    ):  # fmt: skip
        assert languages.find(given) == code, given
    choice = languages.choose("en", "zh-Hant")
    assert choice is not None
    assert choice[1] == Direction("eng_Latn", "zho_Hant")
    assert describe_language("zh-Hant") == {"code": "zh-Hant", "name": "Chinese (Traditional)"}
    assert describe_language("pt-BR")["name"] == "Portuguese (BR)"
    assert languages.detect(["Det er en fin dag i dag."], ["en", "nb"])[0]["language"] == "nb"
