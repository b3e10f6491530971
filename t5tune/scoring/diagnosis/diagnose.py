"""Diagnosis of a system's output: its faults, their frequency, and their remedies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from t5tune.scoring.diagnosis.detectors import DETECTORS, Detector
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Finding
from t5tune.scoring.diagnosis.sightings import Sightings
from t5tune.scoring.diagnosis.undertraining import UNDERTRAINED, subordinate

_NUM_EXAMPLES = 5


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """Look for every kind of fault.

    Returns:
        One finding of each kind in the order of `DETECTORS`, including faults that were not found;
        `num_checked` is 0 for what could not be checked. The first one is about examples of the
        training data, if these are known. For a run, the next one is whether its training ended
        too early; if so, faults of hypotheses may be symptoms of it, and their remedies follow
        that one.
    """
    needed = {"validations": evidence.run, "examples": evidence.overlap, "hypotheses": evidence}
    detectors = [one for one in DETECTORS.values() if needed[one.seen_in] is not None]
    seen = {detector.name: detector.find(evidence) for detector in detectors}
    findings = {one.name: _build_finding(one, evidence, seen) for one in detectors}
    undertrained = findings.get(UNDERTRAINED)
    if undertrained is None:
        return tuple(findings.values())
    return tuple(
        replace(one, remedy=subordinate(one.remedy, undertrained.remedy))
        if one.is_about_outputs
        else one
        for one in findings.values()
    )


def _build_finding(
    detector: Detector, evidence: Evidence, seen: Mapping[str, Sightings]
) -> Finding:
    sightings = seen[detector.name]
    num_found, num_checked = len(sightings), sightings.num_checked
    finding = Finding(
        name=detector.name,
        title=detector.title,
        num_found=num_found,
        num_checked=num_checked,
        remedy=detector.remedy(evidence, seen) if num_found else None,
        is_notable=num_found >= max(detector.min_found, detector.notable_rate * num_checked),
        seen_in=detector.seen_in,
        examples=sightings.clearest(_NUM_EXAMPLES),
        all_examples=tuple(sorted(sightings.clarity)),
    )
    return finding if finding.has_examples else replace(finding, examples=(), all_examples=())


def finding_to_json(finding: Finding) -> dict[str, object]:
    """Return JSON values, in the key order that other programs see."""
    return {
        "name": finding.name,
        "title": finding.title,
        "num_found": finding.num_found,
        "num_checked": finding.num_checked,
        "rate": finding.rate,
        "examples": list(finding.examples),
        "remedy": finding.remedy,
        "is_notable": finding.is_notable,
    }
