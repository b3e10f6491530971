"""Test which model answers a request of LibreTranslate's clients."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from t5tune.serving.routes.libretranslate_texts import choose
from t5tune.serving.served_languages import ServedLanguages


@pytest.mark.parametrize("source", ["auto", "nl"])
def test_without_languages_the_error_names_the_route_that_needs_none(source: str) -> None:
    service: Any = SimpleNamespace(languages=ServedLanguages([]))
    with pytest.raises(HTTPException, match="No model here has languages") as caught:
        asyncio.run(choose(service, ["fietsen"], source, "nl"))
    assert caught.value.status_code == 400
    assert "/t5tune/translate" in caught.value.detail
