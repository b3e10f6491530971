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
        `num_checked` is 0 for what could not be checked. For a run, the first one is whether its
        training ended too early; if so, the others may be symptoms of it, and their remedies
        follow that one.
    """
    detectors = [
        detector
        for detector in DETECTORS.values()
        if evidence.run is not None or detector.seen_in == "hypotheses"
    ]
    seen = {detector.name: detector.find(evidence) for detector in detectors}
    findings = {one.name: _build_finding(one, evidence, seen) for one in detectors}
    undertrained = findings.get(UNDERTRAINED)
    if undertrained is None:
        return tuple(findings.values())
    return tuple(
        one
        if one is undertrained
        else replace(one, remedy=subordinate(one.remedy, undertrained.remedy))
        for one in findings.values()
    )


def _build_finding(
    detector: Detector, evidence: Evidence, seen: Mapping[str, Sightings]
) -> Finding:
    sightings = seen[detector.name]
    num_found, num_checked = len(sightings), sightings.num_checked
    is_about_outputs = detector.seen_in == "hypotheses"
    return Finding(
        name=detector.name,
        title=detector.title,
        num_found=num_found,
        num_checked=num_checked,
        remedy=detector.remedy(evidence, seen) if num_found else None,
        is_notable=num_found >= max(detector.min_found, detector.notable_rate * num_checked),
        seen_in=detector.seen_in,
        examples=sightings.clearest(_NUM_EXAMPLES) if is_about_outputs else (),
        all_examples=tuple(sorted(sightings.clarity)) if is_about_outputs else (),
    )


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
