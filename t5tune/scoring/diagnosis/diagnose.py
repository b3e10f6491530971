"""What went wrong in a system's output, how often, and the recipe line that mends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from t5tune.scoring.diagnosis import remedies
from t5tune.scoring.diagnosis.copied_text import find_copies
from t5tune.scoring.diagnosis.findings import Finding
from t5tune.scoring.diagnosis.lengths import find_cut, find_empty, find_long, find_short
from t5tune.scoring.diagnosis.numbers_and_names import find_lost_names, find_lost_numbers
from t5tune.scoring.diagnosis.outputs import Outputs, Sightings
from t5tune.scoring.diagnosis.repetition import find_loops
from t5tune.scoring.diagnosis.special_tokens import find_special, find_unknown
from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.diagnosis.undertraining import find_undertraining, subordinate
from t5tune.scoring.diagnosis.wrong_language import find_wrong_language

_NUM_EXAMPLES = 5
# One odd example is not a pattern.
_MIN_FOUND = 2


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: As in `Finding`.
        title: As in `Finding`.
        notable_rate: From here on a finding is notable.
        find: Looks for it.
        remedy: Says what mends it, once all kinds have been looked for.
    """

    name: str
    title: str
    notable_rate: float
    find: Callable[[Outputs], Sightings]
    remedy: Callable[[Outputs, Mapping[str, Sightings]], str]


# Rates: beyond the highest of the 16 systems of newstest2017 English-German, and 1 in 1000 for
# what none of their 48064 hypotheses does; docs/diagnosis.md has the numbers. Chosen, not measured:
# those of copies, lost names and the length limit.
FAULTS = (
    Fault(
        "hit_length_limit", "stopped at the length limit", 0.005, find_cut, remedies.against_limit
    ),
    Fault("empty", "empty", 0.001, find_empty, remedies.against_empty),
    Fault(
        "source_copied", "the source, not translated", 0.01, find_copies, remedies.against_copies
    ),
    Fault(
        "wrong_language",
        "in another language or script",
        0.01,
        find_wrong_language,
        remedies.against_language,
    ),
    Fault("loop", "the same words again and again", 0.01, find_loops, remedies.against_loops),
    Fault(
        "unknown_tokens",
        "unknown tokens in the text",
        0.001,
        find_unknown,
        remedies.against_unknown,
    ),
    Fault(
        "special_tokens",
        "sentinels or language codes in the text",
        0.001,
        find_special,
        remedies.against_special,
    ),
    Fault(
        "numbers_lost",
        "a number of the source is missing",
        0.1,
        find_lost_numbers,
        remedies.against_lost_spelling,
    ),
    Fault(
        "names_lost",
        "a name of the source is missing",
        0.1,
        find_lost_names,
        remedies.against_lost_spelling,
    ),
    Fault(
        "too_short",
        "less than half as long as the reference",
        0.01,
        find_short,
        remedies.against_short,
    ),
    Fault(
        "too_long",
        "more than twice as long as the reference",
        0.01,
        find_long,
        remedies.against_long,
    ),
)


def diagnose(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    sources: Sequence[str] | None = None,
    reached_limit: Sequence[bool] | None = None,
    target_lang: str | None = None,
    source_lang: str | None = None,
    decoding: Mapping[str, object] | None = None,
    task: str | None = None,
    run: TrainedRun | None = None,
) -> tuple[Finding, ...]:
    """Look for every kind of fault.

    Args:
        hypotheses: One text per example.
        references: `references[i]` are those of example i.
        sources: Input texts without the prefix; copies, numbers and names need them.
        reached_limit: Whether each hypothesis stopped at the length limit.
        target_lang: Language code of the hypotheses; another language than it needs it.
        source_lang: Language code of the sources.
        decoding: Generation settings by their Hugging Face names, for the remedies.
        task: As in a recipe: summaries leave numbers and names out on purpose.
        run: Whose model wrote the hypotheses, for the remedies.

    Returns:
        One finding of each kind in a fixed order, those that nothing was found of included;
        `num_looked_at` is 0 for what could not be looked at. Of a run, the first one is whether
        its training ended too early; if so, the others may be symptoms of it, and their remedies
        come after that one.

    Raises:
        ValueError: The numbers of hypotheses, references, sources and limits differ.
    """
    lengths = {len(hypotheses), len(references)}
    lengths |= {len(values) for values in (sources, reached_limit) if values is not None}
    if len(lengths) > 1:
        raise ValueError(f"hypotheses, references, sources and limits differ in number: {lengths}")
    outputs = Outputs(
        hypotheses=hypotheses,
        references=references,
        sources=sources,
        reached_limit=reached_limit,
        source_lang=source_lang,
        target_lang=target_lang,
        decoding=dict(decoding or {}),
        task=task,
        run=run,
    )
    seen = {fault.name: fault.find(outputs) for fault in FAULTS}
    findings = tuple(_finding(fault, outputs, seen) for fault in FAULTS)
    if run is None:
        return findings
    undertrained = find_undertraining(run)
    symptoms = (replace(one, remedy=subordinate(one.remedy, undertrained)) for one in findings)
    return (undertrained, *symptoms)


def _finding(fault: Fault, outputs: Outputs, seen: Mapping[str, Sightings]) -> Finding:
    sightings = seen[fault.name]
    num_found, num_looked_at = len(sightings), sightings.num_looked_at
    return Finding(
        name=fault.name,
        title=fault.title,
        num_found=num_found,
        num_looked_at=num_looked_at,
        examples=sightings.clearest(_NUM_EXAMPLES),
        all_examples=tuple(sorted(sightings.clearness)),
        remedy=fault.remedy(outputs, seen) if num_found else None,
        is_notable=num_found >= max(_MIN_FOUND, fault.notable_rate * num_looked_at),
    )


def finding_to_json(finding: Finding) -> dict[str, object]:
    """As JSON values, in the key order that other programs see."""
    return {
        "name": finding.name,
        "title": finding.title,
        "num_found": finding.num_found,
        "num_looked_at": finding.num_looked_at,
        "rate": finding.rate,
        "examples": list(finding.examples),
        "remedy": finding.remedy,
        "is_notable": finding.is_notable,
    }
