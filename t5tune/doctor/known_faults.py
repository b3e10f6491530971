"""What is known to break t5tune, or to slow it down, and can be seen on a machine.

Each entry of `KNOWN_FAULTS` looks for one thing. `t5tune doctor` exits with 1 if one that is
broken is found; the others cost time or leave something out.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from t5tune.console import format_bytes
from t5tune.distributed.launch_environment import find_place
from t5tune.distributed.torch_import import CUBLAS_WORKSPACE
from t5tune.doctor.checkup import Checkup
from t5tune.errors import T5TuneError

# Bytes that torch and Transformers take (docs/benchmarks.md, "Preparing training data").
_IMPORTS = 460 << 20
_DEFAULT_SPINS = 300_000  # of libgomp
_NEEDED_FOR = {
    "torch": "training, and for translating with what is not exported",
    "transformers": "training, and for translating with what is not exported",
    "ctranslate2": "exports and fast translation",
    "peft": "adapters",
    "evaluate": "metrics named evaluate:NAME",
    "tensorboard": "the curves of a run",
    "rouge-score": "ROUGE",
    "rapidfuzz": "error rates of words and characters",
    "sacrebleu": "BLEU, chrF and TER",
    "huggingface-hub": "everything that comes from the hub",
}


@dataclass(frozen=True)
class Sighting:
    """One thing that was found: a sentence about it, and the command that mends it."""

    what: str
    mend: str
    effect: str | None = None  # in place of that of the entry


@dataclass(frozen=True)
class KnownFault:
    """Something that can be wrong with a machine.

    Attributes:
        effect: A sentence: what does not work, or is slower or missing.
        is_broken: Whether something does not work at all.
    """

    name: str
    effect: str
    find: Callable[[Checkup], Iterator[Sighting]]
    is_broken: bool = False


@dataclass(frozen=True)
class Finding:
    """A known fault that this machine has."""

    name: str
    what: str
    effect: str
    mend: str
    is_broken: bool


def find_faults(checkup: Checkup) -> list[Finding]:
    """Return what is wrong with the machine, what is broken first."""
    found = [
        Finding(fault.name, seen.what, seen.effect or fault.effect, seen.mend, fault.is_broken)
        for fault in KNOWN_FAULTS
        for seen in fault.find(checkup)
    ]
    return sorted(found, key=lambda finding: not finding.is_broken)


def _find_unknown_versions(checkup: Checkup) -> Iterator[Sighting]:
    if checkup.installation.problem is not None:
        yield Sighting(checkup.installation.problem, f"{_pip()} install --editable .")


def _find_absent_packages(checkup: Checkup) -> Iterator[Sighting]:
    for package in checkup.installation.packages:
        if package.installed is None:
            what = f"{package.name} is not installed."
            yield Sighting(what, _install(package.requirement), _effect(package.name))


def _find_other_versions(checkup: Checkup) -> Iterator[Sighting]:
    for package in checkup.installation.packages:
        if package.installed is not None and not package.fits:
            yield Sighting(
                f"{package.name} {package.installed} is installed, and t5tune needs "
                f"{package.wanted}.",
                _install(package.requirement),
                _effect(package.name, package.extra),
            )


def _find_broken_libraries(checkup: Checkup) -> Iterator[Sighting]:
    installed = {package.name: package.installed for package in checkup.installation.packages}
    for library in checkup.libraries:
        # One that is absent is a finding already.
        if library.error is not None and installed.get(library.name, "") is not None:
            version = (installed.get(library.name) or "").partition("+")[0]
            requirement = f"{library.name}=={version}" if version else library.name
            yield Sighting(
                f"{library.name} cannot be used: {library.error.rstrip('.')}.",
                f"{_install(requirement)} --force-reinstall --no-deps",
                _effect(library.name),
            )


def _effect(package: str, extra: str | None = None) -> str | None:
    purpose = _NEEDED_FOR.get(package) if extra is None else f"what t5tune[{extra}] is for"
    return None if purpose is None else f"It is needed for {purpose}."


def _install(requirement: str) -> str:
    return f"{_pip()} install {shlex.quote(requirement)}"


def _pip() -> str:
    return shlex.join([sys.executable, "-m", "pip"])


def _find_contradictions(_: Checkup) -> Iterator[Sighting]:
    try:
        find_place(os.environ)
    except T5TuneError as error:
        what = f"{error.message[0].upper()}{error.message[1:]}"
        yield Sighting(what, error.next_command or "env | grep RANK")


def _find_other_processes(_: Checkup) -> Iterator[Sighting]:
    with suppress(T5TuneError):  # which is the finding above
        place = find_place(os.environ)
        if place.num_processes > 1:
            yield Sighting(
                f"The environment says that this is process {place.rank} of {place.num_processes}.",
                "unset RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE   # if no launcher is meant",
            )


def _find_unwritable(checkup: Checkup) -> Iterator[Sighting]:
    variables = {"cache": "T5TUNE_CACHE", "hub cache": "HF_HOME", "temporary files": "TMPDIR"}
    for disk in checkup.disks:
        if not disk.is_writable:
            own = [variables[use] for use in disk.uses if use in variables]
            hint = f"export {own[0]}=DIRECTORY" if own else "train with --output-dir DIRECTORY"
            yield Sighting(
                f"{disk.path} cannot be written to.",
                f"ls -ld {shlex.quote(disk.path)}   # or {hint}",
                f"This cannot be written: {', '.join(disk.uses)}.",
            )


def _find_full_disks(checkup: Checkup) -> Iterator[Sighting]:
    for disk in checkup.disks:
        if disk.free_bytes < 1e9:
            yield Sighting(
                f"{format_bytes(disk.free_bytes)} are free on the disk of {disk.path} "
                f"({', '.join(disk.uses)}).",
                f"df -h {shlex.quote(disk.path)}; t5tune cache list",
            )


def _find_little_memory(checkup: Checkup) -> Iterator[Sighting]:
    if checkup.memory is not None and checkup.memory.free_bytes < 2 * _IMPORTS:
        yield Sighting(
            f"{format_bytes(checkup.memory.free_bytes)} of memory are free, and torch and "
            f"Transformers alone take {format_bytes(_IMPORTS)}.",
            "ps aux --sort=-rss | head   # names the programs that have the memory",
        )


def _find_unseen_gpus(checkup: Checkup) -> Iterator[Sighting]:
    torch = checkup.facts_of("torch")
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
    if not checkup.gpus or not torch or torch["devices"] or is_hidden:
        return
    names = ", ".join(sorted({gpu.name for gpu in checkup.gpus}))
    if torch["built_for"].startswith("CUDA"):
        yield Sighting(
            f"This machine has a GPU ({names}), and torch for {torch['built_for']} does not see "
            f"it: its driver, {checkup.gpus[0].driver}, may be too old.",
            "nvidia-smi   # names the newest CUDA of the driver; then update the driver",
        )
        return
    yield Sighting(
        f"This machine has a GPU ({names}), and torch is built for {torch['built_for']}.",
        f"{_pip()} install --force-reinstall torch   # from PyPI it is built for CUDA",
    )


def _find_absent_cublas(checkup: Checkup) -> Iterator[Sighting]:
    facts = checkup.facts_of("ctranslate2")
    if facts and facts["num_usable_gpus"] < facts["num_gpus"]:
        yield Sighting(
            "CTranslate2 does not find the version of cuBLAS that it was built for.",
            _install("t5tune[cuda]"),
        )


def _find_many_threads(checkup: Checkup) -> Iterator[Sighting]:
    num = checkup.facts_of("torch").get("num_threads", 0)
    usable = checkup.cores.num_usable
    if num >= usable + 1:
        yield Sighting(
            f"torch computes with {num} threads, and this process has {usable:g} cores.",
            f"export OMP_NUM_THREADS={max(1, int(usable))}",
        )


def _find_spinning(checkup: Checkup) -> Iterator[Sighting]:
    given = checkup.threads.environment
    spins = given.get("GOMP_SPINCOUNT", "0").lower()
    is_long = {
        "OMP_WAIT_POLICY": given.get("OMP_WAIT_POLICY", "").lower() == "active",
        "GOMP_SPINCOUNT": spins.startswith("inf")
        or (spins.isdecimal() and int(spins) >= _DEFAULT_SPINS),
        "KMP_BLOCKTIME": given.get("KMP_BLOCKTIME", "").lower().startswith("inf"),
    }
    for name in filter(is_long.get, is_long):
        yield Sighting(f"{name} is {given[name]}.", f"unset {name}   # t5tune chooses then")


def _find_passive_waiting(checkup: Checkup) -> Iterator[Sighting]:
    policy = checkup.threads.environment.get("OMP_WAIT_POLICY", "")
    if policy.lower() == "passive":
        what = f"OMP_WAIT_POLICY is {policy}."
        yield Sighting(what, "unset OMP_WAIT_POLICY   # t5tune chooses then")


def _find_cublas_workspace(checkup: Checkup) -> Iterator[Sighting]:
    name, value = CUBLAS_WORKSPACE
    given = os.environ.get(name, value)
    if checkup.facts_of("torch").get("devices") and given not in (value, ":16:8"):
        yield Sighting(f"{name} is {given}.", f"export {name}={value}")


def _find_refused_token(checkup: Checkup) -> Iterator[Sighting]:
    if checkup.hub.token == "refused":
        unset = "unset HF_TOKEN; " if os.environ.get("HF_TOKEN") else ""
        yield Sighting("The hub refuses this machine's token.", f"{unset}hf auth login")


def _find_silent_hub(checkup: Checkup) -> Iterator[Sighting]:
    if checkup.hub.state == "silent":
        yield Sighting(
            f"The hub does not answer: {checkup.hub.reason}.",
            "export HF_HUB_OFFLINE=1   # if all that is needed is in the cache or in files",
        )


def _find_stale_locks(checkup: Checkup) -> Iterator[Sighting]:
    if not any(package.name == "deepspeed" for package in checkup.installation.packages):
        return
    default = Path("~/.cache/torch_extensions").expanduser()
    directory = Path(os.environ.get("TORCH_EXTENSIONS_DIR", default))
    for lock in directory.glob("*/*/lock") if directory.is_dir() else ():
        yield Sighting(
            f"{lock} is left from a compilation, unless one runs now.",
            f"rm -r {shlex.quote(str(directory))}   # DeepSpeed compiles it again",
        )


KNOWN_FAULTS = (
    KnownFault(
        "absent-package", "Commands that need it fail.", _find_absent_packages, is_broken=True
    ),
    KnownFault(
        "package-version", "Commands that need it may fail.", _find_other_versions, is_broken=True
    ),
    KnownFault(
        "broken-library", "Commands that need it fail.", _find_broken_libraries, is_broken=True
    ),
    KnownFault("launcher", "Training does not start.", _find_contradictions, is_broken=True),
    KnownFault(
        "unwritable", "What belongs there cannot be written.", _find_unwritable, is_broken=True
    ),
    KnownFault("token", "Every request with it is refused.", _find_refused_token, is_broken=True),
    KnownFault("unknown-versions", "Versions are not checked.", _find_unknown_versions),
    KnownFault("processes", "Training waits for the others.", _find_other_processes),
    KnownFault("stale-lock", "DeepSpeed waits for it when it starts.", _find_stale_locks),
    KnownFault("unseen-gpu", "Training and translating use the CPU.", _find_unseen_gpus),
    KnownFault("cublas", "Exports translate on the CPU.", _find_absent_cublas),
    KnownFault("disk-space", "What belongs there may not fit.", _find_full_disks),
    KnownFault("memory", "Only small models can be trained.", _find_little_memory),
    KnownFault("threads", "Threads wait for one another.", _find_many_threads),
    KnownFault(
        "spinning", "Beside other programs training loses most of its speed.", _find_spinning
    ),
    KnownFault(
        "passive-waiting",
        "Without other programs training is slower by a third to a half.",
        _find_passive_waiting,
    ),
    KnownFault("cublas-workspace", "Runs with the same seed may differ.", _find_cublas_workspace),
    KnownFault("hub", "What is not in the cache cannot be loaded from it.", _find_silent_hub),
)
