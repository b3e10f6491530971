"""The languages of source and target: by the user, by names of columns and files, by the texts."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.drafting.column_survey import Column
from t5tune.scoring.english_names import name_language
from t5tune.scoring.language_identity import are_alike
from t5tune.scoring.languages import short_code

_SURE_SHARE = 0.9  # of the groups of texts, against what a name says


@dataclass(frozen=True)
class SideLanguage:
    """The language of one side.

    Attributes:
        code: Code as a recipe writes it; None if nothing tells it.
        reason: Why this one.
        contradicts: Language that the texts are surely in, if the name says another one.
    """

    code: str | None
    reason: str
    contradicts: str | None = None


def find_language(column: Column | None, given: str | None) -> SideLanguage:
    """Return the language of a side.

    Args:
        column: Its column; None for a template.
        given: Code that the user gives.
    """
    if column is None:
        return SideLanguage(given, "as you said" if given else "")
    named, identified = given or column.named_language, column.identified
    share = f"{100 * identified.share:.0f} % of its texts"
    if named is not None:
        found = identified.language
        is_other = (
            found is not None
            and identified.share >= _SURE_SHARE
            and found != short_code(named)
            and not are_alike(found, short_code(named))
        )
        reason = "as you said" if given else f"the name {column.name.strip()}"
        if found == short_code(named):
            reason += f", and {share}"
        return SideLanguage(named, reason, found if is_other else None)
    if identified.language is not None:
        reason = f"{share} are {name_language(identified.language)}"
        return SideLanguage(identified.language, reason)
    return SideLanguage(None, "its texts do not tell")


def are_swapped(source: SideLanguage, target: SideLanguage) -> bool:
    """Return whether each side is in the language that the name of the other one says."""
    return (
        source.contradicts is not None
        and target.contradicts is not None
        and source.contradicts == short_code(target.code)
        and target.contradicts == short_code(source.code)
    )
