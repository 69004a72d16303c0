"""Complete runs. In: nothing, or a few overrides. Out: a frozen recipe that says everything.

A recipe is a function; `RECIPES` names them for the command line.
"""

RECIPES = {
    "autoencoder_tiny": "kinora.recipes.autoencoder",
    "autoencoder_small": "kinora.recipes.autoencoder",
    "film_tiny": "kinora.recipes.film",
    "film_small": "kinora.recipes.film",
    "judge_tiny": "kinora.recipes.judge",
}
"""Name of the function -> its module, imported only when it is asked for."""
