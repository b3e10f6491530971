"""Settings that a model needs in order to generate, as opposed to settings of the search.

A `generation_config.json` mixes the two: the tokens that begin, end and pad a text, and the search
that its author preferred (minimum lengths, sampling, other stopping rules). t5tune searches as the
recipe says, the same with every engine and at every validation. So it only reads what the family
needs, and the few search settings that `DecodingOptions` has too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache
from transformers import GenerationConfig, PreTrainedConfig
from transformers.utils import CONFIG_NAME, GENERATION_CONFIG_NAME

from t5tune.console import say
from t5tune.errors import T5TuneError

# Names as in `transformers.GenerationConfig`. `forced_eos_token_id` is left out: it replaces the
# last token of a hypothesis that is cut at the length limit by the end of the sequence, so that it
# looks like a finished one. CTranslate2 has no such setting.
_SPECIAL_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
START = "decoder_start_token_id"
FORCED_BOS = "forced_bos_token_id"  # configurations of Transformers 5 no longer have it
_CONSTRAINTS = (
    FORCED_BOS,
    "bad_words_ids",
    "suppress_tokens",
    "begin_suppress_tokens",
    "renormalize_logits",  # after tokens have been suppressed, which Marian's models need
)
# Search settings of a model from elsewhere that apply if the user does not choose, by their names
# in `DecodingOptions`; integers with their smallest usable value.
_LENGTHS = {"max_new_tokens": 1, "max_length": 2}
_LEAST = {"num_beams": 1, "no_repeat_ngram_size": 0, **_LENGTHS}
SEARCH = ("num_beams", "no_repeat_ngram_size", "length_penalty")
# Ignored silently, because they do not change hypotheses.
_NO_MATTER = {
    "use_cache", "cache_implementation", "cache_config", "return_dict_in_generate",
    "output_attentions", "output_hidden_states", "output_scores", "output_logits",
    "forced_eos_token_id", "transformers_version",
}  # fmt: skip


def read_needs(generation: GenerationConfig, config: PreTrainedConfig) -> dict[str, Any]:
    """Return special tokens, of either, and constraints, by their names in `GenerationConfig`."""
    needs = {key: getattr(generation, key, None) for key in (*_SPECIAL_TOKENS, *_CONSTRAINTS)}
    of_decoder = config.get_text_config(decoder=True)
    for key in _SPECIAL_TOKENS:
        for other in (config, of_decoder):
            if needs[key] is None:
                needs[key] = getattr(other, key, None)
    return {key: value for key, value in needs.items() if value is not None}


def find_start(needs: Mapping[str, Any]) -> str:
    """Return the name of the token that the decoder starts from, among what a model needs."""
    return START if START in needs else "bos_token_id"


def override_needs(generation: GenerationConfig, overrides: Mapping[str, Any]) -> None:
    """Set the tokens that a recipe changes in `model.config`, which a model's own file has too."""
    for key in (*_SPECIAL_TOKENS, FORCED_BOS):
        if key in overrides:
            setattr(generation, key, overrides[key])


def load_generation_config(name: str, *, revision: str | None = None) -> GenerationConfig:
    """Load what generation needs and known search settings; other settings are named on stderr.

    The library's own loader refuses a model whose settings contradict each other. The files of a
    model of the hub are in the cache.

    Raises:
        T5TuneError: The file is damaged.
    """
    content = _read(name, GENERATION_CONFIG_NAME, revision)
    if content is None:  # older models have everything in one file
        content = _read(name, CONFIG_NAME, revision) or {}
        if content.get("force_bos_token_to_be_generated"):  # as old BART configurations spell it
            content["forced_bos_token_id"] = content.get("bos_token_id")
        known = GenerationConfig().to_dict()
        content = {key: value for key, value in content.items() if key in known}
    needs = {*_SPECIAL_TOKENS, *_CONSTRAINTS} & content.keys()
    for key in needs:
        if not _names_tokens(content[key]):
            raise _refuse_damage(name, GENERATION_CONFIG_NAME, f"{key} is {content[key]!r}")
    kept = needs | {key for key in (*SEARCH, *_LENGTHS) if _is_usable(key, content.get(key))}
    if unused := sorted(key for key, value in content.items() if _matters(key, value, kept)):
        say(
            f"model: {name} asks for {', '.join(unused)} when it generates; t5tune does without "
            "(docs/translation.md)"
        )
    return GenerationConfig(**{key: content[key] for key in kept if key in content})


def _names_tokens(value: Any) -> bool:
    """Return whether a value is a token, a (nested) list of tokens, a boolean or None."""
    if isinstance(value, list):
        return all(map(_names_tokens, value))
    return value is None or isinstance(value, int)


def _is_usable(key: str, value: Any) -> bool:
    """Return whether a search setting can have this value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if key in _LEAST:
        return isinstance(value, int) and value >= _LEAST[key]
    return math.isfinite(value)


def _matters(key: str, value: Any, kept: set[str]) -> bool:
    if key in kept or key in _NO_MATTER or key.startswith("_") or value is None:
        return False
    default = GenerationConfig._get_default_generation_params().get(key)
    return bool(value != default)


def _read(name: str, file_name: str, revision: str | None) -> dict[str, Any] | None:
    """Return the content of a JSON file of a model; None if it has no such file."""
    path = Path(name) / file_name
    if not Path(name).is_dir():
        found = try_to_load_from_cache(name, file_name, revision=revision)
        if not isinstance(found, str):
            return None
        path = Path(found)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _refuse_damage(name, file_name, str(error)) from error
    if not isinstance(content, dict):
        raise _refuse_damage(name, file_name, "it does not hold an object")
    return content


def _refuse_damage(name: str, file_name: str, reason: str) -> T5TuneError:
    where = f"{name}/{file_name}"
    return T5TuneError(
        f"{where} is damaged: {reason}.",
        next_command=f"cat {where}" if Path(name).is_dir() else f"hf download {name} {file_name}",
    )
