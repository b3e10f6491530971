"""What each model family needs: prefixes, language codes, learning rate, precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from t5tune.errors import T5TuneError, did_you_mean

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

# Languages of T5's supervised translation tasks (Raffel et al. 2020, section 2.3).
T5_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "ro": "Romanian"}

T5_VOCAB_SIZE = 32128  # of the original one, its padding counted

# ISO 639-1 to the ISO 639-3 codes of NLLB's language tokens (NLLB Team 2022, table 1).
ISO_639_3 = {
    "ar": "arb", "bg": "bul", "bn": "ben", "ca": "cat", "cs": "ces", "da": "dan", "de": "deu",
    "el": "ell", "en": "eng", "es": "spa", "et": "est", "fa": "pes", "fi": "fin", "fr": "fra",
    "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn",
    "ka": "kat", "ko": "kor", "lt": "lit", "lv": "lvs", "nl": "nld", "no": "nob", "pl": "pol",
    "pt": "por", "ro": "ron", "ru": "rus", "sk": "slk", "sl": "slv", "sv": "swe", "sw": "swh",
    "ta": "tam", "th": "tha", "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie", "zh": "zho",
}  # fmt: skip


@dataclass(frozen=True)
class Family:
    """What sets a family apart.

    Attributes:
        name: Of the family.
        learning_rate: Peak for fine-tuning with AdamW: T5's from Hugging Face's T5 page
            ("1e-4 and 3e-4 work well"), BART's and Marian's from their fine-tuning papers.
        has_language_tokens: Source and target language are told by tokens (mBART, M2M100,
            NLLB), the target's as the first generated token.
        fp16_is_safe: T5's activations overflow in fp16.
    """

    name: str
    learning_rate: float
    has_language_tokens: bool = False
    fp16_is_safe: bool = False


T5 = Family("t5", 3e-4)
BART = Family("bart", 3e-5, fp16_is_safe=True)
MULTILINGUAL = Family("multilingual", 3e-5, has_language_tokens=True, fp16_is_safe=True)
MARIAN = Family("marian", 5e-5, fp16_is_safe=True)
OTHER = Family("other", 5e-5)

FAMILIES = {
    "t5": T5, "mt5": T5, "umt5": T5, "longt5": T5, "switch_transformers": T5, "t5gemma": T5,
    "bart": BART, "pegasus": BART, "led": BART, "blenderbot": BART, "pegasus_x": BART,
    "mbart": MULTILINGUAL, "m2m_100": MULTILINGUAL, "nllb-moe": MULTILINGUAL, "marian": MARIAN,
}  # fmt: skip


def find_family(model_type: str) -> Family:
    """The family of a `config.model_type`; one with careful defaults for unknown types."""
    return FAMILIES.get(model_type, OTHER)


def default_prefix(
    model_type: str,
    task: str,
    source_lang: str | None,
    target_lang: str | None,
    *,
    is_byte_level: bool,
) -> str:
    """The prefix that a pretrained model knows the task by, or an empty string.

    Only the original T5 saw prefixes while it was trained; mT5 and ByT5 did not
    (Xue et al. 2021, 2022).
    """
    if model_type != "t5" or is_byte_level:
        return ""
    if task == "summarization":
        return "summarize: "
    source = T5_LANGUAGES.get(source_lang or "")
    target = T5_LANGUAGES.get(target_lang or "")
    if task == "translation" and source and target:
        return f"translate {source} to {target}: "
    return ""


def was_trained_with_prefixes(config: PreTrainedConfig, *, is_byte_level: bool) -> bool:
    """Whether a model is the original T5, or was fine-tuned from it and does not say how.

    Its configuration lists the prefixes among `task_specific_params`; some copies lack the list and
    have the size of its vocabulary. T5 1.1 and Flan-T5 have gated layers and were trained without
    prefixes, or with instructions in many wordings.
    """
    if config.model_type != "t5" or is_byte_level or getattr(config, "is_gated_act", False):
        return False
    tasks = getattr(config, "task_specific_params", None) or {}
    has_prefixes = any("prefix" in task for task in tasks.values() if isinstance(task, dict))
    return has_prefixes or config.vocab_size == T5_VOCAB_SIZE


def set_languages(
    tokenizer: PreTrainedTokenizerBase, source_lang: str | None, target_lang: str | None
) -> int | None:
    """Tell a multilingual tokenizer its languages.

    Args:
        tokenizer: Of an mBART, M2M100 or NLLB model.
        source_lang: A code of the tokenizer, or an ISO 639-1 code.
        target_lang: The same for the target.

    Returns:
        The id of the target-language token, which generation has to begin with.

    Raises:
        T5TuneError: A language is missing or unknown to the tokenizer.
    """
    codes = _language_codes(tokenizer)
    source = _find_code(source_lang, codes, "source_lang")
    target = _find_code(target_lang, codes, "target_lang")
    tokenizer.src_lang = source
    tokenizer.tgt_lang = target
    return codes[target]


def _language_codes(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Language codes and the ids of their tokens."""
    tokens: dict[str, str] = getattr(tokenizer, "lang_code_to_token", None) or {}
    if tokens:  # M2M100: en -> __en__
        return {code: int(tokenizer.convert_tokens_to_ids(t)) for code, t in tokens.items()}
    known = getattr(tokenizer, "lang_code_to_id", None)
    if known:
        return dict(known)
    vocabulary = tokenizer.get_vocab()
    special = set(tokenizer.all_special_tokens) | set(tokenizer.get_added_vocab())
    return {token: vocabulary[token] for token in special if "_" in token and token in vocabulary}


def _find_code(language: str | None, codes: dict[str, int], key: str) -> str:
    if language is None:
        raise T5TuneError(
            f"{key}: this model needs to know the language.",
            next_command=f"add `{key}:` to the recipe, for example {next(iter(codes), 'en')}",
        )
    if language in codes:
        return language
    starts = (f"{language}_", f"{ISO_639_3.get(language, language)}_")
    for code in sorted(codes):
        if code.startswith(starts):
            return code
    raise T5TuneError(
        f"{key}: the model knows no language {language}{did_you_mean(language, codes)}",
        next_command=f"use one of the model's codes: {', '.join(sorted(codes)[:12])} …",
    )
