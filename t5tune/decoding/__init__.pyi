from .found_model import find_model as find_model
from .loaded_model import LoadedModel as LoadedModel
from .opened_model import OpenedModel as OpenedModel
from .opening import load as load
from .scored_pairs import ScoredPair as ScoredPair
from .translator import DecodingOptions as DecodingOptions
from .translator import Hypothesis as Hypothesis
from .translator import Translator as Translator
