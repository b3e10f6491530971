"""What a model from scratch cannot do, which the recipe alone tells: nothing has to be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from t5tune.errors import did_you_mean
from t5tune.recipe.sections.scratch_fields import FIELDS

if TYPE_CHECKING:
    from t5tune.recipe.schema import Recipe
    from t5tune.recipe.sections.from_scratch_section import FromScratchSection

_SUBWORD_OPTIONS = {"unigram": "alpha", "bpe": "dropout"}
# Positions that architectures have if `model.config` does not say it; those of T5 are relative.
_POSITIONS = {"marian": 512, "bart": 1024}
# Dropout that differs between two passes, with the rates of the architectures.
_DROPOUT = {
    "t5": {"dropout_rate": 0.1},
    "marian": {"dropout": 0.1, "attention_dropout": 0.0},
    "bart": {"dropout": 0.1, "attention_dropout": 0.0},
}
# Fields of `model.config` that take the place of the sizes of the section.
_LAYERS = ("num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers")
# Fields of `model.config` that say the same as a key of the section. Heads and feed-forward widths
# of one side are not among them: the section has none, so they are what `num_heads` and `d_ff` add.
_SAME_AS_BART = {
    "d_model": ("d_model", "hidden_size"),
    "num_layers": ("encoder_layers", "num_hidden_layers"),
    "num_decoder_layers": ("decoder_layers",),
    "activation": ("activation_function",),
}
_SAME = {
    "t5": {
        "d_model": ("d_model", "hidden_size"),
        "d_kv": ("d_kv", "head_dim"),
        "d_ff": ("d_ff",),
        "num_layers": ("num_layers", "num_hidden_layers"),
        "num_decoder_layers": ("num_decoder_layers",),
        "num_heads": ("num_heads", "num_attention_heads"),
        "feed_forward_proj": ("feed_forward_proj",),
    },
    "marian": _SAME_AS_BART,
    "bart": _SAME_AS_BART,
}


def refuse_for_scratch(recipe: Recipe, scratch: FromScratchSection) -> None:
    """Refuse keys that a model from scratch does not go with, before it is built.

    Raises:
        ValueError: There are such keys.
    """
    config = recipe.model.config
    problems = (
        *_check_fields(scratch, config),
        *_check_packing(recipe, scratch),
        *_check_subwords(recipe, scratch),
        *_check_vocabulary(recipe, scratch),
        *_check_dropout(recipe, scratch, config),
        *_check_positions(recipe, scratch, config),
        *_check_frozen(recipe, scratch, config),
    )
    for problem in problems:
        raise ValueError(problem)


def find_size_conflicts(
    scratch: FromScratchSection, config: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield fields of `model.config` that contradict a key of the section, with the problem.

    The schema does not refuse them: earlier versions trained such models, with the sizes of
    `model.config`.
    """
    # A recipe that was written with every default has keys without a value. What has its default
    # there may be something that nobody wrote.
    written = scratch.model_fields_set
    has_all = any(getattr(scratch, key) is None for key in written)
    for key, names in _SAME[scratch.architecture].items():
        value = getattr(scratch, key)
        is_default = has_all and value == type(scratch).model_fields[key].default
        if key not in written or value is None or is_default:
            continue
        for name in names:
            if name in config and config[name] != value:
                yield (
                    name,
                    f"it is {config[name]}, and `model.from_scratch.{key}` is {value}; give one of "
                    "them",
                )


def _check_fields(scratch: FromScratchSection, config: dict[str, Any]) -> Iterator[str]:
    """Find mistyped fields; whatever is like no field is left to the library's own version."""
    known = FIELDS[scratch.architecture]
    for name in config:
        if name not in known and (hint := did_you_mean(name, known)):
            yield f"`model.config.{name}`: a {scratch.architecture} has no such field{hint}"


def _check_packing(recipe: Recipe, scratch: FromScratchSection) -> Iterator[str]:
    if recipe.training.packing and scratch.architecture != "t5":
        yield (
            f"`training.packing` and `model.from_scratch.architecture: {scratch.architecture}` "
            "exclude each other: it numbers positions from the start of a row, so packed examples "
            "would not compute what single ones do; a t5 can be packed"
        )


def _check_subwords(recipe: Recipe, scratch: FromScratchSection) -> Iterator[str]:
    subword = recipe.data.augment.subword if recipe.data.augment is not None else None
    kind = scratch.tokenizer.type
    if subword is None or kind == "existing":
        return
    if kind not in _SUBWORD_OPTIONS:
        yield (
            "`data.augment.subword` needs a tokenizer that can spell a word in several ways; "
            f"one of type {kind} has one"
        )
        return
    own = _SUBWORD_OPTIONS[kind]
    other = next(option for option in _SUBWORD_OPTIONS.values() if option != own)
    if getattr(subword, other) is not None:
        yield f"`data.augment.subword.{other}` excludes a tokenizer of type {kind}, which has {own}"


def _check_vocabulary(recipe: Recipe, scratch: FromScratchSection) -> Iterator[str]:
    augment = recipe.data.augment
    if scratch.tokenizer.augmented and (augment is None or not augment.kinds):
        yield (
            "`model.from_scratch.tokenizer.augmented` needs `data.augment` with a kind that "
            "changes texts, such as `upper: 0.1`"
        )


def _check_dropout(
    recipe: Recipe, scratch: FromScratchSection, config: dict[str, Any]
) -> Iterator[str]:
    rates = _DROPOUT[scratch.architecture]
    has_dropout = any(config.get(name, rate) != 0 for name, rate in rates.items())
    if recipe.training.regularization.r_drop is not None and not has_dropout:
        yield (
            "`training.regularization.r_drop` draws two passes with different dropout together, "
            f"and `model.config.{next(iter(rates))}` is 0"
        )


def _check_positions(
    recipe: Recipe, scratch: FromScratchSection, config: dict[str, Any]
) -> Iterator[str]:
    limit = recipe.decoding.max_new_tokens
    if limit is None or scratch.architecture not in _POSITIONS:
        return
    positions = config.get("max_position_embeddings", _POSITIONS[scratch.architecture])
    if isinstance(positions, int) and limit > positions:
        yield (
            f"`decoding.max_new_tokens` is {limit:,}, and this {scratch.architecture} has "
            f"{positions:,} positions (`model.config.max_position_embeddings`)"
        )


def _check_frozen(
    recipe: Recipe, scratch: FromScratchSection, config: dict[str, Any]
) -> Iterator[str]:
    if any(name in config for name in _LAYERS):
        return
    num_layers = {
        "encoder": scratch.num_layers,
        "decoder": scratch.num_decoder_layers or scratch.num_layers,
    }
    for part in recipe.model.freeze:
        side, _, layers = part.partition(".layers.")
        if layers and int(layers.rpartition("-")[2]) >= num_layers[side]:
            last = num_layers[side] - 1
            yield f"`model.freeze` has {part}, and the layers of this {side} are 0 to {last}"
