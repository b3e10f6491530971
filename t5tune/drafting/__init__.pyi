from .draft import draft_recipe as draft_recipe
from .wishes import Wishes as Wishes
