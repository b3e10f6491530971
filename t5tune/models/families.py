"""The registry of model families: an entry holds everything that t5tune knows of a family."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from t5tune.errors import T5TuneError, did_you_mean
from t5tune.models.input_settings import OWN, Beginning
from t5tune.scoring.languages import T5_LANGUAGES, short_code

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    from t5tune.recipe.sections.denoise_section import ObjectiveName

T5_VOCAB_SIZE = 32128  # of the original T5, with its padding


def _no_prefix(_task: str, _source_lang: str | None, _target_lang: str | None) -> str:
    return ""


def _t5_prefix(task: str, source_lang: str | None, target_lang: str | None) -> str:
    """Return the prefix of one of the tasks that T5 learned (Raffel et al. 2020, appendix D)."""
    if task == "summarization":
        return "summarize: "
    source = T5_LANGUAGES.get(source_lang or "")
    target = T5_LANGUAGES.get(target_lang or "")
    if task == "translation" and source and target:
        return f"translate {source} to {target}: "
    return ""


@dataclass(frozen=True)
class Family:
    """Properties of a family; the defaults are right, if slow, for every encoder-decoder model."""

    title: str  # name of the family as people write it
    model_types: tuple[str, ...] = ()  # values of `config.model_type` that belong to it
    # Peak for fine-tuning with AdamW: T5's from Hugging Face's T5 page ("1e-4 and 3e-4 work well"),
    # BART's and Marian's from their fine-tuning papers.
    learning_rate: float = 5e-5
    # Owners of its models on the hub, by the beginning of the models' names.
    owners: Mapping[str, str] = field(default_factory=dict)
    # Tokens name source and target language, the target's being the first generated token.
    has_language_tokens: bool = False
    # In training, the decoder reads the last token of a target first. The first mBART's tokenizer
    # puts the target language there, mBART-50's puts it before the text.
    starts_from_last_label: bool = False
    # The prefix its models were pretrained with, for a task and two languages. mT5 and ByT5 saw no
    # prefixes (Xue et al. 2021, 2022).
    find_prefix: Callable[[str, str | None, str | None], str] = _no_prefix
    # How its models were pretrained, or nearly so, among the objectives of `data.denoise`.
    objective: ObjectiveName | None = None
    # How a token of the sources names the target language in those of its models that translate
    # into several, with {} for the language.
    tag: str = ""
    # Positions are relative, without local attention: examples can be packed into one row.
    has_relative_positions: bool = False
    # The logits are the output layer's product and nothing else. BART, Pegasus, mBART and Marian
    # add a bias to it, T5Gemma soft-caps it.
    has_plain_output_layer: bool = False
    has_t5_sublayers: bool = False  # which `models/cpu` has in a faster form
    # The decoder of some of its models divides its outputs by the square root of the width.
    scales_outputs: bool = False
    # Transformers 5 divides them in all of its models, also in those whose own configuration says
    # that they were trained without (`tie_word_embeddings: false`).
    scales_outputs_always: bool = False
    starts_from_padding: bool = False  # the decoder reads the embedding of the padding first
    # What Transformers makes of it, if that is wrong and cannot be corrected here, as a relative
    # clause.
    fault: str = ""
    # Fields of the configuration that CTranslate2 4.8 reads and that Transformers 5 no longer has:
    # whether LayerNorm comes before a sublayer (after it otherwise), and after the embeddings.
    ctranslate2_fields: Mapping[str, bool] = field(default_factory=dict)

    @property
    def has_prefixes(self) -> bool:
        """Whether models of the family were pretrained with prefixes."""
        return self.find_prefix is not _no_prefix


def _layer_norm(*, before: bool, of_embeddings: bool) -> dict[str, bool]:
    return {"normalize_before": before, "normalize_embedding": of_embeddings}


T5 = Family(
    "T5",
    ("t5",),
    3e-4,
    dict.fromkeys(("t5-v1_1-", "flan-", "byt5-"), "google"),
    find_prefix=_t5_prefix,
    objective="span_corruption",
    tag="<2{}>",  # MADLAD-400
    has_relative_positions=True,
    has_plain_output_layer=True,
    has_t5_sublayers=True,
    scales_outputs=True,
)
OTHER = Family("another family")

FAMILIES = (
    T5,
    replace(T5, title="mT5", model_types=("mt5",), owners={"mt5-": "google"},
            find_prefix=_no_prefix),
    Family("UMT5", ("umt5",), 3e-4, {"umt5-": "google"}, objective="span_corruption",
           has_relative_positions=True, has_plain_output_layer=True, scales_outputs_always=True),
    Family("LongT5", ("longt5",), 3e-4, {"long-t5-": "google"}, has_plain_output_layer=True),
    Family("Switch Transformers", ("switch_transformers",), 3e-4, objective="span_corruption"),
    Family("T5Gemma", ("t5gemma",), 3e-4, {"t5gemma-": "google"}),
    Family("T5Gemma 2", ("t5gemma2",), 3e-4, {"t5gemma-2-": "google"}),
    Family("BART", ("bart",), 3e-5, {"bart-": "facebook"}, objective="text_infilling",
           ctranslate2_fields=_layer_norm(before=False, of_embeddings=True)),
    Family("Pegasus", ("pegasus",), 3e-5, {"pegasus-": "google"},
           ctranslate2_fields=_layer_norm(before=True, of_embeddings=False)),
    Family("LED", ("led",), 3e-5),
    Family("Blenderbot", ("blenderbot",), 3e-5),
    Family("Pegasus-X", ("pegasus_x",), 3e-5),
    Family("Marian", ("marian",), 5e-5, {"opus-mt-": "Helsinki-NLP"}, tag=">>{}<<",
           starts_from_padding=True, objective="text_infilling"),
    Family("mBART", ("mbart",), 3e-5, {"mbart-": "facebook"}, has_language_tokens=True,
           starts_from_last_label=True, objective="text_infilling",
           ctranslate2_fields=_layer_norm(before=True, of_embeddings=True)),
    Family("M2M100 or NLLB", ("m2m_100",), 3e-5, dict.fromkeys(("m2m100", "nllb-"), "facebook"),
           has_language_tokens=True, has_plain_output_layer=True),
    # tests/unit/models/test_corrections.py shows it, and fails when it is mended.
    Family("NLLB-MoE", ("nllb-moe",), fault="which Transformers 5.23 computes with its first two "
           "experts alone, whichever its routers choose"),
)  # fmt: skip


def find_family(model_type: str) -> Family:
    """Return the family of a `config.model_type`; unknown types get one with careful defaults."""
    return next((family for family in FAMILIES if model_type in family.model_types), OTHER)


def find_owner(name: str) -> str | None:
    """Return the owner on the hub of models whose names begin like this one."""
    owners = (item for family in FAMILIES for item in family.owners.items())
    return next((owner for beginning, owner in owners if name.startswith(beginning)), None)


def is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Return whether tokens are bytes, as ByT5's are."""
    return "ByT5" in type(tokenizer).__name__


def default_prefix(
    model_type: str,
    task: str,
    source_lang: str | None,
    target_lang: str | None,
    *,
    is_byte_level: bool,
) -> str:
    """Return the prefix that a pretrained model knows the task by, or an empty string.

    The configuration of a ByT5 says that it is a T5, but it was trained without prefixes.
    """
    if is_byte_level:
        return ""
    return find_family(model_type).find_prefix(task, source_lang, target_lang)


def find_tag(
    model_type: str, tokenizer: PreTrainedTokenizerBase, task: str, target_lang: str | None
) -> str:
    """Return the prefix that names the target language, such as `>>deu<< `; empty without one.

    Of the models of Marian and T5, those that translate into several languages have such tokens.
    """
    before, _, after = find_family(model_type).tag.partition("{}")
    if not before or task != "translation" or target_lang is None:
        return ""
    codes = {
        token[len(before) : -len(after)]
        for token in tokenizer.get_vocab()
        if token.startswith(before) and token.endswith(after)
    }
    code = _find_same(target_lang, codes)
    return "" if code is None else f"{before}{code}{after} "


def choose_prefix(
    model_type: str,
    tokenizer: PreTrainedTokenizerBase,
    task: str,
    source_lang: str | None,
    target_lang: str | None,
) -> str:
    """Return what a pretrained model needs before every source."""
    return find_tag(model_type, tokenizer, task, target_lang) or default_prefix(
        model_type, task, source_lang, target_lang, is_byte_level=is_byte_level(tokenizer)
    )


def was_trained_with_prefixes(config: PreTrainedConfig, *, is_byte_level: bool) -> bool:
    """Return whether a model is the original T5, or was fine-tuned from it in an unknown way.

    Its configuration lists the prefixes among `task_specific_params`; some copies lack the list and
    have the size of its vocabulary. T5 1.1 and Flan-T5 have gated layers and were trained without
    prefixes, or with instructions in many wordings.
    """
    has_prefixes = find_family(config.model_type).has_prefixes
    if not has_prefixes or is_byte_level or getattr(config, "is_gated_act", False):
        return False
    tasks = getattr(config, "task_specific_params", None) or {}
    names_prefixes = any("prefix" in task for task in tasks.values() if isinstance(task, dict))
    return names_prefixes or config.vocab_size == T5_VOCAB_SIZE


def begin_texts(
    model_type: str,
    tokenizer: PreTrainedTokenizerBase,
    source_lang: str | None,
    target_lang: str | None,
) -> Beginning:
    """Tell a tokenizer its languages, and return how the model begins a text in the target's.

    For a family without tokens of languages there is nothing to tell.

    Raises:
        T5TuneError: A language is missing or unknown to the tokenizer.
    """
    family = find_family(model_type)
    if not family.has_language_tokens:
        return OWN
    language = set_languages(tokenizer, source_lang, target_lang)
    if family.starts_from_last_label and tokenizer(text_target="")["input_ids"][-1] == language:
        return Beginning(decoder_start_token_id=language)
    return Beginning(forced_bos_token_id=language)


def set_languages(
    tokenizer: PreTrainedTokenizerBase, source_lang: str | None, target_lang: str | None
) -> int:
    """Tell the tokenizer of an mBART, M2M100 or NLLB model its languages.

    They are codes of the tokenizer or of ISO 639-1. The id of the target language's token is
    returned.

    Raises:
        T5TuneError: A language is missing or unknown to the tokenizer.
    """
    codes = find_language_codes(tokenizer)
    source = find_code(source_lang, codes, "source_lang")
    target = find_code(target_lang, codes, "target_lang")
    tokenizer.src_lang = source
    tokenizer.tgt_lang = target
    return codes[target]


def find_language_codes(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Return the codes of a tokenizer's languages, and the ids of their tokens."""
    tokens: dict[str, str] = getattr(tokenizer, "lang_code_to_token", None) or {}
    if tokens:  # M2M100: en -> __en__
        return {code: int(tokenizer.convert_tokens_to_ids(t)) for code, t in tokens.items()}
    known = getattr(tokenizer, "lang_code_to_id", None) or {}
    vocabulary = tokenizer.get_vocab()
    special = set(tokenizer.all_special_tokens) | set(tokenizer.get_added_vocab())
    named = [token for token in special if "_" in token and token in vocabulary]
    return {**known, **{token: vocabulary[token] for token in named}}


def find_code(language: str | None, codes: Mapping[str, int], key: str) -> str:
    """Return the code of a language in a tokenizer, which may be spelled in another way.

    Args:
        language: Language as in a recipe.
        codes: Result of `find_language_codes`.
        key: Key of the recipe that names it.

    Raises:
        T5TuneError: It is missing or unknown to the tokenizer.
    """
    if language is None:
        raise T5TuneError(
            f"{key}: this model needs to know the language.",
            next_command=f"add `{key}:` to the recipe, for example {next(iter(codes), 'en')}",
        )
    if (same := _find_same(language, codes)) is not None:
        return same
    raise T5TuneError(
        f"{key}: the model does not know the language {language}{did_you_mean(language, codes)}",
        next_command=f"use one of the model's codes: {', '.join(sorted(codes)[:12])} …",
    )


def _find_same(language: str, codes: Collection[str]) -> str | None:
    """Return the code of a language in another spelling; None if there is none."""
    if language in codes:
        return language
    same = sorted(code for code in codes if short_code(code) == short_code(language))
    # Akan and Twi are both "ak": the spelling of the request decides.
    return min(same, key=lambda code: not code.startswith(f"{language}_"), default=None)
