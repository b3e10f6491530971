from .console import silence as silence
from .decoding.opened_model import OpenedModel as OpenedModel
from .decoding.opening import load as load
from .decoding.scored_pairs import ScoredPair as ScoredPair
from .decoding.translator import DecodingOptions as DecodingOptions
from .decoding.translator import Hypothesis as Hypothesis
from .errors import T5TuneError as T5TuneError
from .recipe.schema import Recipe as Recipe
from .reporting.chosen_evaluation import evaluate as evaluate
from .reporting.comparisons.chosen_comparison import compare as compare
from .reporting.reports.report import Report as Report
from .reporting.reports.report import format_json as format_json
from .reporting.scored_texts import score as score
from .scoring.score import Score as Score
from .scoring.significance.comparison import Comparison as Comparison
from .training.entry import train as train
from .training.result import TrainingResult as TrainingResult

__version__: str
