"""Changes to a recipe that a report proposes: to train longer, to use bytes as tokens."""

from __future__ import annotations

import math

from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.from_scratch_section import DEFAULT_VOCAB_SIZE
from t5tune.recipe.sections.training_section import TrainingSection

BYTE_MODEL = "google/byt5-small"

# Bytes per token, with room to spare: UTF-8 has up to four bytes per character.
_BYTES_OF_A_TOKEN = {"words": 8, "unigram": 5, "bpe": 5, "existing": 5, "characters": 2}


def train_longer(
    training: TrainingSection, factor: float, *, num_steps: int, num_epochs: float, num_waited: int
) -> tuple[str, ...]:
    """Return the settings with which a run that has ended continues.

    Args:
        factor: Length afterwards, as a multiple of the present one.
        num_waited: Number of validations since the best one.

    Returns:
        KEY=VALUE for the setting that ended the training.
    """
    patience = training.early_stopping_patience
    if (
        patience is not None
        and num_waited >= patience
        and _is_cut_short(training, num_steps, num_epochs)
    ):
        return (f"training.early_stopping_patience={num_waited + patience}",)
    settings = []
    if training.max_minutes is not None:
        settings.append(f"training.max_minutes={_round(training.max_minutes * factor)}")
        if _is_cut_short(training, num_steps, num_epochs):
            return tuple(settings)
    if training.max_steps is not None:
        settings.append(f"training.max_steps={math.ceil(training.max_steps * factor)}")
    else:
        longer = _round(training.num_train_epochs * factor)
        settings.append(f"training.num_train_epochs={longer}")
    return tuple(settings)


def _is_cut_short(training: TrainingSection, num_steps: int, num_epochs: float) -> bool:
    """Return whether training ended before its steps or epochs were over."""
    if training.max_steps is not None:
        return num_steps < training.max_steps
    return num_epochs < training.num_train_epochs - 0.01  # the log rounds epochs


def _round(value: float) -> str:
    """Round to the digits that people would type."""
    return str(math.ceil(value)) if value >= 2 else f"{value:.4g}"


def spell_in_bytes(recipe: Recipe) -> tuple[str, ...]:
    """Return the settings of a new run whose tokens are bytes; none where they already are.

    Args:
        recipe: Recipe as its user wrote it.
    """
    scratch = recipe.model.from_scratch
    if scratch is None:
        if "byt5" in str(recipe.model.name).lower():
            return ()
        settings = [f"model.name={BYTE_MODEL}"]
        settings += ["model.revision=null"] if recipe.model.revision else []
        settings += ["model.config=null"] if recipe.model.config else []
        longer = _BYTES_OF_A_TOKEN["unigram"]
    else:
        tokenizer = scratch.tokenizer
        if tokenizer.type == "bytes":
            return ()
        key = "model.from_scratch.tokenizer"
        settings = [f"{key}.type=bytes"]
        settings += [f"{key}.vocab_size=null"] * (tokenizer.vocab_size != DEFAULT_VOCAB_SIZE)
        settings += [f"{key}.separate_vocabs=null"] * tokenizer.separate_vocabs
        settings += [f"{key}.augmented=null"] * tokenizer.augmented
        settings += [f"{key}.whole_target_words=null"] * tokenizer.whole_target_words
        settings += [f"{key}.name=null"] * (tokenizer.name is not None)
        longer = _BYTES_OF_A_TOKEN[tokenizer.type]
    settings.append(f"data.max_source_length={longer * recipe.data.max_source_length}")
    settings.append(f"data.max_target_length={longer * recipe.data.max_target_length}")
    if recipe.decoding.max_new_tokens is not None:
        settings.append(f"decoding.max_new_tokens={longer * recipe.decoding.max_new_tokens}")
    return tuple(settings)
