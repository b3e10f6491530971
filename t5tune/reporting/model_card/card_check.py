"""What the hub wants of a model card, checked here before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from t5tune.errors import T5TuneError, shorten_reason
from t5tune.hub.repository import is_repository_name

_BLOCK = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_LANGUAGE = re.compile(r"[a-z]{2,3}|multilingual|code")  # ISO 639, and two words of the hub
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9.+-]*")  # of a licence, a library or a pipeline
_OTHER = "other"  # the licence that is described by two further keys


def check_card(text: str, where: str, licence_command: str) -> None:
    """Refuse a model card whose metadata lacks what the hub wants.

    Args:
        text: The card.
        where: Its name in messages.
        licence_command: Command that gives a licence.

    Raises:
        T5TuneError: The metadata is missing, incomplete or wrong; all problems are named.
    """
    metadata, problems = _read_metadata(text)
    problems += _find_problems(metadata) if not problems else []
    if problems:
        lacks_licence = problems[0].startswith("license")
        raise T5TuneError(
            f"{where}: the hub would not accept this model card as it is: {'; '.join(problems)}.",
            next_command=licence_command if lacks_licence else f"correct {where}",
        )


def with_licence(text: str, licence: str) -> str:
    """Return a model card with a licence in its metadata; without metadata it stays as it is."""
    block = _BLOCK.match(text)
    if block is None:
        return text
    metadata = {"license": licence, **(yaml.safe_load(block[1]) or {})}
    dumped = yaml.safe_dump({**metadata, "license": licence}, sort_keys=False, allow_unicode=True)
    return f"---\n{dumped}---\n{text[block.end() :]}"


def _read_metadata(text: str) -> tuple[dict[str, Any], list[str]]:
    """Return a card's metadata, and what keeps it from being read."""
    from huggingface_hub import ModelCard

    block = _BLOCK.match(text)
    if block is None:
        return {}, ["it has no metadata between lines of dashes"]
    try:
        content = yaml.safe_load(block[1])
        ModelCard(text)  # which reads the scores
    except (ValueError, yaml.YAMLError) as error:
        return {}, [f"its metadata cannot be read ({shorten_reason(error)})"]
    return content, []


def _find_problems(metadata: dict[str, Any]) -> list[str]:
    return [*_find_missing(metadata), *_find_wrong(metadata)]


def _find_missing(metadata: dict[str, Any]) -> Iterator[str]:
    for key in ("license", "library_name", "pipeline_tag"):
        value = metadata.get(key)
        if not value:
            yield f"{key} is missing"
        elif not isinstance(value, str) or _IDENTIFIER.fullmatch(value) is None:
            yield f"{key} is {value!r}, and the hub's names are lowercase, such as apache-2.0"
    if metadata.get("license") == _OTHER and not metadata.get("license_name"):
        yield "license: other needs license_name and license_link"


def _find_wrong(metadata: dict[str, Any]) -> Iterator[str]:
    for code in _listed(metadata.get("language")):
        if not isinstance(code, str) or _LANGUAGE.fullmatch(code) is None:
            yield f"language has {code!r}, which is not an ISO 639 code of two or three letters"
    for tag in _listed(metadata.get("tags")):
        if not isinstance(tag, str):
            yield f"tags has {tag!r}, which is not text"
    for key in ("base_model", "datasets"):
        for name in _listed(metadata.get(key)):
            if not is_repository_name(name):
                yield f"{key} has {name!r}, which is not a name on the hub"


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
