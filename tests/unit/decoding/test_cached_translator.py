from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from t5tune.decoding import cached_translator
from t5tune.decoding.cached_translator import CachedTranslator
from t5tune.decoding.hypothesis_cache import HypothesisCache
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions, Hypothesis
from t5tune.models.input_settings import InputSettings
from tests.unit.decoding.test_torch_translator import SOURCES, translator

__all__ = ["translator"]  # the fixture

OPTIONS = DecodingOptions(8, 2)


class Watched:
    """Record every list of sources that a translator gets."""

    engine = "torch"

    def __init__(self, translator: TorchTranslator) -> None:
        self.translator = translator
        self.calls: list[list[str]] = []
        self.num_truncated = 0
        self.num_chunked = 0
        self.max_source_length = translator.max_source_length
        self.count_tokens = translator.count_tokens

    def translate(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[Hypothesis]:
        self.calls.append(list(sources))
        found = self.translator.translate(sources, options, on_progress)
        self.num_truncated = self.translator.num_truncated
        return found


@pytest.fixture
def watched(translator: TorchTranslator) -> Watched:
    short = TorchTranslator(
        translator.model, translator.tokenizer, InputSettings(max_source_length=4)
    )
    return Watched(short)


def build(tmp_path: Path, watched: Watched, weights: str = "w") -> CachedTranslator:
    def load() -> Watched:
        watched.calls.append([])  # the model was loaded
        return watched

    cache = HypothesisCache(tmp_path / "hypotheses.sqlite")
    return CachedTranslator(cache, load, engine="torch", model={"files": weights})


def test_nothing_is_generated_twice(watched: Watched, tmp_path: Path) -> None:
    expected = watched.translator.translate(SOURCES, OPTIONS)
    num_cut = watched.translator.num_truncated
    assert 0 < num_cut < len(SOURCES)
    first = build(tmp_path, watched)
    assert first.translate(SOURCES, OPTIONS) == expected
    assert first.num_generated == 5  # one source occurs twice
    assert sorted(watched.calls[1]) == sorted(set(SOURCES))
    again = build(tmp_path, watched)
    watched.calls.clear()
    assert again.translate(SOURCES, OPTIONS) == expected
    assert watched.calls == []  # not even loaded
    assert (again.num_truncated, again.num_generated) == (num_cut, 0)
    more = build(tmp_path, watched)
    assert more.translate([*SOURCES[:2], "new", *SOURCES[2:]], OPTIONS)[3:] == expected[2:]
    assert watched.calls == [[], ["new"]]
    assert more.num_truncated == num_cut + 1  # "new" is also too long


def test_other_settings_or_weights_generate_all(watched: Watched, tmp_path: Path) -> None:
    build(tmp_path, watched).translate(SOURCES, OPTIONS)
    others = [("others", OPTIONS), ("w", DecodingOptions(8, 1)), ("w", DecodingOptions(7, 2))]
    for weights, options in others:
        watched.calls.clear()
        build(tmp_path, watched, weights).translate(SOURCES, options)
        assert sorted(watched.calls[1]) == sorted(set(SOURCES))


def test_progress_counts_every_source(watched: Watched, tmp_path: Path) -> None:
    for sources in (SOURCES[:2], SOURCES, SOURCES):
        done: list[int] = []
        build(tmp_path, watched).translate(sources, OPTIONS, done.append)
        assert sum(done) == len(sources)


def test_what_an_interrupted_command_has_generated_is_kept(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_translator, "KEPT_TOGETHER", 2)

    def interrupt(num: int) -> None:
        if len(watched.calls) == 3:  # loaded, two sources, two more
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, watched).translate(SOURCES, OPTIONS, interrupt)
    watched.calls.clear()
    rest = build(tmp_path, watched)
    assert rest.translate(SOURCES, OPTIONS) == watched.translator.translate(SOURCES, OPTIONS)
    assert rest.num_generated == 3


def test_no_source_no_hypothesis(watched: Watched, tmp_path: Path) -> None:
    assert build(tmp_path, watched).translate([], OPTIONS) == []
    assert watched.calls == []
