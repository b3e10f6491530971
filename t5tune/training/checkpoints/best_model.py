"""The model that a run ends with: moved into place in one piece, with a manifest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedModel

from t5tune.console import say, track
from t5tune.decoding.loaded_model import LoadedModel, default_device
from t5tune.decoding.opening import translate_lines
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.models.directories import SETTINGS_KEY
from t5tune.models.loading import load_model
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import flush, remove_directory, write_manifest
from t5tune.training.checkpoints.disk_space import count_model_bytes, refuse_full_disk
from t5tune.training.checkpoints.selection import LoopResult
from t5tune.training.environment import record_model
from t5tune.training.optim.averaging import set_weights


@track("saving the model")
def keep_best_model(
    run: RunDirectory,
    result: LoopResult,
    trained: LoadedModel,
    sentence: str,
    facts: Mapping[str, Any],
) -> None:
    """Save the best weights as `model/`.

    Args:
        run: Where to.
        result: Which weights.
        trained: Their tokenizer and settings; its own weights are the last ones.
        sentence: Is translated, for `t5tune verify` to compare with.
        facts: What the manifest says beside the files.

    Raises:
        T5TuneError: The disk is full.
    """
    best = load_model(str(result.best_checkpoint))
    if result.averaged is not None:
        set_weights(best, result.averaged)
    settings = {
        "prefix": trained.translator.prefix,
        "max_source_length": trained.translator.max_source_length,
    }
    setattr(best.config, SETTINGS_KEY, {**settings, "weights": result.weights})
    best.generation_config = trained.translator.model.generation_config
    temporary = run.model.with_name(run.model.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        best.save_pretrained(temporary)
        trained.tokenizer.save_pretrained(temporary)
        smoke = _translate(best, trained, sentence)
        text = json.dumps(smoke, ensure_ascii=False, indent=1)
        (temporary / run.smoke.name).write_text(text + "\n", encoding="utf-8")
        write_manifest(temporary, facts)
    except Exception as error:
        shutil.rmtree(temporary, ignore_errors=True)
        needed = count_model_bytes(best)
        kept = "all checkpoints are whole"
        refuse_full_disk(error, run.path, needed, what="the model", kept=kept)
        raise
    # What was there belongs to a shorter training of this run.
    shutil.rmtree(run.path / "eval", ignore_errors=True)
    remove_directory(run.model)
    os.replace(temporary, run.model)
    flush(run.path)
    record_model(run)
    say(f"model: {run.model} ({result.weights})")


def _translate(best: PreTrainedModel, trained: LoadedModel, sentence: str) -> dict[str, str]:
    device = default_device()
    translator = TorchTranslator(
        best.to(device),
        trained.tokenizer,
        prefix=trained.translator.prefix,
        max_source_length=trained.translator.max_source_length,
        forced_bos_token_id=trained.translator.forced_bos_token_id,
    )
    model = LoadedModel(trained.name, translator, trained.tokenizer)
    (hypothesis,) = translate_lines(model, [sentence])
    return {"source": sentence, "hypothesis": hypothesis, "device": device}
