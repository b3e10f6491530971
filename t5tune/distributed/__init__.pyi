from .deepspeed import ZeroEngine as ZeroEngine
from .fsdp import shard_model as shard_model
from .processes import are_several as are_several
from .processes import broadcast_result as broadcast_result
from .processes import is_main_process as is_main_process
from .processes import on_main_process as on_main_process
from .processes import place as place
from .whole_copy import full_model as full_model
