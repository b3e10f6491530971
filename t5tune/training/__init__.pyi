from .entry import train as train
from .result import TrainingResult as TrainingResult
from .verification import Check as Check
from .verification import verify_run as verify_run
