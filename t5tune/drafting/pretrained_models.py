"""Pretrained models that suit a task and its languages, as far as a hub or a cache has them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from t5tune.errors import T5TuneError
from t5tune.hub import HubRepository, Snapshot, find_snapshot
from t5tune.hub.explanations import describe_outage, hub_name
from t5tune.hub.offline import go_offline, is_offline, offline_reason
from t5tune.models.hub_files import PICKLED, SAFETENSORS
from t5tune.scoring.english_names import name_language
from t5tune.scoring.languages import T5_LANGUAGES, short_code

_BRIEF_SECONDS = 4.0  # that the hub has to begin an answer: a draft works without it


@dataclass(frozen=True)
class Candidate:
    """A model that would suit.

    Attributes:
        name: Hub id.
        reason: Why it suits.
        needs_gpu: Whether it is too large to train on a CPU in a reasonable time.
    """

    name: str
    reason: str
    needs_gpu: bool = False


@dataclass(frozen=True)
class FoundModel:
    """A model that can be loaded.

    Attributes:
        name: Hub id, or a directory.
        reason: Why this one.
        megabytes: Size of its weights, if it is known.
        is_pickled: Whether its weights are in a pickle only.
    """

    name: str
    reason: str
    megabytes: int | None = None
    is_pickled: bool = False


@dataclass(frozen=True)
class Search:
    """What was looked for and found.

    Attributes:
        model: The model; None if there is none.
        reason: Why there is none.
    """

    model: FoundModel | None
    reason: str = ""


def list_candidates(
    task: str, source_lang: str | None, target_lang: str | None, *, is_phones: bool
) -> list[Candidate]:
    """Return models that suit a task, the best first.

    Args:
        task: Task of the recipe.
        source_lang: Language of the sources, if known.
        target_lang: Language of the targets, if known.
        is_phones: Whether targets are phones.
    """
    source, target = short_code(source_lang), short_code(target_lang)
    if is_phones:
        return [Candidate("google/byt5-small", "it reads the bytes of every script", True)]
    if task == "translation":
        found = [
            Candidate(
                f"Helsinki-NLP/opus-mt-{source}-{target}",
                f"it translates {name_language(source or '')} to {name_language(target or '')} "
                "already",
            )
        ]
        if source == "en" and target in T5_LANGUAGES:
            reason = f"T5 was trained on English to {T5_LANGUAGES[target]}, among other tasks"
            found.append(Candidate("google-t5/t5-small", reason))
        return found
    if source in ("en", None) and target in ("en", None):
        what = "T5 was trained on English texts and tasks"
        return [Candidate("google-t5/t5-small", what)]
    return [Candidate("google/mt5-small", "mT5 was trained on texts in 101 languages", True)]


def search(candidates: list[Candidate], *, has_gpu: bool) -> Search:
    """Return the first candidate that a hub or the cache has, without loading its weights.

    The hub is asked briefly, once if it does not answer; offline, only the cache is looked at.
    """
    too_large = [one for one in candidates if one.needs_gpu and not has_gpu]
    reason = ""
    with _asking_briefly():
        for candidate in candidates:
            if candidate in too_large:
                continue
            snapshot = _find(candidate.name)
            found = None if snapshot is None else _describe(candidate, snapshot)
            if found is not None:
                return Search(found)
    names = " and ".join(one.name for one in candidates if one not in too_large)
    if too_large and not names:
        reason = f"{too_large[0].name} would suit, and is too large for a machine without a GPU"
    elif offline_reason() is not None:
        reason = f"{hub_name()} cannot be reached ({offline_reason()}), and the cache lacks {names}"
    elif is_offline():
        reason = f"HF_HUB_OFFLINE is set, and the cache lacks {names}"
    else:
        reason = f"the hub has no {names} that can be read"
    return Search(None, reason)


def check_model(name: str) -> FoundModel:
    """Return a model that the user has named.

    Raises:
        T5TuneError: The hub has no such model.
    """
    if os.path.isdir(name):  # noqa: PTH112 (a name as a recipe has it)
        return FoundModel(name, "as you said")
    with _asking_briefly():
        snapshot = find_snapshot(HubRepository("model", name), "--model")
    found = _describe(Candidate(name, "as you said"), snapshot)
    return found or FoundModel(name, "as you said")


def _find(name: str) -> Snapshot | None:
    try:
        return find_snapshot(HubRepository("model", name), "model.name")
    except T5TuneError as error:
        outage = None if error.__cause__ is None else describe_outage(error.__cause__)
        if outage is not None:
            go_offline(outage)
        return None


def _describe(candidate: Candidate, snapshot: Snapshot) -> FoundModel | None:
    """Return what the files of a repository tell; None if they lack weights that can be read."""
    first = next((path for path in (*SAFETENSORS, *PICKLED) if path in snapshot.files), None)
    if first is None:
        return None
    stem, ending = first.partition(".")[0], first.removesuffix(".index.json").rpartition(".")[2]
    sizes = [
        size
        for path, size in snapshot.files.items()
        if path.startswith(stem) and path.endswith(f".{ending}")
    ]
    megabytes = None if None in sizes else round(sum(filter(None, sizes)) / 1e6)
    return FoundModel(candidate.name, candidate.reason, megabytes, is_pickled=first in PICKLED)


@contextmanager
def _asking_briefly() -> Iterator[None]:
    """Wait for the hub as long as a draft is worth, unless the user has chosen a time."""
    from huggingface_hub import constants

    usual = constants.HF_HUB_ETAG_TIMEOUT
    if "HF_HUB_ETAG_TIMEOUT" not in os.environ:
        constants.HF_HUB_ETAG_TIMEOUT = min(usual, _BRIEF_SECONDS)  # type: ignore[assignment]
    try:
        yield
    finally:
        constants.HF_HUB_ETAG_TIMEOUT = usual
