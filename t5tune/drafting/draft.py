"""A draft of a recipe: every value, and the reason for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from t5tune.data.readers.open_splits import OpenSplit
from t5tune.data.readers.sources import open_entry
from t5tune.drafting.both_sides import Sides, confirm_direction, find_sides
from t5tune.drafting.code_pages import correct_encoding
from t5tune.drafting.drafted_model import ModelPlan, plan_model
from t5tune.drafting.given_data import GivenData, open_given
from t5tune.drafting.pair_survey import MOST_PAIRS, PairSurvey, survey_pairs
from t5tune.drafting.questions import Asker
from t5tune.drafting.split_sizes import HeldOut, choose_size
from t5tune.drafting.task_shapes import TaskShape, recognize_task
from t5tune.drafting.wishes import Wishes
from t5tune.errors import T5TuneError, visible
from t5tune.recipe.choices import Choice
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.scoring.english_names import name_language
from t5tune.scoring.languages import short_code

_SHOWN = 40  # characters of a text
_FEW = 1000  # pairs below which nothing was measured to learn
_TITLES = {"summarization": "Summaries", "text2text": "Text to text"}


@dataclass
class Draft:
    """A recipe before it is written.

    Attributes:
        title: What it makes of which data, in one line.
        values: Values of the recipe.
        choices: What was decided, with reasons.
        notes: What the user should know about the data.
        is_large: Whether not all of the data was read.
    """

    title: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_large: bool = False

    def set(self, key: str, value: Any, reason: str = "") -> None:
        """Set a value, and remember why."""
        *sections, name = key.split(".")
        section = self.values
        for part in sections:
            section = section.setdefault(part, {})
        section[name] = value
        self.choices.append(Choice(key, value, reason))


@dataclass(frozen=True)
class _Findings:
    """What was found out about the data."""

    given: GivenData
    sides: Sides
    survey: PairSurvey
    shape: TaskShape

    @property
    def is_translation(self) -> bool:
        return self.shape.task == "translation"

    @property
    def has_columns(self) -> bool:
        """Whether the recipe has to name columns."""
        return not self.given.is_parallel and not self.given.languages


def draft_recipe(wishes: Wishes, asker: Asker) -> Draft:
    """Look at the data that a user names, and draft the recipe that suits it.

    Raises:
        T5TuneError: It cannot be read, or nothing tells which columns are source and target.
    """
    given = open_given(wishes)
    sides = find_sides(given, wishes, asker)
    given, sides = correct_encoding(given, sides, wishes, asker)
    if given.is_parallel and sides.roles.source != given.survey.columns[0].name:
        given = given.turned()
    survey = _survey(given, sides)
    notes = list(_check_siblings(given, sides))
    _refuse_too_few(given, survey)
    _refuse_copies(given, survey, sides)
    shape = recognize_task(survey, sides.codes, by_names=sides.roles.task, given=wishes.task)
    before = sides.roles.source
    sides, shape = confirm_direction(sides, shape, wishes, asker)
    if sides.roles.source != before:
        given, survey = given.turned(), survey.turned()
    findings = _Findings(given, sides, survey, shape)
    held_out = choose_size(survey.num_pairs, survey.num_sources)
    num_cuts = 2 - len(given.entries.keys() & {"validation", "test"})
    num_held_out = num_cuts * held_out.size
    plan = plan_model(shape, sides.codes, survey, given.num_rows, num_held_out, wishes, asker)
    draft = Draft(_describe_draft(findings, plan), notes=notes, is_large=not survey.is_complete)
    draft.set("name", _name_recipe(findings))
    draft.set("task", shape.task, shape.reason)
    for key, side in (("source_lang", sides.source), ("target_lang", sides.target)):
        if side.code is not None and shape.task != "text2text":
            draft.set(key, side.code, side.reason)
    plan.model_into(draft)
    _set_data(draft, findings, plan, held_out, wishes.seed)
    plan.training_into(draft)
    draft.notes += _describe_data(findings)
    if plan.model is None and plan.num_pairs < _FEW:
        draft.notes.append(
            "so few pairs show that everything works, and are too few to learn from alone "
            "(docs/init.md says how many suffice for what)"
        )
    return draft


def _survey(given: GivenData, sides: Sides) -> PairSurvey:
    """Read the pairs as training will."""
    return survey_pairs(_open(given, sides, "train"), 0)


def _open(given: GivenData, sides: Sides, split: str) -> OpenSplit:
    """Open a split so that rows that cannot be read are left out and counted."""
    keys = dict(given.entries[split])
    columns: tuple[str | None, str | None] = (None, None)
    if not given.is_parallel:
        keys["on_bad_row"] = "skip"
    if not given.is_parallel and not given.languages:
        columns = sides.roles.source, sides.roles.target
    if given.most_rows is not None:
        keys["max_examples"] = given.most_rows
    return open_entry(f"data.{split}", DataEntry.model_validate(keys), sides.codes, columns)


def _check_siblings(given: GivenData, sides: Sides) -> Iterator[str]:
    """Drop the files beside the training data that are something else, and say so."""
    for split in ("validation", "test"):
        entry = given.entries.get(split)
        if entry is None or "hub" in entry:
            continue
        try:
            opened = _open(given, sides, split)
            has_sources = [bool(example.source.strip()) for example in opened.read()]
        except T5TuneError as error:
            has_sources = []
            yield f"{given.reasons[f'data.{split}']}, cannot be used: {error.message}"
        else:
            if opened.count_bad_rows():
                given.entries[split] = {**entry, "on_bad_row": "skip"}
                yield from opened.describe_readings()
        if not any(has_sources):
            del given.entries[split]


def _refuse_too_few(given: GivenData, survey: PairSurvey) -> None:
    """Refuse data that cannot give each set an example."""
    needed = 3 - len(given.entries.keys() & {"validation", "test"})
    if survey.num_sources < needed:
        raise T5TuneError(
            f"{given.title} has {survey.num_sources} pair{'s' * (survey.num_sources > 1)} with "
            f"sources of their own, and training, validation and test need {needed}.",
            next_command="t5tune init FILE   # with more pairs",
        )


def _refuse_copies(given: GivenData, survey: PairSurvey, sides: Sides) -> None:
    """Refuse data from which a model could only learn to repeat its source."""
    if survey.num_copied == survey.num_pairs:
        both = f"{sides.roles.source} and {sides.roles.target}"
        raise T5TuneError(
            f"Every target of {given.title} is its source: {both} have the same texts.",
            next_command="t5tune init FILE --source COLUMN --target COLUMN   # other columns, or "
            "another file",
        )


def _describe_draft(findings: _Findings, plan: ModelPlan) -> str:
    codes = [name_language(code or "") for code in findings.sides.codes]
    what = " to ".join(codes) if findings.is_translation else _TITLES[findings.shape.task]
    is_exact = findings.survey.is_complete and findings.given.most_rows is None
    plural = "" if plan.num_pairs == 1 else "s"
    num = f"{'' if is_exact else 'about '}{plan.num_pairs:,} pair{plural}"
    return f"{what}, {num} of {findings.given.title}"


def _name_recipe(findings: _Findings) -> str:
    """Return the name of a run: that of the data, and the languages of a translation."""
    stem = findings.given.stem
    if not findings.is_translation:
        return stem
    pair = "-".join(short_code(code) or "" for code in findings.sides.codes)
    return stem if stem.replace("_", "-").endswith(pair) else f"{stem}-{pair}"


def _set_data(
    draft: Draft, findings: _Findings, plan: ModelPlan, held_out: HeldOut, seed: int
) -> None:
    given, survey, roles = findings.given, findings.survey, findings.sides.roles
    source, target = roles.source, roles.target
    train = dict(given.entries["train"])
    if {source, target} <= set(train.get("columns", ())):  # they have no names of their own
        new = findings.sides.codes if findings.is_translation else ("source", "target")
        names = dict(zip((source, target), map(str, new), strict=True))
        train["columns"] = [names.get(name, name) for name in train["columns"]]
        source, target = names[source], names[target]
    if survey.num_bad:
        train["on_bad_row"] = "skip"
    draft.set("data.train", train, "; ".join(_reasons_of_train(given)))
    for split in ("validation", "test"):
        if split in given.entries:
            shared = {key: train[key] for key in ("columns",) if key in train}
            entry = {**given.entries[split], **shared}
            draft.set(f"data.{split}", entry, given.reasons.get(f"data.{split}", ""))
        else:
            entry = {"from": "train", "size": held_out.size, "seed": seed}
            draft.set(f"data.{split}", entry, held_out.reason)
    if findings.has_columns:
        draft.set("data.source", source, roles.reason)
        draft.set("data.target", target)
    for key, side in zip(("max_source_length", "max_target_length"), plan.lengths, strict=True):
        draft.set(f"data.{key}", side.limit, side.reason)


def _reasons_of_train(given: GivenData) -> Iterator[str]:
    start = "data.train."
    found = {key.removeprefix(start): why for key, why in given.reasons.items() if start in key}
    if "columns" in found:
        found.pop("header", None)
    yield from dict.fromkeys(found.values())


def _describe_wordless(survey: PairSurvey) -> str:
    source, target = (visible(text[:_SHOWN], one_line=True) for text in survey.wordless)
    return f"with letters on one side only, the last one {source} | {target}"


def _describe_data(findings: _Findings) -> Iterator[str]:
    """Yield sentences about the data."""
    given, survey = findings.given, findings.survey
    yield from survey.remarks
    if note := findings.sides.roles.note:
        yield note
    if not survey.is_complete or given.most_rows is not None:
        yield f"only the first {given.most_rows or MOST_PAIRS:,} pairs were looked at"
    for count, what in (
        (survey.num_blank, "with a blank side, which training leaves out"),
        (survey.num_repeated, "that repeat earlier ones"),
        (survey.num_copied, "with a target that is the source"),
        (survey.num_wordless if findings.is_translation else 0, _describe_wordless(survey)),
    ):
        if count:
            plural = "" if count == 1 else "s"
            share = 100 * count / survey.num_read
            shown = f"{share:.0f}" if share >= 10 else f"{share:.2g}"
            yield f"{count:,} pair{plural} {what} ({shown} %)"
    for name, side in zip(
        ("source", "target"), (findings.sides.source, findings.sides.target), strict=True
    ):
        if side.contradicts is not None:
            said, seen = name_language(side.code or ""), name_language(side.contradicts)
            yield f"{name}s should be {said} ({side.reason}), and seem to be {seen}"
