from .compute import score_hypotheses as score_hypotheses
from .score import Score as Score
from .score import ScoringOptions as ScoringOptions
from .significance.comparison import Comparison as Comparison
from .significance.comparison import compare_systems as compare_systems
