"""The versions of Python, t5tune and the packages that it needs, beside the ranges it wants."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator
from dataclasses import dataclass

from t5tune import __version__


@dataclass(frozen=True)
class Package:
    """A package that t5tune needs, or one that an extra needs and that is installed.

    Attributes:
        wanted: The range of versions that pyproject.toml names; empty for any.
        installed: The version; None if it is not installed.
        extra: The extra that needs it; None for what every installation has.
        fits: Whether the installed version is in the range.
    """

    name: str
    wanted: str
    installed: str | None
    extra: str | None
    fits: bool

    @property
    def requirement(self) -> str:
        """The requirement as pip takes it."""
        return f"{self.name}{self.wanted}"


@dataclass(frozen=True)
class Installation:
    """What is installed.

    Attributes:
        system: Name, release and architecture of the operating system.
        problem: Why the packages are unknown; None if they are known.
    """

    t5tune: str
    python: str
    system: str
    packages: tuple[Package, ...]
    problem: str | None = None


def examine_installation() -> Installation:
    """Return the versions without importing a package."""
    packages: tuple[Package, ...] = ()
    problem = None
    try:
        packages = tuple(_list_packages())
    except importlib.metadata.PackageNotFoundError:
        problem = "t5tune is not installed as a package, so the versions that it needs are unknown."
    except ImportError as error:
        problem = f"The versions that t5tune needs cannot be read: {error}."
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Installation(__version__, platform.python_version(), system, packages, problem)


def _list_packages() -> Iterator[Package]:
    from packaging.requirements import Requirement

    for text in importlib.metadata.requires("t5tune") or []:
        requirement = Requirement(text)
        extra = None
        if requirement.marker is not None:
            extras = ("cuda", "deepspeed", "ray", "serve")
            extra = next((e for e in extras if requirement.marker.evaluate({"extra": e})), None)
            if extra is None:
                continue
        try:
            installed = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            installed = None
        if installed is None and extra is not None:
            continue
        fits = installed is not None and requirement.specifier.contains(installed, prereleases=True)
        # pip's order is by letters: `<3,>=2.8` reads better the other way round.
        wanted = ",".join(sorted(map(str, requirement.specifier), reverse=True))
        yield Package(requirement.name, wanted, installed, extra, fits)
