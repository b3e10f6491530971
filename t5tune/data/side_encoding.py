"""The tokens of one side, as a tokenizer gives them and as an encoder-decoder model needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
