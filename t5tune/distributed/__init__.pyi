from .deepspeed import ZeroEngine as ZeroEngine
from .fsdp import shard_model as shard_model
from .processes import are_several as are_several
from .processes import from_first as from_first
from .processes import is_first as is_first
from .processes import only_first as only_first
from .processes import place as place
from .whole_copy import whole_model as whole_model
