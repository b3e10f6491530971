"""Source and target: their columns and languages, found or asked for."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from t5tune.console import say
from t5tune.drafting.column_roles import Roles, choose_roles, refuse_choice, swap
from t5tune.drafting.given_data import GivenData
from t5tune.drafting.questions import Asker
from t5tune.drafting.side_languages import SideLanguage, are_swapped, find_language
from t5tune.drafting.task_shapes import TaskShape
from t5tune.drafting.wishes import Wishes
from t5tune.errors import T5TuneError, list_names
from t5tune.scoring.english_names import name_language

_SHOWN = 70  # characters of a text


@dataclass(frozen=True)
class Sides:
    """Both sides of an example.

    Attributes:
        roles: Their columns.
        source: Language of the sources.
        target: Language of the targets.
    """

    roles: Roles
    source: SideLanguage
    target: SideLanguage

    @property
    def codes(self) -> tuple[str | None, str | None]:
        """Codes of the languages, if known."""
        return self.source.code, self.target.code

    def turned(self, reason: str) -> Sides:
        """Return the other direction."""
        return Sides(swap(self.roles, reason), self.target, self.source)


def find_sides(given: GivenData, wishes: Wishes, asker: Asker) -> Sides:
    """Find or ask for the columns, and find out their languages.

    Raises:
        T5TuneError: Nothing tells which columns are source and target.
    """
    if given.languages:
        return _of_units(given, wishes)
    roles = choose_roles(given.survey, wishes)
    if roles is None and asker.is_silent:
        raise refuse_choice(given.survey, wishes)
    roles = roles or _ask_columns(given, asker)
    columns = {column.name: column for column in given.survey.columns}
    source = find_language(columns.get(roles.source), wishes.source_lang)
    target = find_language(columns.get(roles.target), wishes.target_lang)
    are_chosen = None not in (wishes.source, wishes.target)
    if are_chosen or not are_swapped(source, target):
        return Sides(roles, source, target)
    reason = (
        f"column {roles.source} has {name_language(source.contradicts or '')} texts, and column "
        f"{roles.target} {name_language(target.contradicts or '')} ones: they are exchanged"
    )
    sure = replace(source, contradicts=None), replace(target, contradicts=None)
    return Sides(swap(roles, reason, reason), *sure)


def _of_units(given: GivenData, wishes: Wishes) -> Sides:
    """Choose among the languages of a file that has texts in several."""
    first, second, *_ = [*given.languages, "", ""]
    source = wishes.source_lang or (first if wishes.target_lang != first else second)
    target = wishes.target_lang or (second if source != second else first)
    is_open = len(given.languages) > 2 and None in (wishes.source_lang, wishes.target_lang)
    if not source or not target or source == target or is_open:
        raise T5TuneError(
            f"{given.title} has texts in {list_names(given.languages)}.",
            next_command=f"t5tune init {shlex.quote(given.title)} --source-lang {source or 'en'} "
            f"--target-lang {target or 'de'}   # for example",
        )
    reason = "a language of the file, in its order"
    sides = SideLanguage(source, reason), SideLanguage(target, reason)
    return Sides(Roles(source, target, reason), *sides)


def _ask_columns(given: GivenData, asker: Asker) -> Roles:
    """Ask which columns are source and target, in one question."""
    columns = given.survey.texts
    names = [column.name for column in columns]
    for number, column in enumerate(columns, start=1):
        say(f"  {number}  {column.name}: {column.texts[0][:_SHOWN]}")
    while True:
        answer = asker.ask("Which columns are source and target?", "1 2")
        chosen = [_find_name(word, names) for word in answer.replace(",", " ").split()]
        if len(chosen) == 2 and None not in chosen and chosen[0] != chosen[1]:
            return Roles(str(chosen[0]), str(chosen[1]), "as you said")


def _find_name(word: str, names: list[str]) -> str | None:
    if word in names:
        return word
    return names[int(word) - 1] if word.isdecimal() and 1 <= int(word) <= len(names) else None


def confirm_direction(
    sides: Sides, shape: TaskShape, wishes: Wishes, asker: Asker
) -> tuple[Sides, TaskShape]:
    """Let the user turn a translation around, or name its languages.

    Raises:
        T5TuneError: A translation has a side whose language nobody knows.
    """
    are_named = wishes.source_lang is not None and wishes.target_lang is not None
    if not asker.is_silent and not are_named and (shape.task == "translation" or shape.is_open):
        sides, shape = _ask_direction(sides, shape, asker)
    if shape.task == "translation" and None in sides.codes:
        raise T5TuneError(
            "The texts do not tell their languages, which a translation needs.",
            next_command="the same command with --source-lang en --target-lang de   # for example",
        )
    return sides, shape


def _ask_direction(sides: Sides, shape: TaskShape, asker: Asker) -> tuple[Sides, TaskShape]:
    codes = [code or "?" for code in sides.codes]
    said = asker.ask(
        f"Translate from {codes[0]} to {codes[1]}? Enter, or two codes such as de en",
        " ".join(codes),
    )
    words = said.replace(",", " ").split()
    if len(words) != 2 or words == codes or "?" in words:
        return sides, shape
    if words == codes[::-1]:
        return sides.turned("the direction that you chose"), shape
    named = SideLanguage(words[0], "as you said"), SideLanguage(words[1], "as you said")
    return Sides(sides.roles, *named), TaskShape("translation", "as you said")
