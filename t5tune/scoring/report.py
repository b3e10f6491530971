"""The report of one evaluation: scores, how the text was decoded, best and worst examples."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from t5tune.scoring.findings import Breakdown, Finding
from t5tune.scoring.metrics import (
    LOWER_IS_BETTER,
    METRIC_NAMES,
    SCORE_OF_METRIC,
    Score,
    score_hypotheses,
    sentence_scores,
)
from t5tune.scoring.names import format_value, metric_for_examples
from t5tune.scoring.score import Normalization

SCHEMA_VERSION = 2

_NUM_EXAMPLES_SHOWN = 5


@dataclass(frozen=True)
class Example:
    """One example of the test set with its own score.

    Attributes:
        index: Position in the test set, counted from 0.
        source: The input text, if it is known.
        hypothesis: What the model wrote.
        references: What it should have written, one or more.
        score: On the scale of the report's `example_metric`.
    """

    index: int
    source: str | None
    hypothesis: str
    references: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class Report:
    """Everything a reader needs to judge the scores.

    Holds no times and no paths, so that two reports of the same texts are equal.

    Attributes:
        run: Name of the run; None where hypotheses came from a file, as for the next two.
        split: Name of the data split.
        engine: What decoded the text, for example `torch-fp32`.
        num_examples: Examples that were scored.
        decoding: Generation settings by their Hugging Face names.
        scores: At least one.
        length_limited: Number of hypotheses that stopped at the length limit; None if unknown.
        best: Best examples first; no example is in both tuples.
        worst: Worst examples first.
        example_metric: Name of the score that ranks the examples, for example `BLEU`.
        weights: Which weights of a training run the model has, for example `step 500`.
        findings: Faults that were looked for, also those that were not found.
        breakdowns: Scores of parts of the test set.
    """

    run: str | None
    split: str | None
    num_examples: int
    engine: str | None
    decoding: Mapping[str, object]
    scores: tuple[Score, ...]
    length_limited: int | None
    best: tuple[Example, ...]
    worst: tuple[Example, ...]
    example_metric: str
    weights: str | None = None
    findings: tuple[Finding, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, object]:
        """The report as JSON values, in the key order that other programs see."""
        return {
            "schema_version": self.schema_version,
            "run": self.run,
            "split": self.split,
            "num_examples": self.num_examples,
            "engine": self.engine,
            "decoding": dict(self.decoding),
            "scores": [_score_to_json(score) for score in self.scores],
            "num_length_limited": self.length_limited,
            "examples": {
                "metric": self.example_metric,
                "best": [_example_to_json(example) for example in self.best],
                "worst": [_example_to_json(example) for example in self.worst],
            },
            "weights": self.weights,
        }

    def to_markdown(self) -> str:
        """The report for people: scores, decoding settings, length limit, examples."""
        from t5tune.scoring.report_markdown import render_markdown

        return render_markdown(self)


def build_report(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    metrics: Sequence[str],
    *,
    sources: Sequence[str] | None = None,
    run: str | None = None,
    split: str | None = None,
    engine: str | None = None,
    decoding: Mapping[str, object] | None = None,
    length_limited: int | None = None,
    tokenize: str | None = None,
    lowercase: bool = False,
    target_lang: str | None = None,
    normalize: Normalization = "none",
    allow_code: bool = False,
) -> Report:
    """Scores the hypotheses and picks up to five best and five worst examples.

    The first metric that can ranks the examples by its sentence score, chrF2++ where none can; of
    equal ones the earlier comes first. With fewer than ten examples the two lists share them
    out, the best getting more.

    Args:
        hypotheses: One text per example.
        references: `references[i]` are those of example i.
        metrics: As in `score_hypotheses`, at least one.
        sources: Input texts, if known.
        run: Name of the run.
        split: Name of the data split.
        engine: What decoded the text.
        decoding: Generation settings by their Hugging Face names, as JSON values.
        length_limited: Number of hypotheses that stopped at the length limit.
        tokenize: As in `score_hypotheses`.
        lowercase: As in `score_hypotheses`.
        target_lang: As in `score_hypotheses`.
        normalize: As in `score_hypotheses`.
        allow_code: As in `score_hypotheses`.

    Raises:
        T5TuneError: As `score_hypotheses` does.
        ValueError: No metric is given, or the number of sources differs.
    """
    if not metrics:
        raise ValueError(f"at least one metric is needed, of {', '.join(METRIC_NAMES)}")
    if sources is not None and len(sources) != len(hypotheses):
        raise ValueError(f"{len(sources)} sources for {len(hypotheses)} hypotheses")
    scores = score_hypotheses(
        metrics,
        hypotheses,
        references,
        tokenize=tokenize,
        lowercase=lowercase,
        target_lang=target_lang,
        normalize=normalize,
        sources=sources,
        allow_code=allow_code,
    )
    ranking = metric_for_examples(metrics)
    values = sentence_scores(
        ranking,
        hypotheses,
        references,
        tokenize=tokenize,
        lowercase=lowercase,
        target_lang=target_lang,
        normalize=normalize,
        sources=sources,
    )
    examples = [
        Example(index, sources[index] if sources else None, hypothesis, tuple(of_one), value)
        for index, (hypothesis, of_one, value) in enumerate(
            zip(hypotheses, references, values, strict=True)
        )
    ]
    best, worst = _pick_examples(examples, lower_is_better=ranking in LOWER_IS_BETTER)
    return Report(
        run=run,
        split=split,
        num_examples=len(hypotheses),
        engine=engine,
        decoding=dict(decoding or {}),
        scores=tuple(scores),
        length_limited=length_limited,
        best=best,
        worst=worst,
        example_metric=SCORE_OF_METRIC[ranking],
    )


def write_report(report: Report, directory: str | Path) -> None:
    """Writes `report.json` and `report.md` into `directory`, which is made if need be.

    Each file appears whole or not at all.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    _write_text(directory / "report.json", format_json(report) + "\n")
    _write_text(directory / "report.md", report.to_markdown())


def format_json(report: Report) -> str:
    """The text of `report.json`, without the newline at its end."""
    return json.dumps(report.to_json(), ensure_ascii=False, indent=2, allow_nan=False)


def format_scores(report: Report) -> str:
    """One line per score for a terminal: name, value, interval if any, signature."""
    lines = []
    for score in report.scores:
        interval = ""
        if score.confidence_interval is not None:
            ends = (format_value(score.name, end) for end in score.confidence_interval)
            interval = f" [{', '.join(ends)}]"
        value = format_value(score.name, score.value)
        lines.append(f"{score.name} {value}{interval}  {score.signature}")
    return "\n".join(lines)


def _pick_examples(
    examples: Sequence[Example], *, lower_is_better: bool
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    sign = 1.0 if lower_is_better else -1.0
    best_first = sorted(examples, key=lambda example: (sign * example.score, example.index))
    num_best = min(_NUM_EXAMPLES_SHOWN, (len(examples) + 1) // 2)
    worst_first = sorted(
        best_first[num_best:], key=lambda example: (-sign * example.score, example.index)
    )
    return tuple(best_first[:num_best]), tuple(worst_first[:_NUM_EXAMPLES_SHOWN])


def _score_to_json(score: Score) -> dict[str, object]:
    interval = score.confidence_interval
    return {
        "name": score.name,
        "value": score.value,
        "signature": score.signature,
        "confidence_interval": None if interval is None else list(interval),
    }


def _example_to_json(example: Example) -> dict[str, object]:
    return {
        "index": example.index,
        "source": example.source,
        "hypothesis": example.hypothesis,
        "references": list(example.references),
        "score": example.score,
    }


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
