"""The tables of `docs/from-transformers.md`, made from the tables that `t5tune import` reads."""

from __future__ import annotations

from collections.abc import Iterable

from t5tune.recipe.imported_flags import key_of_flag, list_flags, reason_without_key
from t5tune.recipe.training_extra import FORWARDED, recipe_keys, refused_fields


def flag_reference() -> str:
    """Return Markdown with each flag beside its recipe key, or what there is in its place."""
    arguments = {*FORWARDED, *recipe_keys(), *refused_fields()}
    own = [flag for flag in list_flags() if flag not in arguments]
    others = sorted(flag for flag in list_flags() if flag in arguments)
    return "\n".join(
        [
            "### Of the scripts, and former ones of the Trainer",
            "",
            *_table(own),
            "",
            "### `Seq2SeqTrainingArguments`",
            "",
            *_table(others),
            "",
        ]
    )


def _table(flags: Iterable[str]) -> Iterable[str]:
    yield "| flag | in a recipe |"
    yield "|---|---|"
    for flag in flags:
        key = key_of_flag(flag)
        cell = f"`{key}`" if key else str(reason_without_key(flag))
        yield f"| `--{flag}` | {cell} |"
