"""Which columns are source and target, and in which languages."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from t5tune.drafting.column_survey import Column, Survey
from t5tune.drafting.usual_columns import ANSWERS, CONTEXTS, PAIRS, QUESTIONS, plain_name
from t5tune.drafting.wishes import Wishes
from t5tune.errors import T5TuneError, did_you_mean, list_names, visible
from t5tune.scoring.languages import short_code


@dataclass(frozen=True)
class Roles:
    """The two sides of an example.

    Attributes:
        source: Column of the sources, or a template.
        target: Column of the targets.
        reason: Why these.
        task: Task, if their names tell it.
        note: What the user should know about them.
    """

    source: str
    target: str
    reason: str
    task: str | None = None
    note: str = ""


def choose_roles(survey: Survey, wishes: Wishes) -> Roles | None:
    """Choose the columns by the user's words, by their names, or by their texts.

    Returns:
        None if several choices are as good.

    Raises:
        T5TuneError: There are not two columns of texts.
    """
    for option, name in (("--source", wishes.source), ("--target", wishes.target)):
        _check_name(option, name, survey, wishes)
    if wishes.source is not None and wishes.target is not None:
        return Roles(wishes.source, wishes.target, "as you said")
    texts = [one for one in survey.texts if one.name not in (wishes.source, wishes.target)]
    if len(texts) + (wishes.source is not None) + (wishes.target is not None) < 2:
        filled = [one for one in survey.columns if 2 * one.num_texts >= survey.num_rows]
        if texts and (roles := _choose_by_names(filled)):  # labels may be numbers
            return roles
        raise _refuse_columns(survey, wishes)
    if wishes.source is not None or wishes.target is not None:
        return _choose_other(texts, wishes)
    return (
        _choose_by_wished_languages(texts, wishes)
        or _choose_by_names(texts)
        or _choose_by_languages(texts)
        or (_choose_both(texts) if len(texts) == 2 else None)
    )


def _check_name(option: str, name: str | None, survey: Survey, wishes: Wishes) -> None:
    """Refuse a name that no column has; a template's are checked where it is read."""
    known = [one.name for one in survey.columns]
    if name is None or "{" in name or not known:
        return
    if any(f"{one}.".startswith(f"{name}.") for one in known):
        return
    words = " ".join(map(shlex.quote, wishes.names))
    raise T5TuneError(
        f"{option}: {words} has no column {name}{did_you_mean(name, known)} "
        f"(columns: {list_names(known)}).",
        next_command=f"t5tune init {words} {option} {shlex.quote(known[0])}   # for example",
    )


def _choose_other(texts: Sequence[Column], wishes: Wishes) -> Roles | None:
    """Choose the column that goes with one that the user has named."""
    if len(texts) != 1:
        usual = [
            one
            for one in texts
            for pair in PAIRS
            if (plain_name(wishes.source or one.name) in pair.sources)
            and plain_name(wishes.target or one.name) in pair.targets
        ]
        if not usual:
            return None
        texts = usual
    other = texts[0].name
    reason = f"as you said; {other} is the other column of texts"
    return Roles(wishes.source or other, wishes.target or other, reason)


def _choose_by_names(texts: Sequence[Column]) -> Roles | None:
    """Choose by usual names, of questions with the contexts that they are about."""
    named = {plain_name(one.name): one.name for one in texts}

    def find(names: Sequence[str]) -> str | None:
        return next((named[name] for name in names if name in named), None)

    question, context, answer = find(QUESTIONS), find(CONTEXTS), find(ANSWERS)
    if question and context and answer:
        template = f"question: {{{question}}} context: {{{context}}}"
        return Roles(template, answer, "questions about contexts", "text2text")
    for pair in PAIRS:
        source, target = find(pair.sources), find(pair.targets)
        if source and target and source != target:
            reason = f"columns that are usually source and target: {source} and {target}"
            return Roles(source, target, reason, pair.task)
    return None


def _choose_by_languages(texts: Sequence[Column]) -> Roles | None:
    """Choose the two columns whose names tell a language, or whose texts are in two languages."""
    named = [one for one in texts if one.named_language is not None]
    if len({one.named_language for one in named}) == len(named) == 2:
        first, second = (one.name for one in named)
        return Roles(first, second, "columns named by two languages, in their order")
    if len(named) > 2:
        return None
    told = [one for one in texts if one.identified.language is not None]
    if len({one.identified.language for one in told}) == len(told) == 2 and len(texts) > 2:
        first, second = (one.name for one in told)
        return Roles(first, second, "columns with texts in two languages")
    return None


def _choose_by_wished_languages(texts: Sequence[Column], wishes: Wishes) -> Roles | None:
    """Choose the columns in the languages that the user has named, by their names or texts."""
    codes = wishes.source_lang, wishes.target_lang
    source, target = (None if code is None else _find_in_language(texts, code) for code in codes)
    known = source or target
    others = [one.name for one in texts if one is not known]
    if known is None or source is target or (None not in codes and None in (source, target)):
        return None
    if None in codes and len(others) > 1:
        return None
    first, second = (one.name if one is not None else others[0] for one in (source, target))
    return Roles(first, second, "the columns in the languages that you named")


def _find_in_language(texts: Sequence[Column], code: str) -> Column | None:
    """Return the only column in a language: by names, or by texts where no name tells it."""
    named = [one for one in texts if short_code(one.named_language) == short_code(code)]
    found = named or [one for one in texts if one.language == short_code(code)]
    return found[0] if len(found) == 1 else None


def _choose_both(texts: Sequence[Column]) -> Roles:
    first, second = (one.name for one in texts)
    return Roles(first, second, "the two columns of texts, in their order")


def _refuse_columns(survey: Survey, wishes: Wishes) -> T5TuneError:
    names = ", ".join(shlex.quote(name) for name in wishes.names)
    every = [one.name for one in survey.columns]
    found = [one.name for one in survey.texts]
    if not survey.num_rows and survey.bad:
        return T5TuneError(
            f"No row of {names} can be read; the first one: {survey.bad[0].message}",
            next_command=survey.bad[0].next_command,
        )
    if not survey.num_rows:
        return T5TuneError(
            f"{names} holds no example.", next_command="t5tune init FILE   # with pairs of texts"
        )
    count = (
        f"one column of texts ({visible(found[0], one_line=True)})"
        if found
        else "no column of texts"
    )
    return T5TuneError(
        f"{names} has {count}, and an example has a source and a target "
        f"(columns: {list_names(every)}).",
        next_command=f"t5tune init {names} OTHER_FILE   # line n of one file belongs to line n "
        "of the other"
        if len(every) == 1
        else f"t5tune init {names} --source COLUMN --target COLUMN",
    )


def refuse_choice(survey: Survey, wishes: Wishes) -> T5TuneError:
    """Return the error for columns of which nobody says which two to take."""
    names = [one.name for one in survey.texts]
    words = " ".join(map(shlex.quote, wishes.names))
    given = [name for name in (wishes.source, wishes.target) if name is not None]
    others = iter(name for name in names if name not in given)
    first, second = (shlex.quote(name or next(others)) for name in (wishes.source, wishes.target))
    return T5TuneError(
        f"{words} has {len(names)} columns of texts ({list_names(names)}), and nothing tells which "
        "ones are source and target.",
        next_command=f"t5tune init {words} --source {first} --target {second}   # for example",
    )


def swap(roles: Roles, reason: str, note: str = "") -> Roles:
    """Return the roles in the other direction."""
    return replace(roles, source=roles.target, target=roles.source, reason=reason, note=note)
