"""Decoding with torch and `generate`, for every model that Transformers has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from t5tune.data.encoding import TokenSequences, encode_texts, pad_sequences
from t5tune.decoding.translator import DecodingOptions, Hypothesis

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_BATCH_SIZE = 256  # hypotheses in flight: past this the cache grows and nothing gets faster


class TorchTranslator:
    """Greedy or beam search in the model's own precision.

    Args:
        model: An encoder-decoder model; its mode (training or evaluation) is kept.
        tokenizer: Of the model.
        prefix: Text before every source.
        max_source_length: In tokens; longer sources are cut.
        forced_bos_token_id: First generated token of multilingual models.

    Attributes:
        num_truncated: Sources of the last call that were cut to `max_source_length`.
    """

    engine = "torch"

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        prefix: str = "",
        max_source_length: int | None = None,
        forced_bos_token_id: int | None = None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.prefix = prefix
        self.max_source_length = max_source_length
        self.forced_bos_token_id = forced_bos_token_id
        self.num_truncated = 0

    def translate(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[Hypothesis]:
        """See `Translator.translate`. Hypotheses do not depend on the order of the sources."""
        sequences = self.encode(sources)
        hypotheses: dict[int, Hypothesis] = {}
        with self.evaluation_mode():
            for batch in form_batches(sequences, options):
                found = self.translate_batch(sequences, batch, options)
                hypotheses.update(zip(batch, found, strict=True))
                if on_progress is not None:
                    on_progress(len(batch))
        return [hypotheses[index] for index in range(len(sources))]

    def encode(self, sources: Sequence[str]) -> TokenSequences:
        """Token ids of the sources, prefix included; sets `num_truncated`."""
        texts = [self.prefix + source for source in sources]
        encoded, self.num_truncated = encode_texts(
            texts, self.tokenizer, max_length=self.max_source_length
        )
        return TokenSequences(encoded)

    @contextmanager
    def evaluation_mode(self) -> Iterator[None]:
        """Without dropout while the block runs."""
        was_training = self.model.training
        self.model.eval()
        try:
            yield
        finally:
            self.model.train(was_training)

    @torch.inference_mode()
    def translate_batch(
        self, sequences: TokenSequences, batch: Sequence[int], options: DecodingOptions
    ) -> list[Hypothesis]:
        """Hypotheses of the sequences with these indices, in their order."""
        pad_id = int(self.tokenizer.pad_token_id)
        input_ids = pad_sequences([sequences[i] for i in batch], pad_id)
        lengths = torch.tensor([int(sequences.lengths[i]) for i in batch])
        attention_mask = (torch.arange(input_ids.shape[1])[None, :] < lengths[:, None]).long()
        device = self.model.device
        generated = self.model.generate(
            input_ids=input_ids.to(device),
            attention_mask=attention_mask.to(device),
            **self._generation_arguments(options),
        )
        return self._read_hypotheses(generated.cpu(), options.max_new_tokens)

    def _generation_arguments(self, options: DecodingOptions) -> dict[str, object]:
        arguments: dict[str, object] = {
            "num_beams": options.num_beams,
            "max_new_tokens": options.max_new_tokens,
            "do_sample": False,
            "no_repeat_ngram_size": options.no_repeat_ngram_size,
        }
        if options.num_beams > 1:
            arguments["length_penalty"] = options.length_penalty
            arguments["early_stopping"] = False
        if self.forced_bos_token_id is not None:
            arguments["forced_bos_token_id"] = self.forced_bos_token_id
        return arguments

    def _read_hypotheses(self, generated: torch.Tensor, limit: int) -> list[Hypothesis]:
        """From token ids, shape (batch_size, 1 + generated), to texts.

        The first column is the decoder's start token. A row without an end of sequence was
        cut off at the limit.
        """
        rows = generated[:, 1:].tolist()
        texts = self.tokenizer.batch_decode(
            rows, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        eos_id = int(self.tokenizer.eos_token_id)
        hypotheses = []
        for row, text in zip(rows, texts, strict=True):
            finished = eos_id in row
            num_tokens = row.index(eos_id) + 1 if finished else len(row)
            # One line in, one line out: a generated line break is a blank.
            line = " ".join(text.split("\n")).strip()
            reached = not finished and num_tokens >= limit
            hypotheses.append(Hypothesis(line, num_tokens, reached))
        return hypotheses


def form_batches(sequences: TokenSequences, options: DecodingOptions) -> Iterator[list[int]]:
    """Indices of each batch, longest first, so that memory runs out at once or never."""
    order = sequences.lengths.argsort(kind="stable")[::-1].tolist()
    start = 0
    while start < len(order):
        width = max(int(sequences.lengths[order[start]]), 1) * options.num_beams
        size = min(max(options.tokens_per_batch // width, 1), MAX_BATCH_SIZE)
        yield order[start : start + size]
        start += size
