from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from t5tune.data.augmentation.rounds import NO_AUGMENTATION
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions
from t5tune.errors import T5TuneError
from t5tune.models.families import begin_texts
from t5tune.models.input_settings import InputSettings
from t5tune.models.language_directions import list_directions
from t5tune.recipe.resolved_recipe import ResolvedData
from t5tune.run.directory import RunDirectory
from t5tune.training.preparation.texts import open_texts
from t5tune.training.preparation.tokens import tokenize
from tests.conftest import number_pairs, write_pairs
from tests.tiny_families import build_translator

EN_DE = "en", "de"


def test_an_entry_with_other_columns_or_without_a_pair_that_stays_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", "cache")
    for name, header in (("a", "en\tde"), ("b", "english\tgerman"), ("c", "en\tde")):
        text = "one two three\tone two three\n" if name == "c" else "one\teins\n"
        (tmp_path / f"{name}.tsv").write_text(f"{header}\n{text}", encoding="utf-8")
    values: dict[str, Any] = {"source": "en", "target": "de"}
    values |= {"validation": {"file": "a.tsv", "prefix": ""}, "prefix": ""}

    def prepare(*names: str, **others: Any) -> None:
        train = [{"file": f"{name}.tsv", "prefix": ""} for name in names]
        data = ResolvedData.model_validate({**values, "train": train, **others})
        tokenizer, run = build_translator("t5", tmp_path).tokenizer, RunDirectory(tmp_path / "run")
        tokenize(open_texts(data, *EN_DE), tokenizer, data, run, NO_AUGMENTATION)

    with pytest.raises(T5TuneError, match=r"data\.train\[1\].* no column en"):
        prepare("a", "b")
    with pytest.raises(T5TuneError, match="leaves out 1 of 1 training pairs, and no rule leaves"):
        prepare("a", "c", cleaning=["source_copied"])


@pytest.mark.parametrize("family", ["nllb", "mbart"])
def test_each_direction_has_its_own_tokens(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T5TUNE_CACHE", "cache")
    write_pairs(tmp_path, "a", number_pairs(3))
    entry: dict[str, Any] = {"file": "a.tsv", "prefix": ""}
    reversed_ = {**entry, "name": "b", "directions": "reversed"}
    reversed_ |= {"source_lang": "de", "target_lang": "en"}
    data = ResolvedData.model_validate(
        {"train": [entry, reversed_], "validation": entry, "prefix": ""}
    )
    plain = build_translator(family, tmp_path)
    tokenizer, run = plain.tokenizer, RunDirectory(tmp_path / "run")
    stores = tokenize(
        open_texts(data, *EN_DE), tokenizer, data, run, NO_AUGMENTATION, has_languages=True
    )
    stored = stores.open()
    ((source, target),) = number_pairs(1)
    assert tokenizer.tgt_lang.startswith("de")  # as before
    expected = [tokenizer(source)["input_ids"], tokenizer(text_target=target)["input_ids"]]
    begin_texts(plain.model.config.model_type, tokenizer, "de", "en")
    expected += [tokenizer(target)["input_ids"], tokenizer(text_target=source)["input_ids"]]
    found = [side[row].tolist() for row in (0, 3) for side in (stored.sources, stored.targets)]
    assert found == expected

    model_type = plain.model.config.model_type
    beginning = begin_texts(model_type, tokenizer, *EN_DE)
    directions = list_directions(data, EN_DE, model_type)
    settings = InputSettings(directions=directions, **asdict(beginning))
    translator = TorchTranslator(plain.model, tokenizer, settings)
    translator.use_direction("de", None)
    assert tokenizer.src_lang.startswith("de")
    assert translator.settings.beginning != settings.beginning
    assert len(translator.translate([target], DecodingOptions(5))) == 1
    translator.use_direction(*EN_DE)
    assert translator.settings.beginning == settings.beginning
    with pytest.raises(T5TuneError, match="which one is wanted"):
        translator.use_direction(None, None)
