"""Decoding with torch and `generate`, for every encoder-decoder model of Transformers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TypeVar

import torch

from t5tune.data.encoding import encode_texts, pad_sequences
from t5tune.data.token_sequences import TokenSequences
from t5tune.decoding.engines import TORCH, TORCH_BF16
from t5tune.decoding.scored_pairs import TOKENS_PER_BATCH, ScoredPair, check_pairs
from t5tune.decoding.search import build_generation_config, generating_with
from t5tune.decoding.source_batches import form_batches
from t5tune.decoding.torch_scoring import encode_pairs, score_batch
from t5tune.decoding.translator import (
    DecodingOptions,
    Hypothesis,
    OnProgress,
    SearchingTranslator,
    build_hypothesis,
)
from t5tune.distributed.launch_environment import Place
from t5tune.distributed.processes import broadcast_result, gather, place
from t5tune.models.families import begin_texts
from t5tune.models.generation import read_needs
from t5tune.models.input_settings import OWN, InputSettings
from t5tune.models.positions import count_positions

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

T = TypeVar("T")

SCORED_TOGETHER = 16  # hypotheses; their logits over the full vocabulary are in memory at once


class TorchTranslator(SearchingTranslator):
    """Translator that searches greedily or with beams in the model's own precision.

    Hypotheses depend neither on the order of the sources nor on the number of processes that share
    them: the batches, and with them the padding of a source, are formed from all sources.

    The model's mode (training or evaluation) is kept. If the settings name no first token, the one
    in the model's generation configuration is used. Sources are cut to the positions that the model
    has, if these are fewer than the settings allow.
    """

    engine = TORCH

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        settings: InputSettings | None = None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        settings = settings or InputSettings()
        if settings.beginning == OWN:
            forced = model.generation_config.forced_bos_token_id
            settings = replace(settings, forced_bos_token_id=forced)
        positions, limit = count_positions(model), settings.max_source_length
        if positions is not None and limit is not None and limit > positions:
            settings = replace(settings, max_source_length=positions)
        self.settings = settings
        self.num_truncated = 0
        self._is_distributed = False

    def distributed(self) -> TorchTranslator:
        """Return a copy that deals its batches out among all processes.

        Each has the same full model, calls the copy with the same arguments and gets all
        hypotheses. `on_progress` is called in all of them equally often.
        """
        distributed = copy.copy(self)
        distributed._is_distributed = True
        return distributed

    def use_direction(self, source_lang: str | None, target_lang: str | None) -> None:
        super().use_direction(source_lang, target_lang)
        if any(one.has_tokens for one in self.settings.directions):
            chosen = self.settings.choose(source_lang, target_lang)
            model_type, languages = self.model.config.model_type, chosen.languages
            beginning = begin_texts(model_type, self.tokenizer, *languages)
            self.settings = replace(self.settings, **asdict(beginning))

    @property
    def max_source_length(self) -> int | None:
        return self.settings.max_source_length

    def use_bf16(self) -> None:
        """Compute in bfloat16 from now on; the weights are rounded permanently."""
        self.model.bfloat16()
        self.engine = TORCH_BF16

    def _search(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: OnProgress,
        *,
        with_scores: bool,
    ) -> list[list[Hypothesis]]:
        def encode() -> tuple[TokenSequences, int]:
            return self.encode(sources), self.num_truncated

        sequences, self.num_truncated = self._once(encode)
        batches = list(form_batches(sequences.lengths.tolist(), options))
        return self._deal(
            batches,
            lambda batch: self._translate_batch(sequences, batch, options, with_scores),
            on_progress,
        )

    def _once(self, encode: Callable[[], T]) -> T:
        """Return the result of a function that one process calls for all."""
        return broadcast_result(encode) if self._is_distributed else encode()

    def _deal(
        self,
        batches: Sequence[list[int]],
        compute: Callable[[list[int]], Sequence[T]],
        on_progress: OnProgress,
    ) -> list[T]:
        """Compute each batch in one of the processes; return all results by their indices."""
        here = place() if self._is_distributed else Place()
        own: dict[int, T] = {}
        with self.evaluation_mode():
            for start in range(0, len(batches), here.num_processes):
                dealt = batches[start : start + here.num_processes]
                for batch in dealt[here.rank : here.rank + 1]:
                    own.update(zip(batch, compute(batch), strict=True))
                if on_progress is not None:
                    on_progress(sum(map(len, dealt)))
        shares = gather(own) if self._is_distributed else [own]
        results = {index: found for share in shares for index, found in share.items()}
        return [results[index] for index in sorted(results)]

    def score_pairs(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        on_progress: OnProgress = None,
        *,
        tokens_per_batch: int = TOKENS_PER_BATCH,
    ) -> list[ScoredPair]:
        check_pairs(sources, targets)
        pairs = self._once(
            lambda: encode_pairs(self.model, self.tokenizer, self.settings, sources, targets)
        )
        scored = self._deal(
            list(pairs.form_batches(tokens_per_batch)),
            lambda batch: score_batch(self.model, pairs, batch),
            on_progress,
        )
        self.num_truncated = sum(pairs.sources_cut)
        return [pairs.describe(index, found, self.tokenizer) for index, found in enumerate(scored)]

    def encode(self, sources: Sequence[str]) -> TokenSequences:
        """Return token ids of the sources, prefix included, and set `num_truncated`."""
        texts = self.settings.add_prefix(sources)
        encoded, self.num_truncated = encode_texts(
            texts, self.tokenizer, max_length=self.max_source_length
        )
        return TokenSequences(encoded)

    def count_tokens(self, sources: Sequence[str]) -> list[int]:
        texts = self.settings.add_prefix(sources)
        return [len(ids) for ids in encode_texts(texts, self.tokenizer, max_length=None)[0]]

    @contextmanager
    def evaluation_mode(self) -> Iterator[None]:
        """Turn dropout off while the block runs."""
        was_training = self.model.training
        self.model.eval()
        try:
            yield
        finally:
            self.model.train(was_training)

    @torch.inference_mode()
    def _translate_batch(
        self,
        sequences: TokenSequences,
        batch: Sequence[int],
        options: DecodingOptions,
        with_scores: bool,
    ) -> list[list[Hypothesis]]:
        """Return `num_hypotheses` hypotheses for each sequence of the batch, in its order."""
        pad_id = int(self.tokenizer.pad_token_id)
        input_ids = pad_sequences([sequences[i] for i in batch], pad_id)
        lengths = torch.tensor([int(sequences.lengths[i]) for i in batch])
        attention_mask = (torch.arange(input_ids.shape[1])[None, :] < lengths[:, None]).long()
        device = self.model.device
        input_ids, attention_mask = input_ids.to(device), attention_mask.to(device)
        search = build_generation_config(self.model, options, self.settings.beginning)
        with generating_with(self.model, search):
            generated = self.model.generate(input_ids=input_ids, attention_mask=attention_mask)
        hypotheses = self._read_hypotheses(generated.cpu(), options.max_new_tokens)
        num = options.num_hypotheses
        if with_scores:
            inputs = (input_ids.repeat_interleave(num, 0), attention_mask.repeat_interleave(num, 0))
            scores = self._log_probabilities(*inputs, generated, hypotheses)
            hypotheses = [
                replace(found, score=score / found.num_tokens**options.length_penalty)
                for found, score in zip(hypotheses, scores, strict=True)
            ]
        return [hypotheses[i : i + num] for i in range(0, len(hypotheses), num)]

    def _log_probabilities(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        generated: torch.Tensor,
        hypotheses: Sequence[Hypothesis],
    ) -> list[float]:
        """Return the log-probability of each hypothesis, without a forced first token.

        It is computed again, because `generate` would keep the logits of every step and beam.

        Args:
            input_ids: Token ids of the sources, shape (num_hypotheses, source_length).
            attention_mask: Mask of the same shape, 0 for padding.
            generated: Token ids with the start token, shape (num_hypotheses, 1 + length).
            hypotheses: Hypotheses, whose `num_tokens` tell how many of these tokens count.
        """
        counts = torch.tensor([found.num_tokens for found in hypotheses]).to(generated.device)
        positions = torch.arange(generated.shape[1] - 1, device=generated.device)
        counted = positions[None, :] < counts[:, None]
        if self.settings.forced_bos_token_id is not None:
            counted[:, 0] = False
        totals: list[float] = []
        for start in range(0, len(hypotheses), SCORED_TOGETHER):
            part = slice(start, start + SCORED_TOGETHER)
            logits = self.model(
                input_ids=input_ids[part],
                attention_mask=attention_mask[part],
                decoder_input_ids=generated[part, :-1],
            ).logits
            chosen = generated[part, 1:, None]
            of_tokens = logits.float().log_softmax(-1).gather(-1, chosen).squeeze(-1)
            totals += of_tokens.masked_fill(~counted[part], 0.0).sum(-1).tolist()
        return totals

    def _read_hypotheses(self, generated: torch.Tensor, limit: int) -> list[Hypothesis]:
        """Return the hypotheses for token ids of shape (batch_size, 1 + generated).

        The first column is the decoder's start token. A row without an end of sequence was
        cut off at the limit.
        """
        rows = generated[:, 1:].tolist()
        texts = self.tokenizer.batch_decode(
            rows, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        needs = read_needs(self.model.generation_config, self.model.config)
        end = needs.get("eos_token_id", self.tokenizer.eos_token_id)
        ends = set(end) if isinstance(end, list) else {end}  # T5Gemma has two
        hypotheses = []
        for row, text in zip(rows, texts, strict=True):
            length = next((i for i, token in enumerate(row, start=1) if token in ends), None)
            hypotheses.append(
                build_hypothesis(text, length or len(row), limit, is_finished=length is not None)
            )
        return hypotheses
