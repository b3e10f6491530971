"""The tokens of one side, as a tokenizer gives them and as an encoder-decoder model needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ENDS_TARGETS = "ends_targets"  # in tokenizer_config.json, which a run keeps


def end_targets(tokenizer: PreTrainedTokenizerBase) -> None:
    """Let targets end, and begin with their first word, where a tokenizer sees to neither.

    T5Gemma's is that of Gemma, a decoder: it begins every text and ends none. Trained on such
    targets a model would not learn when to stop. Its sources stay as in its pretraining. Blenderbot
    has an end on both sides, which Transformers 5 leaves out without a tokenizer.json. A run that
    began without this goes on without.
    """
    kind = type(tokenizer).__name__
    is_blenderbot = kind == "BlenderbotTokenizer"
    if not is_blenderbot and "Gemma" not in kind:  # M2M100's has no targets without languages
        return
    if tokenizer.eos_token_id in tokenizer(text_target="")["input_ids"]:
        return
    if is_blenderbot:
        tokenizer.add_eos_token = True
    else:
        tokenizer.init_kwargs[ENDS_TARGETS] = True


def has_own_targets(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Return whether targets have a vocabulary of their own, as MarianTokenizer can have it."""
    return bool(getattr(tokenizer, "separate_vocabs", False))


def choose_side(tokenizer: PreTrainedTokenizerBase, *, as_target: bool) -> PreTrainedTokenizerBase:
    """Return a tokenizer that lists, names and spells the tokens of one side.

    It is the tokenizer itself, unless each side has its own vocabulary: MarianTokenizer then lists
    the tokens of sources, and names and spells those of targets, whichever ids it is given.
    """
    if not has_own_targets(tokenizer):
        return tokenizer
    parts: dict[str, Any] = {**vars(tokenizer), "separate_vocabs": False}
    if as_target:
        parts["encoder"] = parts["current_encoder"] = parts["target_encoder"]
        parts["spm_source"] = parts["current_spm"] = parts["spm_target"]
        parts["total_vocab_size"] = 0  # counted again when it is asked for
    else:
        parts["decoder"] = {number: token for token, number in parts["encoder"].items()}
        parts["spm_target"] = parts["spm_source"]
    # Not `copy`, which reads the files again that the tokenizer was made from.
    side: PreTrainedTokenizerBase = object.__new__(type(tokenizer))
    vars(side).update(parts)
    return side


def encode_side(
    texts: list[str], tokenizer: PreTrainedTokenizerBase, *, as_target: bool
) -> list[list[int]]:
    """Return the token ids of each text, of any length."""
    # Long sequences are cut later: without verbose=False the tokenizer would warn of them.
    if as_target and tokenizer.init_kwargs.get(ENDS_TARGETS, False):
        bare = tokenizer(text_target=texts, add_special_tokens=False, verbose=False)["input_ids"]
        return [[*ids, int(tokenizer.eos_token_id)] for ids in bare]
    side = "text_target" if as_target else "text"
    found: list[list[int]] = tokenizer(**{side: texts}, verbose=False)["input_ids"]
    return found
