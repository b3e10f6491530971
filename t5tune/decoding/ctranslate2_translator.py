"""Decoding with CTranslate2: several times as fast on a CPU, for the families that it supports."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any

from t5tune.data.truncation import shorten_all
from t5tune.decoding.ctranslate2_device import check_availability, count_gpus
from t5tune.decoding.ctranslate2_workers import Workers
from t5tune.decoding.export.settings import (
    Export,
    Turn,
    read_vocabularies,
    refuse_export,
    remake_command,
)
from t5tune.decoding.export.tokenization import load_tokenization
from t5tune.decoding.scored_pairs import (
    TOKENS_PER_BATCH,
    ScoredPair,
    TargetFrame,
    check_pairs,
)
from t5tune.decoding.source_batches import form_batches, form_pair_batches
from t5tune.decoding.translator import (
    DecodingOptions,
    Hypothesis,
    OnProgress,
    SearchingTranslator,
    build_hypothesis,
)
from t5tune.distributed.launch_environment import threads_per_process
from t5tune.errors import T5TuneError
from t5tune.run.manifest import blaming_damage, find_damage

CHUNK = 2000  # texts in one call of the tokenizer
BATCHES_PER_WORKER = 4  # for a short input, so that workers finish at about the same time


class CTranslate2Translator(SearchingTranslator):
    """Translator that decodes an exported model with greedy or beam search.

    Attributes:
        num_batches: Number of batches that a short input becomes; None for as many as all workers
            need to finish at about the same time.

    Raises:
        T5TuneError: This machine lacks the export's quantization, or its files are damaged.
    """

    num_batches: int | None = None

    def __init__(self, export: Export) -> None:
        check_availability(export.settings.quantization)
        settings = export.settings
        self.engine = export.engine
        self.num_truncated = 0
        self.max_source_length = settings.max_source_length
        self.settings = settings.input
        self._directory = export.path
        self._settings = settings
        blaming_files = partial(
            blaming_damage,
            partial(find_damage, export.path),
            partial(refuse_export, export.path),
        )
        self._workers = Workers(export.path, settings.quantization, count_workers(), blaming_files)
        with blaming_files():
            self._tokenization = load_tokenization(export.path, settings.tokenization)
            self._source_tokens, self._tokens = read_vocabularies(export.path)
        self._ids = {token: number for number, token in enumerate(self._tokens)}
        self._eos = self._tokens[settings.eos_token_id]
        self._targets = settings.targets

    def use_direction(self, source_lang: str | None, target_lang: str | None) -> None:
        if not self._settings.speaks(source_lang, target_lang):
            own = self.settings.directions[0]
            raise T5TuneError(
                f"{self._directory} translates only from {own}: an earlier version made it.",
                next_command=remake_command(self._directory),
            )
        super().use_direction(source_lang, target_lang)
        if not self._settings.turns:
            return
        place = self.settings.directions.index(self.settings.choose(source_lang, target_lang))
        turn = Turn(**self._settings.turns[place])
        self._targets = turn.targets
        self.settings = replace(
            self.settings,
            forced_bos_token_id=turn.forced_bos_token_id,
            decoder_start_token_id=turn.decoder_start_token_id,
        )
        self._tokenization = copy.copy(self._tokenization)  # another one may have it as well
        self._tokenization.surround(turn.before, turn.after)

    def turned(self, source_lang: str | None, target_lang: str | None) -> CTranslate2Translator:
        """Return a translator with the same weights for another direction."""
        other = copy.copy(self)
        other.use_direction(source_lang, target_lang)
        return other

    def encode(self, sources: Sequence[str]) -> list[list[int]]:
        """Return token ids of the sources, prefix included, and set `num_truncated`."""
        limit = self.settings.max_source_length
        encoded: list[list[int]] = []
        self.num_truncated = 0
        for start in range(0, len(sources), CHUNK):
            texts = self.settings.add_prefix(sources[start : start + CHUNK])
            sequences = self._tokenization.encode(texts)
            encoded += shorten_all(sequences, limit, self._tokenization.encode)
            if limit is not None:
                self.num_truncated += sum(len(ids) > limit for ids in sequences)
        return encoded

    def count_tokens(self, sources: Sequence[str]) -> list[int]:
        texts = self.settings.add_prefix(sources)
        return [len(ids) for ids in self._tokenization.encode(texts)]

    def _search(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: OnProgress,
        *,
        with_scores: bool,
    ) -> list[list[Hypothesis]]:
        encoded = self.encode(sources)
        lengths = [len(ids) for ids in encoded]
        num_batches = self.num_batches or self._workers.num * BATCHES_PER_WORKER
        batches = list(form_batches(lengths, _spread(options, sum(lengths), num_batches)))
        model = self._workers.load()
        arguments = self._arguments(options, with_scores=with_scores)
        told = self._told_start
        if self.settings.forced_bos_token_id is not None:
            told = [*told, self._tokens[self.settings.forced_bos_token_id]]

        def start(batch: list[int]) -> list[Any]:
            tokens = [self._name_sources(encoded[i]) for i in batch]
            beginning = [told] * len(tokens) if told else None
            started: list[Any] = model.translate_batch(tokens, beginning, **arguments)
            return started

        return self._workers.run(
            batches,
            start,
            lambda _, results: self._read(results, options.max_new_tokens),
            on_progress,
        )

    @property
    def can_continue(self) -> bool:
        """Whether it can encode the beginning of a target; see `score_pairs`."""
        return self._targets is not None

    def continue_translation(
        self, source: str, beginning: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        """Return translations that begin with given words, and differ in the token that follows.

        Args:
            source: Text without the prefix.
            beginning: Whole words that the translations begin with; may be empty.
            options: Search, of which `num_hypotheses` is the number of translations, and which
                goes on greedily after the first free token.
        """
        assert self._targets is not None
        (tokens,) = map(self._name_sources, self.encode([source]))
        (ids,) = self._tokenization.encode_targets([beginning])
        head = TargetFrame(**self._targets).head
        told = [*self._told_start, *self._name([*head, *ids])]
        arguments = self._arguments(options.without_beams(), with_scores=True)
        arguments |= {"return_alternatives": True, "num_hypotheses": options.num_hypotheses}
        (started,) = self._workers.load().translate_batch(
            [tokens], [told] if told else None, **arguments
        )
        (found,) = self._read([started.result()], options.max_new_tokens)
        return found

    def score_pairs(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        on_progress: OnProgress = None,
        *,
        tokens_per_batch: int = TOKENS_PER_BATCH,
    ) -> list[ScoredPair]:
        check_pairs(sources, targets)
        if self._targets is None:
            raise T5TuneError(
                f"{self._directory} cannot encode targets: an earlier version made it, or its "
                "tokenizer needs Transformers for them.",
                next_command=f"the same command with --engine torch, or first: "
                f"{remake_command(self._directory)}",
            )
        frame = TargetFrame(**self._targets)
        encoded = self.encode(sources)
        limit = self.settings.max_source_length
        cut = [False] * len(sources)
        if limit is not None and self.num_truncated:
            cut = [count > limit for count in self.count_tokens(sources)]
        framed = [
            frame.surround(ids)
            for start in range(0, len(targets), CHUNK)
            for ids in self._tokenization.encode_targets(targets[start : start + CHUNK])
        ]
        lengths = [len(ids) for ids in encoded], [len(ids) for ids, _ in framed]
        share = sum(map(sum, lengths)) // (self._workers.num * BATCHES_PER_WORKER)
        most = max(1, min(tokens_per_batch, share))
        model = self._workers.load()

        def start(batch: list[int]) -> list[Any]:
            pairs = (
                [self._name_sources(encoded[i]) for i in batch],
                [[*self._told_start, *self._name(framed[i][0][:-1])] for i in batch],
            )
            started: list[Any] = model.score_batch(*pairs, asynchronous=True, max_input_length=0)
            return started

        def read(batch: list[int], results: Sequence[Any]) -> list[ScoredPair]:
            return [
                ScoredPair(
                    tuple(self._name(framed[i][0][frame.num_told :])),
                    tuple(result.log_probs[frame.num_told :]),
                    cut[i],
                    framed[i][1],
                )
                for i, result in zip(batch, results, strict=True)
            ]

        return self._workers.run(
            list(form_pair_batches(*lengths, most, most)), start, read, on_progress
        )

    @property
    def _told_start(self) -> list[str]:
        """The first token of the decoder, where it names the direction."""
        start = self.settings.decoder_start_token_id
        return [self._tokens[start]] if self._settings.turns and start is not None else []

    def _name_sources(self, ids: Sequence[int]) -> list[str]:
        return [self._source_tokens[number] for number in ids]

    def _name(self, ids: Sequence[int]) -> list[str]:
        """Return the tokens of targets with these ids."""
        return [self._tokens[number] for number in ids]

    def _arguments(self, options: DecodingOptions, *, with_scores: bool) -> dict[str, Any]:
        # Older exports have more: search settings that the base model's author preferred.
        constraints = self._settings.constraints
        return {
            "asynchronous": True,
            **options.for_ctranslate2(),
            "num_hypotheses": options.num_hypotheses,
            "patience": self._settings.patience,
            "min_decoding_length": 0,
            "max_input_length": 0,  # sources have been cut already
            "end_token": self._eos,
            "return_end_token": True,
            "return_scores": with_scores,
            **{key: found for key, found in constraints.items() if key == "suppress_sequences"},
        }

    def _read(self, results: Sequence[Any], limit: int) -> list[list[Hypothesis]]:
        """Return the hypotheses for each source, read from CTranslate2's results."""
        rows = [[self._ids[t] for t in row] for result in results for row in result.hypotheses]
        texts = iter(self._tokenization.decode(rows))
        return [
            [
                build_hypothesis(
                    next(texts), len(row), limit, is_finished=row[-1:] == [self._eos], score=score
                )
                for row, score in zip_longest(result.hypotheses, result.scores)
            ]
            for result in results
        ]


def _spread(options: DecodingOptions, num_tokens: int, num_batches: int) -> DecodingOptions:
    """Make batches smaller if there would be fewer otherwise."""
    if num_batches == 1:
        return options
    share = num_tokens * options.num_beams // num_batches
    return replace(options, tokens_per_batch=max(1, min(options.tokens_per_batch, share)))


def count_workers() -> int:
    """Return one worker for each GPU or, without GPUs, one for each core."""
    return count_gpus() or count_threads()


def count_threads() -> int:
    """Return the number of cores that this process may use, or OMP_NUM_THREADS if it is set."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    return threads_per_process(1)
