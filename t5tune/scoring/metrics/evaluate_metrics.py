"""Metrics of Hugging Face's `evaluate` package: from the hub or a script of the user."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from t5tune.errors import T5TuneError
from t5tune.scoring.metrics.evaluate_loading import (
    check_code_allowed,
    display_name,
    hash_script,
    load_metric,
)
from t5tune.scoring.registry import EVALUATE
from t5tune.scoring.score import Score, ScoringOptions, format_signature

if TYPE_CHECKING:
    from t5tune.scoring.metrics.statistics import MeanStatistics
    from t5tune.scoring.system_output import SystemOutput


class EvaluateScorer:
    """All numbers of a metric of `evaluate`, on the metric's own scale.

    Args:
        metric: `evaluate:NAME`, `evaluate:OWNER/NAME`, `evaluate:./FILE.py` or a folder with a
            script of its own name.
        options: `allow_code` has to be true.

    Raises:
        T5TuneError: Code is not allowed.
    """

    def __init__(self, metric: str, options: ScoringOptions) -> None:
        check_code_allowed([metric], allow_code=options.allow_code)
        self._metric = metric
        self._module: Any = None
        self._last: tuple[SystemOutput, dict[str, Any]] | None = None

    def score_corpus(self, output: SystemOutput) -> list[Score]:
        """Return one score for each finite number of the metric's result.

        The metric's own errors are not caught: they are meant for its author.

        Raises:
            T5TuneError: The metric cannot be found, does not take texts, or returns no
                number.
        """
        values = self._numbers(output)
        name = display_name(self._metric)
        signature = format_signature(
            output.references,
            metric=name,
            hash=hash_script(self._module),
            version=_evaluate_version(),
        )
        return [
            Score(f"{EVALUATE}{name}{_suffix(key, name, values)}", value, signature)
            for key, value in values.items()
        ]

    def score_segments(self, output: SystemOutput) -> list[float]:
        """Return the metric's values of single examples for its first number.

        Calling it for each example would be slow, and its score of one example may have another
        meaning.

        Raises:
            T5TuneError: It returns none, or for the reasons of `score_corpus`.
        """
        for value in self._numbers(output).values():
            values = self._per_example(output, value)
            if values is not None:
                return values
        raise T5TuneError(
            f"{self._metric} gives no values for single examples, so it cannot tell good from bad "
            "ones.",
            next_command="name another metric before it",
        )

    def collect_statistics(self, output: SystemOutput) -> MeanStatistics:
        """Return the values of single examples where a number is their mean; NaN elsewhere.

        Computing the metric again for every resampled test set could take hours.
        """
        import numpy as np

        from t5tune.scoring.metrics.statistics import MeanStatistics

        columns = []
        for value in self._numbers(output).values():
            values = self._per_example(output, value)
            columns.append(np.full(len(output), np.nan) if values is None else values)
        return MeanStatistics(np.column_stack(columns))

    def _per_example(self, output: SystemOutput, mean: float) -> list[float] | None:
        """Return a list of the result with one value for each example and this very mean."""
        for values in self._compute(output).values():
            if not isinstance(values, Sequence) and hasattr(values, "tolist"):
                values = values.tolist()  # numpy's arrays
            if (
                isinstance(values, list | tuple)
                and len(values) == len(output)
                and all(_is_number(one) for one in values)
                and math.isclose(math.fsum(values) / len(values), mean, rel_tol=1e-6, abs_tol=1e-9)
            ):
                return [float(one) for one in values]
        return None

    def _numbers(self, output: SystemOutput) -> dict[str, float]:
        result = self._compute(output)
        found = {key: float(value) for key, value in result.items() if _is_number(value)}
        finite = {key: value for key, value in found.items() if math.isfinite(value)}
        if left_out := found.keys() - finite.keys():
            from t5tune.console import say  # rich, which processes that only score do not load

            say(f"{self._metric}: {', '.join(sorted(left_out))} is not finite and is left out")
        if not finite:
            raise T5TuneError(
                f"{self._metric} gives no number; its result has {', '.join(result) or 'nothing'}.",
                next_command="leave it out of the metrics",
            )
        return finite

    def _compute(self, output: SystemOutput) -> dict[str, Any]:
        if self._last is None or self._last[0] != output:
            if self._module is None:
                self._module = load_metric(self._metric)
            result = self._module.compute(**self._inputs(output))
            if not isinstance(result, Mapping):
                raise TypeError(f"{self._metric} has to return a dict, not {result!r:.100}")
            self._last = (output, dict(result))
        return self._last[1]

    def _inputs(self, output: SystemOutput) -> dict[str, list[Any]]:
        """Return the metric's input format, the one for several references if it exists."""
        features = self._module.features
        formats: list[Mapping[str, Any]] = features if isinstance(features, list) else [features]
        takes_several = any(_is_list(form.get("references")) for form in formats)
        available: dict[str, list[Any] | None] = {
            "predictions": list(output.hypotheses),
            "references": [list(one) for one in output.references],
            "sources": None if output.sources is None else list(output.sources),
        }
        self._check_formats(formats[0], available)
        if not takes_several and "references" in formats[0]:
            available["references"] = [
                self._only(one, i) for i, one in enumerate(output.references)
            ]
        return {name: texts for name in formats[0] if (texts := available[name]) is not None}

    def _check_formats(
        self, form: Mapping[str, Any], available: Mapping[str, list[Any] | None]
    ) -> None:
        for name, feature in form.items():
            if name not in available:
                raise T5TuneError(
                    f"{self._metric} wants `{name}`, which t5tune cannot give it.",
                    next_command="leave it out of the metrics",
                )
            if available[name] is None:
                raise T5TuneError(
                    f"{self._metric} needs the sources, and there are none.",
                    next_command="t5tune score HYPOTHESES --reference FILE --source FILE",
                )
            if not _is_text(feature):
                raise T5TuneError(
                    f"{self._metric} compares {getattr(feature, 'dtype', 'other things')}, "
                    f"not texts, as its `{name}`.",
                    next_command="leave it out of the metrics",
                )

    def _only(self, of_one_example: Sequence[str], number: int) -> str:
        if len(of_one_example) > 1:
            raise T5TuneError(
                f"{self._metric} takes one reference for each example, and example {number} "
                f"(counted from 0) has {len(of_one_example)}.",
                next_command="score against one file of references, or leave the metric out",
            )
        return of_one_example[0]


def _suffix(key: str, name: str, values: Mapping[str, float]) -> str:
    return "" if len(values) == 1 or key == name else f".{key}"


def _evaluate_version() -> str:
    from importlib.metadata import version

    return f"evaluate-{version('evaluate')}"


def _is_number(value: object) -> bool:
    """Return whether this is a number of Python or numpy, but not a truth value."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_list(feature: Any) -> bool:
    return isinstance(feature, list) or hasattr(feature, "feature")


def _is_text(feature: Any) -> bool:
    """Return whether this is a text, or a list of texts, in the words of `datasets`."""
    if isinstance(feature, list):
        feature = feature[0]
    feature = getattr(feature, "feature", feature)
    return getattr(feature, "dtype", None) in ("string", "large_string")
