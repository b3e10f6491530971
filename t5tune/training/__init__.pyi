from .session import TrainingResult as TrainingResult
from .session import train as train
from .verification import Check as Check
from .verification import verify_run as verify_run
