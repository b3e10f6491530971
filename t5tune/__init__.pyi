from .errors import T5TuneError as T5TuneError
from .reporting.chosen_comparison import compare as compare
from .reporting.report import Report as Report
from .reporting.scored_texts import score as score
from .scoring.score import Score as Score
from .scoring.significance.comparison import Comparison as Comparison

__version__: str
