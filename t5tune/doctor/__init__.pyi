from .checkup import Checkup as Checkup
from .checkup import examine as examine
from .known_faults import find_faults as find_faults
