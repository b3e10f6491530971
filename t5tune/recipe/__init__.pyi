from .catalog import find_recipe as find_recipe
from .catalog import list_recipes as list_recipes
from .loading import load_recipe as load_recipe
from .schema import Recipe as Recipe
