"""A checkup as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from t5tune.console import format_bytes
from t5tune.doctor.checkup import Checkup
from t5tune.doctor.installation import Package
from t5tune.doctor.known_faults import Finding

# Shown always; the others only if they do not fit.
_MAIN = (
    "torch", "transformers", "accelerate", "datasets", "tokenizers", "sentencepiece", "ctranslate2",
    "huggingface-hub", "sacrebleu", "peft", "numpy", "pyarrow",
)  # fmt: skip


def format_checkup(checkup: Checkup, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the lines: what there is, then what is wrong with it."""
    installation = checkup.installation
    yield f"t5tune {installation.t5tune}, Python {installation.python}, {installation.system}"
    yield from _format_packages(checkup)
    rows = [*_describe_machine(checkup), *_describe_places(checkup)]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        yield f"{name:{width}}  {text}"
    yield ""
    if not findings:
        yield "nothing is wrong with this machine, as far as t5tune knows"
    for finding in findings:
        yield f"{'broken ' if finding.is_broken else 'warning'}  {finding.what}"
        yield f"         {finding.effect}"
        yield f"         try: {finding.mend}"


def _format_packages(checkup: Checkup) -> Iterator[str]:
    packages = checkup.installation.packages
    shown = [one for one in packages if one.name in _MAIN or one.extra or not one.fits]
    shown.sort(key=lambda one: _MAIN.index(one.name) if one.name in _MAIN else len(_MAIN))
    if not shown:
        return
    widths = [max(len(text) for text in column) for column in zip(*map(_cells, shown), strict=True)]
    yield ""
    for package in shown:
        cells = [f"{cell:{width}}" for cell, width in zip(_cells(package), widths, strict=True)]
        yield "  ".join(cells).rstrip()
    num_others = len(packages) - len(shown)
    if num_others:
        yield f"{num_others} more, each in its range"
    yield ""


def _cells(package: Package) -> tuple[str, str, str]:
    extra = f" (t5tune[{package.extra}])" if package.extra else ""
    state = "" if package.fits else "  <- does not fit"
    return (
        package.name,
        f"{package.installed or 'not installed'}{extra}",
        f"wanted: {package.wanted or 'any'}{state}",
    )


def _describe_machine(checkup: Checkup) -> Iterator[tuple[str, str]]:
    torch, ctranslate2 = checkup.facts_of("torch"), checkup.facts_of("ctranslate2")
    processor, cores = checkup.processor, checkup.cores
    yield "processor", f"{processor.name} ({', '.join(processor.features) or 'features unknown'})"
    for device in torch.get("devices", ()):
        kinds = " and ".join(kind for kind in ("bf16", "fp16") if device[kind]) or "fp32 only"
        yield (
            "accelerator",
            f"{device['name']}, {format_bytes(device['memory_bytes'])}, capability "
            f"{device['capability']} ({kinds})",
        )
    for gpu in checkup.gpus:
        yield (
            "driver",
            f"{gpu.name}, {format_bytes(gpu.memory_bytes)}, {format_bytes(gpu.used_bytes)} in use, "
            f"driver {gpu.driver}",
        )
    if not torch.get("devices") and not checkup.gpus:
        yield "accelerator", "none"
    if torch:
        yield (
            "precision",
            f"bf16: auto would choose {torch['auto']}; torch is built for {torch['built_for']}, "
            f"computing with {torch['cpu_capability']} on the processor",
        )
    if ctranslate2:
        yield "exports", f"CTranslate2 computes in {', '.join(ctranslate2['compute_types'])}"
    quota = "" if cores.quota is None else f", a container grants the time of {cores.quota:g}"
    plural = "" if torch and torch["num_threads"] == 1 else "s"
    threads = f"; torch uses {torch['num_threads']} thread{plural}" if torch else ""
    yield (
        "cores",
        f"{cores.num_seen}, of which this process may use {cores.num_allowed}{quota}{threads}; "
        f"other programs want {cores.num_others:.1f}",
    )
    given = [f"{name}={value}" for name, value in checkup.threads.environment.items()]
    chosen = checkup.threads.spin_count
    spins = [f"t5tune would now set GOMP_SPINCOUNT={chosen}"] if chosen else []
    libraries = [f"torch waits in {' and '.join(torch['openmp'])}"] if torch.get("openmp") else []
    yield "waiting", ", ".join(given + spins + libraries) or "as the libraries do by default"
    if (memory := checkup.memory) is not None:
        yield (
            "memory",
            f"{format_bytes(memory.free_bytes)} free of {format_bytes(memory.total_bytes)}",
        )


def _describe_places(checkup: Checkup) -> Iterator[tuple[str, str]]:
    for cache in checkup.caches:
        least = "" if cache.is_complete else "at least "
        yield f"cache: {cache.name}", f"{least}{format_bytes(cache.num_bytes)} in {cache.path}"
    for disk in checkup.disks:
        yield (
            "disk",
            f"{format_bytes(disk.free_bytes)} free of {format_bytes(disk.total_bytes)} at "
            f"{disk.path} ({', '.join(disk.uses)})",
        )
    hub = checkup.hub
    words = {
        "answers": f"answers in {hub.seconds} s",
        "offline": "not asked: this machine is told to stay offline",
        "silent": f"does not answer: {hub.reason}",
        "unknown": hub.reason or "",
    }
    token = {
        "none": "no token",
        "accepted": "a token that it accepts",
        "refused": "a token that it refuses",
        "not tried": "a token, not tried",
    }
    yield "hub", f"{hub.endpoint} {words[hub.state]}; {token[hub.token]}"
