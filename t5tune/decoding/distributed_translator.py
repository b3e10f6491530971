"""Translation in several processes: each example once, with the hypotheses of one process."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.decoding.source_batches import form_batches
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import (
    DecodingOptions,
    Hypothesis,
    OnProgress,
    SearchingTranslator,
    Translator,
)
from t5tune.distributed.processes import are_several, broadcast_result, gather, place


class DistributedTranslator(SearchingTranslator):
    """A `TorchTranslator` whose batches are dealt out among the processes.

    The main process forms the batches from all sources, as it would if it were alone, so that the
    padding of a source, and with it its hypothesis, does not depend on the number of processes.

    Every process calls it with the same arguments and gets all hypotheses. `on_progress` is called
    in all of them equally often, after each round of one batch for each process.

    Args:
        translator: Translator with the same full model in every process.
    """

    def __init__(self, translator: TorchTranslator) -> None:
        self.translator = translator
        self.engine = translator.engine
        self.max_source_length = translator.max_source_length
        self.num_truncated = 0

    def count_tokens(self, sources: Sequence[str]) -> list[int]:
        """See `Translator.count_tokens`."""
        return self.translator.count_tokens(sources)

    def _search(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: OnProgress,
        *,
        with_scores: bool,
    ) -> list[list[Hypothesis]]:
        translator = self.translator
        sequences, self.num_truncated = broadcast_result(
            lambda: (translator.encode(sources), translator.num_truncated)
        )
        batches = list(form_batches(sequences.lengths.tolist(), options))
        here = place()
        own: dict[int, list[Hypothesis]] = {}
        with translator.evaluation_mode():
            for start in range(0, len(batches), here.num_processes):
                dealt = batches[start : start + here.num_processes]
                if here.rank < len(dealt):
                    batch = dealt[here.rank]
                    found = translator.translate_batch(
                        sequences, batch, options, with_scores=with_scores
                    )
                    own.update(zip(batch, found, strict=True))
                if on_progress is not None:
                    on_progress(sum(map(len, dealt)))
        hypotheses = {index: found for share in gather(own) for index, found in share.items()}
        return [hypotheses[index] for index in range(len(sources))]


def distribute_translation(translator: TorchTranslator) -> Translator:
    """Return a translator for all processes together; in a single one, the translator itself."""
    return DistributedTranslator(translator) if are_several() else translator
