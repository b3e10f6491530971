"""Everything that is known of this machine, examined in a few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from t5tune.console import track
from t5tune.doctor.hardware import (
    Cores,
    Gpu,
    MainMemory,
    Processor,
    Threads,
    examine_cores,
    examine_memory,
    examine_processor,
    examine_threads,
    list_gpus,
)
from t5tune.doctor.hub_access import HubAccess, examine_hub
from t5tune.doctor.installation import Installation, examine_installation
from t5tune.doctor.library_probes import GROUPS, Library, LibraryProbe, training_environment
from t5tune.doctor.storage import Cache, Disk, list_caches, list_disks

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Checkup:
    """What was found on this machine.

    Attributes:
        memory: None without psutil.
        gpus: GPUs of NVIDIA's driver; those that torch sees are among the facts of torch.
    """

    installation: Installation
    libraries: tuple[Library, ...]
    processor: Processor
    cores: Cores
    threads: Threads
    memory: MainMemory | None
    gpus: tuple[Gpu, ...]
    caches: tuple[Cache, ...]
    disks: tuple[Disk, ...]
    hub: HubAccess

    def facts_of(self, library: str) -> Mapping[str, Any]:
        """Return what a library tells of the machine; nothing if it cannot be imported."""
        return next((one.facts for one in self.libraries if one.name == library), {})

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}


def examine() -> Checkup:
    """Examine the machine; what is broken on it is a part of the answer, not an exception."""
    with track("examining the machine"):
        cores = examine_cores()  # before our own processes want cores
        environment = training_environment()
        probes = [LibraryProbe(names, environment) for names in GROUPS]
        installation, processor, gpus = examine_installation(), examine_processor(), list_gpus()
        caches, disks, hub = list_caches(), list_disks(), examine_hub()
        return Checkup(
            installation=installation,
            libraries=tuple(library for probe in probes for library in probe.wait()),
            processor=processor,
            cores=cores,
            threads=examine_threads(environment),
            memory=examine_memory(),
            gpus=gpus,
            caches=caches,
            disks=disks,
            hub=hub,
        )
