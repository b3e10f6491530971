"""Test sets that sacreBLEU knows by name, which it downloads, checks and keeps in its own cache."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from t5tune.data.readers.open_splits import OpenSplit, Request
from t5tune.data.readers.text_pairs import open_text_pair
from t5tune.errors import T5TuneError, did_you_mean, list_names
from t5tune.hub.offline import is_offline, offline_reason
from t5tune.recipe.places import SacrebleuSet, TextPair

_TIMEOUT_SECONDS = 30.0  # sacreBLEU sets none

Languages = tuple[str | None, str | None]


def open_sacrebleu_set(place: SacrebleuSet, request: Request) -> OpenSplit:
    """Open a test set with all references that sacreBLEU scores with.

    Raises:
        T5TuneError: sacreBLEU does not know the set, or cannot load it.
    """
    source, target, *others = map(str, find_set_files(place, request.languages, request.where))
    return replace(open_text_pair(TextPair(source, target, others), request), place=place)


def find_set_files(place: SacrebleuSet, languages: Languages, where: str) -> list[Path]:
    """Return the file of sources and the files of references, and raise as the other function."""
    dataset, pair = check_sacrebleu_set(place, languages, where)
    name = place.sacrebleu
    first = _cache() / name / f"{name.replace('/', '_')}.{pair}.src"
    if is_offline() and offline_reason() is None and not first.is_file():
        raise _refuse(place, pair, where, f"{first} is missing, and the network is switched off")
    with _explaining(place, pair, where, first):
        return list(map(Path, (dataset.get_source_file(pair), *dataset.get_reference_files(pair))))


def check_sacrebleu_set(place: SacrebleuSet, languages: Languages, where: str) -> tuple[Any, str]:
    """Return sacreBLEU's data set and the language pair, without loading anything.

    Raises:
        T5TuneError: sacreBLEU does not know the set, or does not have it in these languages.
    """
    import sacrebleu

    name = place.sacrebleu
    if name not in sacrebleu.DATASETS:
        hint = did_you_mean(name, sacrebleu.DATASETS)
        raise T5TuneError(
            f"{where}.sacrebleu: sacreBLEU has no test set {name!r}{hint}",
            next_command="sacrebleu --list",
        )
    dataset = sacrebleu.DATASETS[name]
    if None in languages:
        raise T5TuneError(
            f"{where}.sacrebleu: {name} needs languages.",
            next_command="add `source_lang: en` and `target_lang: de`, for example, to the recipe",
        )
    pairs = list(dataset.langpairs)
    pair = "-".join(_short(language or "") for language in languages)
    if pair not in pairs:
        raise T5TuneError(
            f"{where}.sacrebleu: {name} has no {pair} (pairs: {list_names(pairs)}).",
            next_command=f"sacrebleu --list -l {pair}   # lists the sets of that pair",
        )
    return dataset, pair


def _short(language: str) -> str:
    """Return the code of a language without script and region, as sacreBLEU has it."""
    import langcodes

    try:
        return str(langcodes.Language.get(language).language or language)
    except ValueError:
        return language


def _cache() -> Path:
    from sacrebleu import utils

    return Path(utils.SACREBLEU_DIR)


@contextmanager
def _explaining(place: SacrebleuSet, pair: str, where: str, first: Path) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT_SECONDS)
    try:
        yield
    except OSError as error:
        file = error.filename if error.filename is not None else first
        raise _refuse(place, pair, where, f"{file} is missing, and {error}") from error
    except SystemExit as error:  # a checksum that differs
        raise T5TuneError(
            f"{where}.sacrebleu: what was loaded of {place.sacrebleu} is not what sacreBLEU knows.",
            next_command=f"rm -r {_cache() / place.sacrebleu}   # then the same command",
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _refuse(place: SacrebleuSet, pair: str, where: str, reason: str) -> T5TuneError:
    return T5TuneError(
        f"{where}.sacrebleu: {place.sacrebleu} ({pair}) is not in sacreBLEU's cache: {reason}.",
        next_command=f"sacrebleu -t {place.sacrebleu} -l {pair} --echo src > /dev/null   "
        "# loads it, where the network can be reached",
    )
