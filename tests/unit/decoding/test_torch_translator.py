from __future__ import annotations

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import DecodingOptions, limit_from_references
from t5tune.errors import T5TuneError
from t5tune.models.input_settings import InputSettings
from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.sections.from_scratch_section import TokenizerSection

SOURCES = ["a", "a much longer source than the others", "bc", "", "de fg", "bc"]


@pytest.fixture(scope="module")
def translator() -> TorchTranslator:
    torch.manual_seed(3)
    tokenizer = build_tokenizer(TokenizerSection(type="characters"), SOURCES, SOURCES)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
        decoder_start_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    for parameter in model.parameters():  # larger than usual, so that outputs differ
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.7)
    return TorchTranslator(model, tokenizer)


@pytest.mark.parametrize("num_beams", [1, 3])
def test_order_and_batches_change_nothing(translator: TorchTranslator, num_beams: int) -> None:
    def options(tokens_per_batch: int) -> DecodingOptions:
        return DecodingOptions(12, num_beams, tokens_per_batch=tokens_per_batch)

    together = translator.translate(SOURCES, options(4096))
    alone = [translator.translate([source], options(4096))[0] for source in SOURCES]
    in_small_batches = translator.translate(SOURCES, options(1))
    assert together == alone == in_small_batches
    assert len({hypothesis.text for hypothesis in together}) > 2


def test_the_prefix_is_part_of_the_source(translator: TorchTranslator) -> None:
    options = DecodingOptions(8, 1)
    prefixed = TorchTranslator(translator.model, translator.tokenizer, InputSettings("xy: "))
    expected = translator.translate(["xy: bc"], options)
    assert prefixed.translate(["bc"], options) == expected


def test_hypotheses_say_whether_they_reached_the_limit(translator: TorchTranslator) -> None:
    for limit in (1, 5):
        for hypothesis in translator.translate(SOURCES, DecodingOptions(limit, 1)):
            assert hypothesis.num_tokens <= limit
            if hypothesis.reached_limit:
                assert hypothesis.num_tokens == limit


def test_progress_counts_every_source_and_the_mode_of_the_model_is_kept(
    translator: TorchTranslator,
) -> None:
    done: list[int] = []
    translator.model.train()
    translator.translate(SOURCES, DecodingOptions(3, 1, tokens_per_batch=8), done.append)
    assert translator.model.training
    assert sum(done) == len(SOURCES)
    assert len(done) > 1


def test_no_source_no_hypothesis(translator: TorchTranslator) -> None:
    assert translator.translate([], DecodingOptions(3, 1)) == []


def test_the_limit_leaves_room_above_the_longest_reference() -> None:
    assert limit_from_references([4, 10]) == 18
    assert limit_from_references([100]) == 125
    assert limit_from_references([]) > 0


def test_n_best_are_ranked_and_their_scores_are_those_of_the_search(
    translator: TorchTranslator,
) -> None:
    options = DecodingOptions(8, 4, length_penalty=0.7, num_hypotheses=3)
    found = translator.translate_n_best(SOURCES, options)
    assert [len(of_one) for of_one in found] == [3] * len(SOURCES)
    best = translator.translate(SOURCES, options)
    assert [of_one[0].text for of_one in found] == [hypothesis.text for hypothesis in best]
    assert all(hypothesis.score is None for hypothesis in best)
    for source, of_one in zip(SOURCES, found, strict=True):
        with translator.evaluation_mode():
            searched = translator.model.generate(
                **translator.tokenizer(source, return_tensors="pt"), num_beams=4, max_new_tokens=8,
                length_penalty=0.7, num_return_sequences=3, return_dict_in_generate=True,
                output_scores=True, early_stopping=False,
            )  # fmt: skip
        expected = searched.sequences_scores.tolist()
        assert [hypothesis.score for hypothesis in of_one] == pytest.approx(expected, rel=1e-4)


def test_more_hypotheses_than_beams_are_refused(translator: TorchTranslator) -> None:
    with pytest.raises(T5TuneError, match="4 hypotheses need as many beams; there are 2"):
        translator.translate_n_best(SOURCES, DecodingOptions(3, 2, num_hypotheses=4))
