"""Everything that a run records about itself, for `t5tune runs show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5tune.console import format_bytes
from t5tune.errors import list_names
from t5tune.experiments.run_summary import RunSummary, count_bytes, summarize_run
from t5tune.experiments.stored_checkpoints import StoredCheckpoint, list_stored_checkpoints
from t5tune.files.json_values import as_object, keep_texts, read_log, read_object
from t5tune.run.directory import RunDirectory, continuing_command
from t5tune.scoring.registry import format_value

_LAST_VALIDATIONS = 5  # that people are shown
FINGERPRINT = 12  # digits of a fingerprint that people are shown


@dataclass(frozen=True)
class RunDetails:
    """What a run holds.

    Attributes:
        environment: `environment.json`, without the recipe.
        scores: Scores of each evaluation, as its report has them, by the name of the evaluation.
        validations: Lines of the log that have a validation.
        parts: Bytes of the directories and files in it, largest first.
    """

    summary: RunSummary
    environment: Mapping[str, Any]
    scores: Mapping[str, Sequence[Mapping[str, Any]]]
    validations: Sequence[Mapping[str, Any]]
    checkpoints: Sequence[StoredCheckpoint]
    parts: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; those of the summary come first."""
        return {
            **self.summary.to_json(),
            "scores": self.scores,
            "validations": self.validations,
            "checkpoints": [{**vars(one), "path": str(one.path)} for one in self.checkpoints],
            "parts": self.parts,
            "environment": self.environment,
        }


def read_details(run: RunDirectory) -> RunDetails:
    """Return what a run holds, however little that is."""
    environment = read_object(run.environment)
    environment.pop("recipe", None)
    reports = sorted(run.path.glob("eval/*/report.json"))
    scores = {path.parent.name: _read_scores(read_object(path)) for path in reports}
    sizes = {path.name: count_bytes(path) for path in run.path.iterdir()}
    return RunDetails(
        summarize_run(run),
        environment,
        {name: found for name, found in scores.items() if found},
        [line for line in read_log(run.log) if "validation" in line],
        list_stored_checkpoints(run),
        dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0]))),
    )


def _read_scores(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    scores = report.get("scores")
    found = list(map(as_object, scores)) if isinstance(scores, list) else []
    return [one for one in found if isinstance(one.get("value"), int | float)]


def describe_run(run: RunDirectory, details: RunDetails) -> Iterator[str]:
    """Yield lines for people."""
    for label, text in _describe(details):
        yield f"{label:<12}  {text}".rstrip()
    if details.summary.state.name not in ("finished", "running"):
        yield f"{'next':<12}  {details.summary.state.next_command or continuing_command(run)}"


def _describe(details: RunDetails) -> Iterator[tuple[str, str]]:
    summary, environment = details.summary, details.environment
    state = summary.state
    yield "run", str(summary.path)
    yield "state", state.name + (f": {state.reason}" if state.reason else "")
    yield "recipe", f"{summary.recipe or 'unknown'}, model {summary.model or 'unknown'}"
    if command := environment.get("command"):
        yield "command", str(command)
    if summary.started:
        yield "started", summary.started
    if summary.step is not None:
        yield "trained", f"{summary.step:,} steps, {summary.minutes:.1f} minutes"
    for number, line in enumerate(details.validations[-_LAST_VALIDATIONS:]):
        label = "" if number else "validation"
        weights = line.get("weights") or f"step {line['step']:,}"
        values = as_object(line["validation"]).items()
        shown = "  ".join(f"{name} {value:.2f}" for name, value in values)
        yield label, f"{weights}: {shown}"
    for name, scores in details.scores.items():
        for number, score in enumerate(scores):
            yield "" if number else f"eval {name}", _show_score(score)
    yield from _describe_files(details)
    yield from _describe_origin(environment)


def _show_score(score: Mapping[str, Any]) -> str:
    name = str(score.get("name"))
    text = f"{name} {format_value(name, score['value'])}"
    interval = score.get("confidence_interval")
    if isinstance(interval, list) and len(interval) == 2:
        text += f" [{', '.join(format_value(name, end) for end in interval)}]"
    return f"{text}  {score.get('signature', '')}"


def _describe_files(details: RunDetails) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(details.checkpoints):
        roles = [role for role, holds in (("best", one.is_best), ("last", one.is_last)) if holds]
        roles += [one.damage] if one.damage else []
        shown = f" ({', '.join(roles)})" if roles else ""
        label = "" if number else "checkpoints"
        yield label, f"{one.path.name}  {format_bytes(one.num_bytes)}{shown}"
    sizes = [f"{name} {format_bytes(size)}" for name, size in details.parts.items() if size]
    yield "size", f"{format_bytes(details.summary.num_bytes)}: {', '.join(sizes)}"


def _describe_origin(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    data = keep_texts(environment.get("data_sha256"))
    for number, (name, digest) in enumerate(data.items()):
        yield "" if number else "data", f"{name} {digest[:FINGERPRINT]}"
    counts = as_object(environment.get("num_examples"))
    if counts:
        shown = ", ".join(f"{split} {num:,}" for split, num in counts.items())
        yield "examples", shown
    versions = keep_texts(environment.get("versions"))
    if versions:
        yield "versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    accelerators = environment.get("accelerators")
    devices = list_names(list(map(str, accelerators))) if accelerators else "no accelerator"
    threads = environment.get("num_cpu_threads")
    if environment.get("platform"):
        yield "machine", f"{environment['platform']}, {devices}, threads of the CPU: {threads}"
    if environment.get("git_revision"):
        yield "git", str(environment["git_revision"])
