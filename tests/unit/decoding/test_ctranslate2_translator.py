"""Test that CTranslate2 gives torch's hypotheses and scores, family by family."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from t5tune.decoding import ctranslate2_device, ctranslate2_translator
from t5tune.decoding.ctranslate2_translator import CTranslate2Translator
from t5tune.decoding.export.conversion import convert_model
from t5tune.decoding.export.settings import Export
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions
from t5tune.errors import T5TuneError
from t5tune.models.input_settings import Direction, InputSettings
from tests.conftest import number_pairs
from tests.tiny_families import FAMILIES, MULTILINGUAL, OF_SOMEBODY_ELSE, build_translator

SOURCES = [*(source for source, _ in number_pairs(12)), "zzz Ω </s> one", "two  two", "one one"]
OPTIONS = DecodingOptions(12)


def export(translator: TorchTranslator, folder: Path, quantization: str = "float32") -> Export:
    settings = convert_model(
        translator, OPTIONS, folder / quantization, model_directory=folder,
        quantization=quantization, name="tiny", fingerprint="", sources=SOURCES,
    )  # fmt: skip
    return Export(folder / quantization, settings, {})


@pytest.fixture(scope="module")
def torch_translator(tmp_path_factory: pytest.TempPathFactory) -> TorchTranslator:
    return build_translator("t5", tmp_path_factory.mktemp("t5"))


@pytest.fixture(scope="module")
def exported(torch_translator: TorchTranslator, tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder = tmp_path_factory.mktemp("export")
    torch_translator.model.config.save_pretrained(folder)
    return export(torch_translator, folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_translates_as_with_torch(family: str, tmp_path: Path) -> None:
    torch_translator = build_translator(family, tmp_path)
    made = export(torch_translator, tmp_path)
    assert made.settings.tokenization["kind"] != "transformers"
    translator = CTranslate2Translator(made)
    assert translator.encode(SOURCES) == [list(ids) for ids in torch_translator.encode(SOURCES)]
    for limit in (12, 3):
        greedy = DecodingOptions(limit, num_beams=1)
        found = translator.translate(SOURCES, greedy)
        assert found == torch_translator.translate(SOURCES, greedy)
    assert any(hypothesis.reached_limit for hypothesis in found)
    assert all(hypothesis.reached_limit == (hypothesis.num_tokens == 3) for hypothesis in found)
    same = 0
    for length_penalty in (1.0, 0.4):
        options = replace(OPTIONS, length_penalty=length_penalty, num_hypotheses=2)
        expected = torch_translator.translate_n_best(SOURCES, options)
        found = translator.translate_n_best(SOURCES, options)
        for theirs, ours in zip(expected, found, strict=True):
            if theirs[0].text == ours[0].text:  # the searches stop by different rules
                same += 1
                assert ours[0].score == pytest.approx(theirs[0].score, rel=1e-4, abs=1e-4)
    assert same >= 1.6 * len(SOURCES)
    _check_scored_pairs(torch_translator, translator)


@pytest.mark.parametrize("family", MULTILINGUAL)
def test_an_export_translates_in_every_direction(family: str, tmp_path: Path) -> None:
    ours = build_translator(family, tmp_path)
    directions = [
        Direction(*languages, has_tokens=True)
        for languages in (("en", "de"), ("de", "en"), ("fr", "de"))
    ]
    ours.settings = replace(ours.settings, source_lang="en", directions=directions)
    before = ours.settings
    made = export(ours, tmp_path)
    assert ours.settings == before
    assert made.settings.tokenization["kind"] != "transformers"
    theirs, greedy = CTranslate2Translator(made), DecodingOptions(12, num_beams=1)
    texts = set()
    for direction in (*directions, directions[0]):
        ours.use_direction(*direction.languages)
        turned = theirs.turned(*direction.languages)
        assert turned.encode(SOURCES) == [list(ids) for ids in ours.encode(SOURCES)]
        found = turned.translate(SOURCES, greedy)
        assert found == ours.translate(SOURCES, greedy)
        texts.add(tuple(hypothesis.text for hypothesis in found))
        (pair,) = turned.score_pairs(["one two"], ["eins zwei"])
        (expected,) = ours.score_pairs(["one two"], ["eins zwei"])
        assert pair.log_probabilities == pytest.approx(expected.log_probabilities, abs=1e-3)
    assert len(texts) > 1
    of_earlier_version = replace(made, settings=replace(made.settings, turns=()))
    with pytest.raises(T5TuneError, match="translates only from en to de"):
        CTranslate2Translator(of_earlier_version).use_direction("de", "en")


def _check_scored_pairs(ours: TorchTranslator, exported: CTranslate2Translator) -> None:
    """Compare the scores of given targets with a plain computation, pair by pair, and an export."""
    targets = [*(target for _, target in number_pairs(12)), "", "zwei </s> Ω", "eins " * 300]
    sources = SOURCES[: len(targets)]
    found = ours.score_pairs(sources, targets, tokens_per_batch=60)
    longest = getattr(ours.model.config, "max_position_embeddings", 1024)
    assert max(pair.num_tokens for pair in found) <= longest
    assert [pair.target_is_cut for pair in found] == [False] * (len(found) - 1) + [True]
    for source, target, pair in zip(sources, targets, found, strict=True):
        if pair.target_is_cut:
            continue
        expected = _score_plainly(ours, source, target)
        assert list(pair.log_probabilities) == pytest.approx(expected, abs=1e-5)
    for theirs, pair in zip(exported.score_pairs(sources, targets), found, strict=True):
        assert theirs.tokens == pair.tokens
        assert theirs.per_token == pytest.approx(pair.per_token, abs=1e-3)
        assert theirs.log_probabilities == pytest.approx(pair.log_probabilities, abs=1e-3)
    (best,) = ours.translate_n_best(sources[3:4], replace(OPTIONS, length_penalty=0.0))
    if not best[0].reached_limit:
        (again,) = ours.score_pairs(sources[3:4], [best[0].text])
        if again.num_tokens == best[0].num_tokens:
            assert again.log_probability == pytest.approx(best[0].score, abs=1e-4)


def _score_plainly(translator: TorchTranslator, source: str, target: str) -> list[float]:
    """Return the negative cross-entropy of each label, from the library's own logits."""
    model, tokenizer = translator.model, translator.tokenizer
    forced = translator.settings.forced_bos_token_id
    labels = tokenizer(text_target=[target], return_tensors="pt").input_ids
    inputs = tokenizer([source], return_tensors="pt").input_ids
    first = translator.settings.decoder_start_token_id
    if first is not None:  # the first mBART's, whose language lies behind the text
        assert labels[0, -1] == first
        labels = labels[:, :-1]
    start = torch.full((1, 1), model.config.decoder_start_token_id if first is None else first)
    with torch.no_grad():
        decoder_inputs = torch.cat([start, labels[:, :-1]], dim=1)
        logits = model(input_ids=inputs, decoder_input_ids=decoder_inputs).logits
    losses = torch.nn.functional.cross_entropy(logits[0], labels[0], reduction="none")
    return [-loss for loss in losses.tolist()[0 if forced is None else 1 :]]


def test_a_beam_search_ends_where_torch_ends_it(tmp_path: Path) -> None:
    torch_translator = build_translator("bart", tmp_path)
    bias = torch_translator.model.final_logits_bias
    bias[0, torch_translator.tokenizer.eos_token_id] = 2.0  # some hypotheses end
    options = DecodingOptions(20)
    expected = torch_translator.translate(SOURCES, options)
    assert 3 < sum(hypothesis.reached_limit for hypothesis in expected) < len(SOURCES) - 3
    made = export(torch_translator, tmp_path)
    assert CTranslate2Translator(made).translate(SOURCES, options) == expected
    impatient = replace(made, settings=replace(made.settings, patience=1.0))
    assert CTranslate2Translator(impatient).translate(SOURCES, options) != expected


def test_order_duplicates_batches_and_workers_change_nothing(
    exported: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    translator = CTranslate2Translator(exported)
    together = translator.translate(SOURCES, OPTIONS)
    alone = [translator.translate([source], OPTIONS)[0] for source in SOURCES]
    done: list[int] = []
    monkeypatch.setattr(ctranslate2_translator, "count_threads", lambda: 3)
    many = CTranslate2Translator(exported)
    in_small_batches = many.translate(SOURCES, replace(OPTIONS, tokens_per_batch=1), done.append)
    assert together == alone == in_small_batches
    assert together[0] == together[-1]
    assert len({hypothesis.text for hypothesis in together}) > 2
    assert done == [1] * len(SOURCES)
    done.clear()
    many.num_batches = 1
    assert many.translate(SOURCES, OPTIONS, done.append) == together
    assert done == [len(SOURCES)]
    assert translator.translate([], OPTIONS) == []


def test_sources_are_cut_and_prefixed_as_with_torch(
    exported: Export, torch_translator: TorchTranslator
) -> None:
    settings = replace(exported.settings, prefix="three: ", max_source_length=5)
    ours = CTranslate2Translator(replace(exported, settings=settings))
    theirs = TorchTranslator(
        torch_translator.model, torch_translator.tokenizer, InputSettings("three: ", 5)
    )
    assert ours.translate(SOURCES, OPTIONS) == theirs.translate(SOURCES, OPTIONS)
    assert ours.num_truncated == theirs.num_truncated > 0


def test_int8_is_near(exported: Export, tmp_path: Path) -> None:
    options = DecodingOptions(4)
    torch_translator = build_translator("t5", tmp_path)
    for name, parameter in torch_translator.model.named_parameters():
        if parameter.dim() > 1 and "shared" not in name:
            parameter.data.mul_(0.2)  # as smooth as the function of a trained model
    before = torch_translator.translate_n_best(SOURCES, options)
    made = export(torch_translator, tmp_path, "int8")
    assert (made.path / "model.bin").stat().st_size < (exported.path / "model.bin").stat().st_size
    assert torch_translator.translate_n_best(SOURCES, options) == before
    found = CTranslate2Translator(made).translate_n_best(SOURCES, options)
    for (ours,), (theirs,) in zip(found, before, strict=True):
        assert ours.score == pytest.approx(theirs.score, abs=0.1)


@pytest.mark.parametrize("key", ["suppress_tokens", "bad_words_ids"])
def test_tokens_that_a_family_never_generates(key: str, tmp_path: Path) -> None:
    torch_translator = build_translator("t5", tmp_path)
    options = replace(OPTIONS, num_beams=1)
    before = torch_translator.translate(SOURCES, options)
    ids = torch_translator.tokenizer([found.text for found in before])["input_ids"]
    most = Counter(token for row in ids for token in row[:-1]).most_common(1)[0][0]
    generation = torch_translator.model.generation_config
    setattr(generation, key, [most] if key == "suppress_tokens" else [[most], [1]])
    expected = torch_translator.translate(SOURCES, options)
    assert expected != before
    assert CTranslate2Translator(export(torch_translator, tmp_path)).translate(
        SOURCES, options
    ) == (expected)


@pytest.mark.parametrize("num_beams", [1, 4])
def test_other_settings_of_a_generation_configuration_change_nothing(
    num_beams: int, tmp_path: Path
) -> None:
    torch_translator = build_translator("bart", tmp_path)
    options = replace(OPTIONS, num_beams=num_beams)
    expected = torch_translator.translate(SOURCES, options)
    generation = torch_translator.model.generation_config
    for key, value in OF_SOMEBODY_ELSE.items():
        setattr(generation, key, value)
    assert torch_translator.translate(SOURCES, options) == expected
    assert torch_translator.model.generation_config is generation
    made = export(torch_translator, tmp_path)
    assert CTranslate2Translator(made).translate(SOURCES, options) == expected
    # As in exports of earlier versions.
    old = {"min_decoding_length": 8, "repetition_penalty": 1.7}
    made = replace(made, settings=replace(made.settings, constraints=old))
    assert CTranslate2Translator(made).translate(SOURCES, options) == expected


def test_an_empty_source_has_an_empty_translation(exported: Export) -> None:
    (hypothesis,) = CTranslate2Translator(exported).translate([""], OPTIONS)
    assert (hypothesis.text, hypothesis.reached_limit) == ("", False)


def test_what_cannot_be_is_one_sentence(
    exported: Export, tmp_path: Path, torch_translator: TorchTranslator
) -> None:
    with pytest.raises(T5TuneError, match=r"float16 is not available on this CPU; it has int8, "):
        ctranslate2_device.check_availability("float16")
    translator = CTranslate2Translator(exported)
    options = replace(OPTIONS, num_beams=2, num_hypotheses=4)
    with pytest.raises(T5TuneError, match="4 hypotheses need as many beams"):
        translator.translate_n_best(SOURCES, options)
    (tmp_path / "config.json").write_text('{"model_type": "longt5"}', encoding="utf-8")
    with pytest.raises(T5TuneError, match=r"cannot convert this .* LongT5Config$"):
        export(torch_translator, tmp_path)


def test_a_gpu_that_fails_while_translating_is_a_sentence(exported: Export) -> None:
    class Failing:
        def result(self) -> None:
            raise RuntimeError("CUDA failed with error out of memory")

    translator = CTranslate2Translator(exported)
    translator._workers._model = SimpleNamespace(translate_batch=lambda *_, **__: [Failing()])
    with pytest.raises(T5TuneError, match="error out of memory") as caught:
        translator.translate(SOURCES[:1], OPTIONS)
    assert "--engine torch" in str(caught.value.next_command)
