"""The plan of a training, on a terminal and as plain lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from t5tune.console import format_bytes, format_seconds
from t5tune.errors import visible
from t5tune.recipe.choices import SHARED_PREFIX, SHARED_SEED
from t5tune.reporting.beside.rendering import all_section_lines, section_parts
from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.training.planning.planned_training import PlannedTraining

if TYPE_CHECKING:
    from rich.console import RenderableType


def print_plan(planned: PlannedTraining) -> None:
    """Print the plan on a terminal."""
    from rich.console import Console, Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(visible(line)) for line in planned.lines]
    for section in build_plan_sections(planned):
        parts += section_parts(section)
    Console(highlight=False).print(Group(*parts))


def format_plan(planned: PlannedTraining) -> Iterator[str]:
    """Yield the plan as lines, those of tables with tabs."""
    yield from planned.lines
    for section in build_plan_sections(planned):
        yield ""
        yield from all_section_lines(section)


def build_plan_sections(planned: PlannedTraining) -> list[Section]:
    """Return the sections, in the order in which they are shown."""
    return [
        _describe_choices(planned),
        _describe_data(planned),
        _describe_downloads(planned),
        _describe_disk(planned),
        _describe_needs(planned),
    ]


def _describe_choices(planned: PlannedTraining) -> Section:
    rows = tuple(
        (
            one.key,
            one.value if isinstance(one.value, str) and one.value else _write(one.value),
            f"as {one.reason}" if one.reason in (SHARED_PREFIX, SHARED_SEED) else one.reason,
        )
        for one in planned.plan.choices
    )
    sentences = () if rows else ("The recipe leaves nothing open.",)
    header = ("key", "value", "reason")
    return Section("choices", "Choices", sentences, (SectionTable(header, rows),) if rows else ())


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _describe_data(planned: PlannedTraining) -> Section:
    rows = []
    for one in planned.entries:
        num_unknown = one.source.num_unknown + one.target.num_unknown
        rows.append(
            (
                one.key,
                f"{one.num_read:,}",
                f"{one.num_examples:,}",
                f"{one.source.num_tokens:,}",
                f"{one.target.num_tokens:,}",
                _share(one.num_cut, one.num_texts),
                _share(num_unknown, one.num_tokens),
                one.place,
            )
        )
    header = (
        "entry", "read", "used", "source tokens", "target tokens", "texts cut", "unknown tokens",
        "from",
    )  # fmt: skip
    others = " and ".join(f"{num:,} {split}" for split, num in planned.num_examples.items())
    sentences = [f"{others} examples are translated."]
    rounds = {one.num_rounds for one in planned.entries} - {1}
    sentences += [f"Tokens are those of {num:,} variants of the examples." for num in rounds]
    if not rows:
        sentences.append("Training data is streamed: how much there is shows while it is read.")
    tables = (SectionTable(header, tuple(rows)),) if rows else ()
    return Section("data", "Data", tuple(sentences), tables)


def _share(num: int, total: int) -> str:
    return f"{100 * num / max(1, total):.2f} %"


def _describe_downloads(planned: PlannedTraining) -> Section:
    missing = planned.missing
    if missing is None:
        return Section("downloads", "Downloads", ("Nothing: all of it is on this machine.",))
    if not missing.files:
        sentence = (
            f"The weights of {missing.name} are not on this machine, and the hub is not asked "
            "(offline): training needs a connection, or a cache that has them."
        )
        return Section("downloads", "Downloads", (sentence,))
    rows = tuple(
        (missing.name, path, "" if size is None else format_bytes(size))
        for path, size in missing.files.items()
    )
    sentence = "Planning did not need them: sizes and times do not depend on what weights are."
    table = SectionTable(("model", "file", "size"), rows)
    return Section("downloads", "Downloads", (sentence,), (table,))


def _describe_disk(planned: PlannedTraining) -> Section:
    sizes = planned.sizes
    measured = planned.measurement and planned.measurement.checkpoint_bytes
    checkpoint = measured or sizes.checkpoint
    parts = [
        ("checkpoints", str(sizes.most_checkpoints), sizes.most_checkpoints * checkpoint),
        ("model", "1", sizes.model),
        *([("export", "1", sizes.export)] if sizes.export else []),
    ]
    total = sum(num_bytes for _, _, num_bytes in parts)
    rows = tuple((name, num, format_bytes(num_bytes)) for name, num, num_bytes in parts)
    stored = sum(one.store_bytes for one in planned.entries)
    sentences = [
        f"{planned.run}: {format_bytes(total)}, and {format_bytes(planned.free_disk)} are free."
    ]
    if planned.entries:
        folder = planned.entries[0].store.parent
        sentences.append(f"The tokens, {format_bytes(stored)}, are in {folder} already.")
    table = SectionTable(("in the run", "at most", "size"), rows)
    return Section("disk", "Disk", tuple(sentences), (table,))


def _describe_needs(planned: PlannedTraining) -> Section:
    title, found, free = "Memory and time", planned.prediction, format_bytes(planned.free_memory)
    measured = planned.measurement
    if found is None or measured is None:
        sentence = (
            f"Weights, gradients and optimizer take {format_bytes(planned.sizes.state)} of the "
            f"{free} that are free; what batches take, and how long, --measure tells, which "
            "trains a few steps."
        )
        return Section("needs", title, (sentence,))
    rows = [
        ("steps", f"{planned.plan.num_steps:,}", format_seconds(found.steps_seconds)),
        (
            "validations",
            f"{planned.plan.num_validations:,}",
            format_seconds(found.validations_seconds),
        ),
        (
            "checkpoints",
            f"{planned.plan.num_validations:,}",
            format_seconds(found.checkpoints_seconds),
        ),
        ("training", "", format_seconds(found.training_seconds)),
        ("translating the report's set", "1", format_seconds(found.report_seconds)),
    ]
    memory = f"{format_bytes(found.memory_bytes)} of main memory"
    if found.device_bytes is not None:
        memory = f"{format_bytes(found.device_bytes)} of the accelerator's memory and {memory}"
    sentences = [
        f"Memory: {memory} at the peak; {free} are free.",
        f"Measured in {measured.num_steps:,} steps of {1000 * measured.step_seconds:,.0f} ms on "
        "this machine, as busy as it is now; the report's scores and the export come on top.",
    ]
    if found.training_seconds < found.uncut_seconds:
        sentences.append(
            f"training.max_minutes ends it before all steps, which would take "
            f"{format_seconds(found.uncut_seconds)}."
        )
    table = SectionTable(("part", "number", "time"), tuple(rows))
    return Section("needs", title, tuple(sentences), (table,))
