from .directory import RunDirectory as RunDirectory
from .lock import lock_run as lock_run
from .manifest import find_damage as find_damage
from .manifest import read_manifest as read_manifest
from .manifest import write_manifest as write_manifest
