"""A rehearsal of validation, report and export before step 1.

Each part takes tenths of a second; a fault that shows at the first validation, or after the last
step, costs the training. Weights and random numbers stay as they are.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from ctranslate2.converters import transformers as converters
from transformers import PreTrainedModel
from transformers.modeling_utils import remove_tied_weights_from_state_dict

from t5tune.console import say
from t5tune.data.encoding import EncodedDataset, encode_texts
from t5tune.data.side_encoding import choose_side, has_own_targets
from t5tune.decoding.ctranslate2_device import check_availability
from t5tune.decoding.export.settings import ENGINE_PREFIX
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.errors import T5TuneError, shorten_reason
from t5tune.models.adapters import plain_state_dict
from t5tune.models.config_fields import refuse_fields
from t5tune.models.decoder_inputs import shift_labels
from t5tune.models.loading import load_config, load_tokenizer
from t5tune.models.positions import find_positions
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.run.directory import RunDirectory
from t5tune.scoring.language_identity import load_identifier
from t5tune.training.checkpoints.disk_space import OTHER_FILES, refuse_full_disk
from t5tune.training.random_numbers import keeping_random_state
from t5tune.training.step.memory import MainMemory

NUM_TOKENS = 2  # of a rehearsed hypothesis: one step from the source, one from a cache
SAVED = ".rehearsal-"  # prefix of a temporary directory in the run
PLENTY = 4 * 2**30  # free bytes that leave room for both training and the report


def rehearse(
    loaded: LoadedModel,
    section: ModelSection,
    export: str,
    run: RunDirectory,
    dataset: EncodedDataset,
    target_lang: str | None,
) -> None:
    """Try everything that the model will be needed for.

    Raises:
        T5TuneError: A part fails; the message names the key of the recipe.
    """
    model = loaded.translator.model
    _check_vocabulary(loaded, section.origin_key, dataset)
    was_training = model.training
    try:
        with keeping_random_state():
            _rehearse_training(model.train(), section)
            _rehearse_positions(model.eval(), loaded.options.max_new_tokens, dataset)
            _rehearse_decoding(loaded, section)
    finally:
        model.train(was_training)
    _rehearse_saving(loaded, section, run)
    _rehearse_export(model, export)
    _rehearse_findings(target_lang)


def _check_vocabulary(loaded: LoadedModel, key: str, dataset: EncodedDataset) -> None:
    model, tokenizer = loaded.translator.model, loaded.tokenizer
    largest = {model: dataset.largest_id}
    if has_own_targets(tokenizer):
        sides = {model.get_encoder(): False, model.get_decoder(): True}
        largest = {
            stack: max(choose_side(tokenizer, as_target=as_target).get_vocab().values())
            for stack, as_target in sides.items()
        }
    for part, number in largest.items():
        rows = part.get_input_embeddings().weight.shape[0]
        if number >= rows:
            raise T5TuneError(
                f"{key}: the tokenizer gives the token {number:,}, and the model has embeddings "
                f"for {rows:,} tokens only.",
                next_command="a model with its own tokenizer",
            )


def _rehearse_training(model: PreTrainedModel, section: ModelSection) -> None:
    ids = torch.zeros((2, 3), dtype=torch.long, device=model.device)
    with torch.no_grad(), _refusing_fields(section):
        model(input_ids=ids, decoder_input_ids=shift_labels(model, ids), use_cache=False)


def _rehearse_positions(model: PreTrainedModel, limit: int, dataset: EncodedDataset) -> None:
    """Try the longest sequences, for which the model may have too few positions."""
    longest = {
        "data.max_source_length": int(dataset.sources.lengths.max(initial=0)),
        "data.max_target_length": int(dataset.targets.lengths.max(initial=0)),
        "decoding.max_new_tokens": limit,
    }
    for key, length in longest.items():
        is_source = key == "data.max_source_length"
        positions = find_positions(model.config, "encoder" if is_source else "decoder")
        if positions is None or length <= positions:
            continue
        short = torch.zeros((1, 1), dtype=torch.long, device=model.device)
        long = short.expand(1, length)
        source, target = (long, short) if is_source else (short, long)
        try:
            with torch.no_grad():
                model(input_ids=source, decoder_input_ids=target, use_cache=False)
        except (IndexError, RuntimeError) as error:
            chunks = "   # and data.long_sources=chunk, to translate longer ones in chunks"
            raise T5TuneError(
                f"{key}: sequences have up to {length:,} tokens, and the model has {positions:,} "
                "positions.",
                next_command=f"the same command with {key}={positions}{chunks * is_source}",
            ) from error


def _rehearse_decoding(loaded: LoadedModel, section: ModelSection) -> None:
    """Translate as validations and the report do."""
    sources = ["a", "b c"]
    options = replace(loaded.options, max_new_tokens=min(NUM_TOKENS, loaded.options.max_new_tokens))
    with _refusing_fields(section):
        loaded.translator.translate(sources, options.without_beams())
    try:
        loaded.translator.translate(sources, options)
    except (ValueError, TypeError, RuntimeError, IndexError) as error:
        reason = shorten_reason(error).removesuffix(".")
        raise T5TuneError(
            f"decoding: the model cannot generate with these settings: {reason}.",
            next_command="correct the section decoding in the recipe",
        ) from error


@contextlib.contextmanager
def _refusing_fields(section: ModelSection) -> Iterator[None]:
    """Raise an error that names the changed fields of the configuration when the block fails."""
    try:
        yield
    except (T5TuneError, OSError):
        raise
    except Exception as error:  # any error: the model decides what a field means
        if not section.config:
            raise
        raise refuse_fields(error) from error


def _rehearse_saving(loaded: LoadedModel, section: ModelSection, run: RunDirectory) -> None:
    """Save and reload everything except the weights, which would take minutes in a large model.

    The disk space for them is checked separately.
    """
    model, tokenizer, key = loaded.translator.model, loaded.tokenizer, section.origin_key
    directory = Path(tempfile.mkdtemp(prefix=SAVED, dir=run.path))
    try:
        with _refusing_fields(section):
            weights = remove_tied_weights_from_state_dict(plain_state_dict(model), model)
            model.config.save_pretrained(directory)
            model.generation_config.save_pretrained(directory)
            tokenizer.save_pretrained(directory)
            with torch.device("meta"):
                twin = type(model)(load_config(str(directory)))
        again = load_tokenizer(str(directory))
    except OSError as error:
        kept = "nothing has been trained yet"
        refuse_full_disk(error, run.path, OTHER_FILES, what="a tokenizer", kept=kept)
        raise
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    shapes = {name: tuple(tensor.shape) for name, tensor in twin.state_dict().items()}
    lost = [name for name, tensor in weights.items() if shapes.get(name) != tuple(tensor.shape)]
    if lost:
        raise T5TuneError(
            f"{key}: the configuration, saved and loaded again, does not fit the weights: "
            f"{', '.join(lost[:3])}.",
            next_command="another model, or model.config without changes",
        )
    texts = loaded.translator.settings.add_prefix(("A cat sat, twice.", "Ä 1 2 3"))
    before, after = (encode_texts(texts, one, max_length=None) for one in (tokenizer, again))
    if before != after:
        raise T5TuneError(
            f"{key}: the tokenizer, saved and loaded again, splits texts differently.",
            next_command="a model whose tokenizer can be saved, with a tokenizer.json for example",
        )


def _rehearse_export(model: PreTrainedModel, export: str) -> None:
    """Warn of what will prevent the export; training does not depend on it."""
    if export == "none":
        return
    try:
        check_availability(export.removeprefix(ENGINE_PREFIX))
        reason = None
    except T5TuneError as error:
        reason = error.message
    if type(model.config).__name__ not in converters._MODEL_LOADERS:
        reason = f"CTranslate2 does not know {model.config.model_type} models."
    if reason:
        say(f"warning: export: {export} will not be made: {reason} export=none leaves it out")


def _rehearse_findings(target_lang: str | None) -> None:
    """Load what the report identifies languages with, half a second that nobody waits for later."""
    memory = MainMemory()
    if memory.capacity() - memory.used() >= PLENTY:
        load_identifier(target_lang)
