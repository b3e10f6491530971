"""The section `data.cleaning` of a recipe: by which rules training pairs are left out.

Each key is a rule, which a module in `t5tune/data/cleaning/rules/` applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from t5tune.errors import did_you_mean
from t5tune.recipe.sections.section import PositiveInt, Section

STANDARD = "standard"


class Rule(Section):
    """A rule with settings; `true` gives them their defaults."""


class LengthRatio(Rule):
    """Pairs of which one text is much longer."""

    most: Annotated[float, Field(gt=1)] = Field(
        default=3.0,
        description="Greatest ratio of the lengths in characters, each plus 10; an ideograph, a "
        "kana or a Hangul syllable counts as two and a half.",
    )


class TooLong(Rule):
    """Pairs with a long text."""

    characters: PositiveInt = Field(default=1000, description="Greatest length of a text.")


class SourceCopied(Rule):
    """Pairs whose target is the source."""

    similarity: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.9,
        description="Least similarity of a copy, apart from case and spaces: 1 less insertions "
        "and deletions by the lengths of both.",
    )


class ScriptMismatch(Rule):
    """Texts in another script than that of their language."""

    share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="Least share of the letters that are in a script of the language."
    )


class WrongLanguage(Rule):
    """Texts in another language."""

    probability: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.8,
        description="Least probability of the other language, unless it is that of the other side.",
    )


class NumberMismatch(Rule):
    """Pairs whose numbers differ."""

    one_side: bool = Field(
        default=False,
        description="Whether it is enough that one side has a number that the other one lacks.",
    )


class Duplicates(Rule):
    """Pairs that occurred before."""

    sides: Literal["both", "source", "target"] = Field(
        default="both", description="Texts that are the same as those of an earlier pair."
    )


def _read_switch(value: Any) -> Any:
    """Return the settings for `true`, and none for `false`."""
    return ({} if value else None) if isinstance(value, bool) else value


def _or_switch(section: Any) -> BeforeValidator:
    return BeforeValidator(_read_switch, json_schema_input_type=bool | section | None)


Switch = Annotated[bool | None, BeforeValidator(lambda value: None if value is False else value)]
OfLengthRatio = Annotated[LengthRatio | None, _or_switch(LengthRatio)]
OfTooLong = Annotated[TooLong | None, _or_switch(TooLong)]
OfSourceCopied = Annotated[SourceCopied | None, _or_switch(SourceCopied)]
OfScriptMismatch = Annotated[ScriptMismatch | None, _or_switch(ScriptMismatch)]
OfWrongLanguage = Annotated[WrongLanguage | None, _or_switch(WrongLanguage)]
OfNumberMismatch = Annotated[NumberMismatch | None, _or_switch(NumberMismatch)]
OfDuplicates = Annotated[Duplicates | None, _or_switch(Duplicates)]


class CleaningSection(Section):
    """Rules by which training pairs are left out; each is off unless it is named."""

    blank: Switch = Field(
        default=None, description="A text without any visible character; blank ones always go."
    )
    control_characters: Switch = Field(
        default=None,
        description="A text with control characters, U+FFFD or other characters that no text has.",
    )
    html: Switch = Field(default=None, description="A text with tags or entities of HTML.")
    too_long: OfTooLong = Field(default=None, description="A text that is too long.")
    length_ratio: OfLengthRatio = Field(
        default=None, description="One text is much longer than the other."
    )
    source_copied: OfSourceCopied = Field(default=None, description="The target is the source.")
    script_mismatch: OfScriptMismatch = Field(
        default=None, description="A text is not in the script of its language."
    )
    wrong_language: OfWrongLanguage = Field(
        default=None, description="A text is surely in another language."
    )
    repeated_text: Switch = Field(
        default=None, description="A text repeats words or letters, and the other one does not."
    )
    number_mismatch: OfNumberMismatch = Field(
        default=None, description="Each text has a number that the other one lacks."
    )
    duplicates: OfDuplicates = Field(default=None, description="The pair occurred before.")
    normalized_duplicates: OfDuplicates = Field(
        default=None,
        description="The pair occurred before, apart from case, spaces and punctuation.",
    )

    @property
    def rules(self) -> dict[str, Rule]:
        """Rules that are named, in the order in which they are applied."""
        given = {name: getattr(self, name) for name in RULE_NAMES}
        return {name: Rule() if rule is True else rule for name, rule in given.items() if rule}


RULE_NAMES = tuple(CleaningSection.model_fields)
DUPLICATES = ("duplicates", "normalized_duplicates")  # rules that remember earlier pairs
OF_LANGUAGES = ("script_mismatch", "wrong_language")  # rules that need the languages
# What pairs that are not translations may do: a summary is short and has some of the numbers.
OF_TRANSLATIONS = (
    "too_long", "length_ratio", "source_copied", *OF_LANGUAGES, "number_mismatch",
)  # fmt: skip
# `standard` by task: exact repetitions go, those that differ in punctuation may be meant.
STANDARD_RULES = tuple(name for name in RULE_NAMES if name != "normalized_duplicates")


def fit_standard(value: Any, task: Any) -> Any:
    """Return rules as they are written in a recipe, with those of `standard` for its task."""
    rules = [
        name for name in STANDARD_RULES if task == "translation" or name not in OF_TRANSLATIONS
    ]
    if value == STANDARD:
        return rules
    if isinstance(value, list):
        return [name for item in value for name in (rules if item == STANDARD else [item])]
    return value


def _read_rules(value: Any) -> Any:
    """Return the rules by name for a list of names and of settings by name."""
    value = fit_standard(value, "translation")
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return value
    rules: dict[Any, Any] = {}
    for item in value:
        settings = item if isinstance(item, Mapping) else {str(item): True}
        for name in settings:
            if name not in RULE_NAMES:
                hint = did_you_mean(str(name), [STANDARD, *RULE_NAMES])
                raise ValueError(f"{name!r:.60} is not a rule{hint or f'; there are {NAMES}'}")
        rules |= settings
    return rules


if TYPE_CHECKING:
    RuleName = str
else:  # no type checker can read a table
    RuleName = Literal[(STANDARD, *RULE_NAMES)]
NAMES = f"{STANDARD}, {', '.join(RULE_NAMES[:-1])} and {RULE_NAMES[-1]}"
# `standard`, a list of names and of settings by name, or settings by name.
Cleaning = Annotated[
    CleaningSection | None,
    BeforeValidator(
        _read_rules,
        json_schema_input_type=RuleName | list[RuleName | CleaningSection] | CleaningSection | None,
    ),
]
