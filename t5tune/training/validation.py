"""Validation during training: a greedy translation of some examples, and its scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from t5tune.console import track
from t5tune.data.examples import Examples
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import OnProgress
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
        """Return the scores by name; of several directions the means, and those of each.

        The search is that of the report, but without beams, which would take several times as long.
        """
        translator = self.model.translator.distributed()
        sets = [self.examples, *self.examples.others]
        num_examples = sum(len(examples.sources) for examples in sets)
        with uncompiled(translator.model), full_model(translator.model) as full:
            translator.model = full
            with track("validating", num_examples, "examples") as advance:

                def on_progress(num_done: int) -> None:
                    self.check_signal()
                    advance(num_done)

                outputs = self._translate(translator, sets, on_progress)
        if len(sets) == 1:
            return self._score(self.examples, outputs[0])
        scores = {
            examples.direction: self._score(examples, texts)
            for examples, texts in zip(sets, outputs, strict=True)
        }
        names = scores[self.examples.direction]
        means = {name: sum(of[name] for of in scores.values()) / len(scores) for name in names}
        return means | {
            f"{name} {direction}": value
            for direction, of_one in scores.items()
            for name, value in of_one.items()
        }

    def _translate(
        self, translator: TorchTranslator, sets: Sequence[Examples], on_progress: OnProgress
    ) -> list[list[str]]:
        """Translate the examples of every direction, and return to the recipe's own."""
        options = self.model.options.without_beams()
        outputs = []
        try:
            for examples in sets:
                if len(sets) > 1:
                    translator.use_direction(*examples.languages)
                found = translator.translate(examples.sources, options, on_progress)
                outputs.append([hypothesis.text for hypothesis in found])
        finally:
            if len(sets) > 1:  # the tokenizer, which is saved, names languages
                translator.use_direction(*self.examples.languages)
        return outputs

    def _score(self, examples: Examples, texts: list[str]) -> dict[str, float]:
        output = SystemOutput(texts, examples.references, examples.sources)
        scoring = self.scoring
        if examples.languages[1] is not None:
            scoring = replace(scoring, target_lang=examples.languages[1])
        scores = broadcast_result(lambda: score_hypotheses(self.metrics, output, scoring))
        return {score.name: score.value for score in scores}
