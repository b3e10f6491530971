from .processes import are_several as are_several
from .processes import from_first as from_first
from .processes import is_first as is_first
from .processes import only_first as only_first
from .processes import place as place
