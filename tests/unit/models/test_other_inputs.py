"""Test that models which do not turn texts into texts are refused by their configuration alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t5tune.errors import T5TuneError
from t5tune.models.loading import load_config

REFUSED = {
    "whisper": "which reads audio",
    "speech_to_text": "which reads audio",
    "moonshine": "which reads audio",
    "vision-encoder-decoder": "which reads images",
    "pix2struct": "which reads images",
    "rag": "which does not turn texts into texts",
    "bert": "not an encoder-decoder one",
}
PARTS = {"encoder": {"model_type": "vit"}, "decoder": {"model_type": "gpt2"}}


@pytest.mark.parametrize("model_type", REFUSED)
def test_a_model_with_other_inputs_is_refused_in_one_sentence(
    model_type: str, tmp_path: Path
) -> None:
    is_composed = model_type == "vision-encoder-decoder"
    content = {"model_type": model_type, "is_encoder_decoder": model_type != "bert"}
    if model_type == "rag":
        content |= {"question_encoder": {"model_type": "dpr"}, "generator": {"model_type": "bart"}}
    (tmp_path / "config.json").write_text(json.dumps(content | (PARTS if is_composed else {})))
    with pytest.raises(T5TuneError) as caught:
        load_config(str(tmp_path))
    assert caught.value.message.startswith(
        f"model.name: {tmp_path} is a {model_type} model, {REFUSED[model_type]}"
    )
    assert "\n" not in caught.value.message
    assert "T5Gemma 2" in caught.value.next_command


@pytest.mark.parametrize("model_type", ["t5gemma2", "seamless_m4t", "prophetnet"])
def test_a_model_that_also_reads_texts_is_accepted(model_type: str, tmp_path: Path) -> None:
    content = {"model_type": model_type, "is_encoder_decoder": True}
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert load_config(str(tmp_path)).model_type == model_type
