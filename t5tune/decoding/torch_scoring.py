"""Log-probabilities of given targets with torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from t5tune.data.encoding import encode_texts, pad_sequences
from t5tune.data.token_sequences import TokenSequences
from t5tune.data.truncation import count_added_at_end
from t5tune.decoding.scored_pairs import ScoredPair, TargetFrame, frame_targets
from t5tune.decoding.source_batches import form_pair_batches
from t5tune.models.generation import find_start, read_needs
from t5tune.models.positions import find_positions

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from t5tune.models.input_settings import InputSettings

MAX_LOGITS = 1 << 26  # numbers in the logits of a batch: 256 MB in float32


@dataclass(frozen=True)
class EncodedPairs:
    """Pairs as token ids.

    Attributes:
        sources: Tokens of each source, prefix included.
        targets: Tokens of each target in its frame.
        sources_cut: Whether each source was too long.
        targets_cut: Whether each target was too long.
        start: Token that the decoder starts from.
        num_told: Number of the first tokens of a target that the model is told.
        pad_id: Token that pads both sides.
        vocabulary: Number of tokens that the model chooses from.
    """

    sources: TokenSequences
    targets: TokenSequences
    sources_cut: list[bool]
    targets_cut: list[bool]
    start: int
    num_told: int
    pad_id: int
    vocabulary: int

    def form_batches(self, tokens_per_batch: int) -> Iterator[list[int]]:
        """Yield the indices of each batch; memory limits the logits of its targets."""
        lengths = self.sources.lengths.tolist(), self.targets.lengths.tolist()
        return form_pair_batches(*lengths, tokens_per_batch, MAX_LOGITS // self.vocabulary)

    def describe(
        self, index: int, found: Sequence[float], tokenizer: PreTrainedTokenizerBase
    ) -> ScoredPair:
        """Return a pair with the log-probabilities of all of its target's tokens."""
        tokens = tokenizer.convert_ids_to_tokens(self.targets[index].tolist())
        return ScoredPair(
            tuple(map(str, tokens[self.num_told :])),
            tuple(found[self.num_told :]),
            self.sources_cut[index],
            self.targets_cut[index],
        )


def find_frame(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, forced_bos_token_id: int | None
) -> TargetFrame:
    """Return what surrounds a target in what this model generates."""

    def encode(texts: list[str]) -> list[list[int]]:
        return encode_texts(texts, tokenizer, max_length=None, as_target=True)[0]

    end = read_needs(model.generation_config, model.config).get("eos_token_id")
    if not isinstance(end, int):  # T5Gemma has two
        end = tokenizer.eos_token_id
    return frame_targets(
        encode([""])[0],
        count_added_at_end(encode),
        forced_bos_token_id,
        int(end),
        find_positions(model.config, "decoder"),
    )


def find_start_token(model: PreTrainedModel, settings: InputSettings) -> int:
    """Return the token that the decoder starts from."""
    if settings.decoder_start_token_id is not None:
        return settings.decoder_start_token_id
    needs = read_needs(model.generation_config, model.config)
    return int(needs[find_start(needs)])


def encode_targets(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Return the tokens of each target without special ones around them."""
    if not texts:
        return []
    found: list[list[int]] = tokenizer(
        text_target=list(texts), add_special_tokens=False, verbose=False
    )["input_ids"]
    return found


def encode_pairs(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    settings: InputSettings,
    sources: Sequence[str],
    targets: Sequence[str],
) -> EncodedPairs:
    """Encode pairs as the model reads and generates them."""
    frame = find_frame(model, tokenizer, settings.forced_bos_token_id)
    texts, limit = settings.add_prefix(sources), settings.max_source_length
    encoded, _ = encode_texts(texts, tokenizer, max_length=None)
    are_cut = [limit is not None and len(ids) > limit for ids in encoded]
    if any(are_cut):
        encoded, _ = encode_texts(texts, tokenizer, max_length=limit)
    framed = [frame.surround(ids) for ids in encode_targets(targets, tokenizer)]
    return EncodedPairs(
        TokenSequences(encoded),
        TokenSequences([ids for ids, _ in framed]),
        are_cut,
        [is_cut for _, is_cut in framed],
        find_start_token(model, settings),
        frame.num_told,
        int(tokenizer.pad_token_id),
        int(model.get_output_embeddings().weight.shape[0]),
    )


@torch.inference_mode()
def score_batch(
    model: PreTrainedModel, pairs: EncodedPairs, batch: Sequence[int]
) -> list[list[float]]:
    """Return the log-probability of every token of the targets of a batch.

    The model is in evaluation mode.
    """
    sources, targets = pairs.sources, pairs.targets
    device = model.device
    input_ids = pad_sequences([sources[i] for i in batch], pairs.pad_id).to(device)
    labels = pad_sequences([targets[i] for i in batch], pairs.pad_id).to(device)
    lengths = torch.tensor([int(sources.lengths[i]) for i in batch], device=device)
    positions = torch.arange(input_ids.shape[1], device=device)
    decoder_input_ids = labels.roll(1, dims=1)
    decoder_input_ids[:, 0] = pairs.start
    logits = model(
        input_ids=input_ids,
        attention_mask=(positions[None, :] < lengths[:, None]).long(),
        decoder_input_ids=decoder_input_ids,
        use_cache=False,
    ).logits.float()
    chosen = logits.gather(-1, labels[..., None]).squeeze(-1) - logits.logsumexp(-1)
    rows = chosen.tolist()
    return [row[: int(targets.lengths[i])] for row, i in zip(rows, batch, strict=True)]
