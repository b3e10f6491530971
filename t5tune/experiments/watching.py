"""Following a run from another terminal until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from t5tune.console import format_seconds
from t5tune.errors import T5TuneError, visible
from t5tune.experiments.run_state import RunState, find_state
from t5tune.experiments.terminal_curves import draw_curve
from t5tune.files.json_values import as_object, read_log
from t5tune.recipe.resolve import choose_best_metric
from t5tune.recipe.schema import Recipe
from t5tune.reporting.reports.training_curves import read_curves
from t5tune.run.directory import RunDirectory, continuing_command
from t5tune.scoring.registry import METRICS
from t5tune.training.checkpoints.resuming import recorded_recipe

_PAUSE_SECONDS = 1.0
_HIGHEST = 8  # lines of a curve
_WIDEST = 100  # cells of a curve


@dataclass(frozen=True)
class View:
    """A run at one moment.

    Attributes:
        lines: Lines of the log.
        recipe: Recipe that it began with; None if unknown.
    """

    run: RunDirectory
    state: RunState
    lines: Sequence[Mapping[str, Any]]
    recipe: Recipe | None

    def share(self) -> float | None:
        """Return which share of the training is done, from 0 to 1; None if unknown."""
        if self.recipe is None or not self.lines:
            return None
        last, training = self.lines[-1], self.recipe.training
        if training.max_steps is not None and training.max_steps > 0:
            share = last["step"] / training.max_steps
        else:
            share = float(last.get("epoch") or 0.0) / training.num_train_epochs
        if training.max_minutes is not None:
            share = max(share, last["elapsed_seconds"] / 60 / training.max_minutes)
        return float(min(share, 1.0))

    def describe(self) -> str:
        """Return state, step, epoch, time and time left on one line."""
        parts = [str(self.run.path), self.state.name]
        if self.lines:
            last = self.lines[-1]
            seconds = last["elapsed_seconds"]
            parts += [f"step {last['step']:,}", f"epoch {last.get('epoch') or 0:.2f}"]
            parts.append(format_seconds(seconds))
            share = self.share()
            if self.state.name == "running" and share and share < 1:
                parts.append(f"about {format_seconds(seconds / share - seconds)} left")
        return "  ".join(parts)


def look_at(run: RunDirectory) -> View:
    """Return what a run is like now."""
    recipe = recorded_recipe(run)
    state = find_state(run, recipe)  # before its log, which then has all that it ended with
    return View(run, state, read_log(run.log), recipe)


def follow(run: RunDirectory, pause: Callable[[], object] | None = None) -> Iterator[View]:
    """Yield what a run is like whenever its log or its state has changed, until it has ended.

    Args:
        run: Run, which may have ended already.
        pause: Function that waits a while; a second if left out.
    """
    before: tuple[Any, ...] | None = None
    while True:
        view = look_at(run)
        now = (view.state.name, len(view.lines), view.lines[-1:])
        if now != before:
            yield view
        before = now
        if view.state.name != "running":
            return
        if pause is None:
            time.sleep(_PAUSE_SECONDS)
        else:
            pause()


def watch_on_terminal(run: RunDirectory, console: Console | None = None) -> View:
    """Show curves on a terminal until the run has ended; the last ones stay."""
    console = console or Console()
    view = look_at(run)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for view in follow(run):
            live.update(_draw(view, console), refresh=True)
    return view


def _draw(view: View, console: Console) -> Group:
    width = min(console.width - 1, _WIDEST)
    height = max(3, min((console.height - 7) // 2, _HIGHEST))  # both curves with their titles
    ascii_only = console.options.ascii_only
    path, _, rest = visible(view.describe(), one_line=True).partition("  ")
    parts = [Text(line, "bold", no_wrap=True, overflow="ellipsis") for line in (path, rest)]
    for name, style in (("loss", "cyan"), (_main_score(view), "green")):
        for curve in read_curves(view.lines):
            if curve.name == name:
                title = f"{name} {curve.values[-1]:.3f}"
                drawn = draw_curve(
                    curve.steps, curve.values, width=width, height=height, ascii_only=ascii_only
                )
                parts += [Text(title), Text("\n".join(drawn), style, no_wrap=True)]
    return Group(*parts)


def _main_score(view: View) -> str:
    """Return the name of the validation score that is drawn."""
    if view.recipe is not None:
        return METRICS[choose_best_metric(view.recipe)].main_score
    validations = [line["validation"] for line in view.lines if "validation" in line]
    return next(iter(as_object(validations[0])), "") if validations else ""


def follow_lines(
    run: RunDirectory, pause: Callable[[], object] | None = None
) -> Iterator[tuple[View, Sequence[Mapping[str, Any]]]]:
    """Yield what a run is like with the lines of its log that are new, first those that exist.

    A run that is continued drops the lines after its checkpoint: when they are logged again, they
    are new.
    """
    told: Sequence[Mapping[str, Any]] = ()
    for view in follow(run, pause):
        pairs = zip(told, view.lines, strict=False)
        num_same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        yield view, view.lines[num_same:]
        told = view.lines


def describe_line(line: Mapping[str, Any]) -> str:
    """Return a line of a log for people."""
    parts = [f"step {line['step']:,}", format_seconds(line["elapsed_seconds"])]
    if "validation" in line:
        parts += [f"validation of {line['weights']}:"] if "weights" in line else ["validation:"]
        scores = as_object(line["validation"]).items()
        parts += [f"{name} {value:.2f}" for name, value in scores]
    else:
        parts += [f"epoch {line.get('epoch') or 0:.2f}"]
        for name, text in (("loss", "loss {:.3f}"), ("learning_rate", "lr {:.2e}")):
            if isinstance(line.get(name), int | float):
                parts.append(text.format(line[name]))
        if "batch_limit" in line:
            parts.append(f"at most {line['batch_limit']:,} tokens at once from here on")
    return "  ".join(parts)


def refuse_unfinished(view: View) -> T5TuneError | None:
    """Return the error for a run that has ended without being finished; None if it is finished."""
    state, run = view.state, view.run
    if state.name in ("finished", "running"):
        return None
    reason = f": {state.reason}" if state.reason else ""
    step = f" after step {view.lines[-1]['step']:,}" if view.lines else ""
    return T5TuneError(
        f"{run.path} is {state.name}{step}{reason}",
        next_command=state.next_command or f"{continuing_command(run)}   # continues",
    )
