"""Validation during training: a greedy translation of some examples, and its scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from t5tune.console import track
from t5tune.data.examples import Examples
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.distributed.processes import broadcast_result
from t5tune.distributed.whole_copy import full_model
from t5tune.models.compiled import uncompiled
from t5tune.scoring.compute import score_hypotheses
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput


@dataclass(frozen=True)
class Validation:
    """What each validation translates, and how it is scored."""

    model: LoadedModel  # what is trained, with the search of the report
    examples: Examples
    metrics: list[str]
    scoring: ScoringOptions
    check_signal: Callable[[], None]  # called after each batch; may raise `ValidationInterrupted`

    def __call__(self) -> dict[str, float]:
        """Return the scores by name.

        The search is that of the report, but without beams, which would take several times as long.
        """
        translator, sources = self.model.translator.distributed(), self.examples.sources
        options = self.model.options.without_beams()
        with uncompiled(translator.model), full_model(translator.model) as full:
            translator.model = full
            with track("validating", len(sources), "examples") as advance:

                def on_progress(num_done: int) -> None:
                    self.check_signal()
                    advance(num_done)

                hypotheses = translator.translate(sources, options, on_progress)
        texts = [hypothesis.text for hypothesis in hypotheses]
        output = SystemOutput(texts, self.examples.references, sources)
        scores = broadcast_result(lambda: score_hypotheses(self.metrics, output, self.scoring))
        return {score.name: score.value for score in scores}
