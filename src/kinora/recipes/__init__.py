"""Complete runs. In: nothing, or a few overrides. Out: a frozen recipe that says everything.

A recipe is a function; `RECIPES` names them for the command line.
"""

RECIPES = {
    "autoencoder_tiny": "kinora.recipes.autoencoder",
    "autoencoder_small": "kinora.recipes.autoencoder",
    "film_tiny": "kinora.recipes.film",
    "film_tiny_more": "kinora.recipes.film",
    "film_small": "kinora.recipes.film",
    "film_small_more": "kinora.recipes.film",
    "film_small_fine": "kinora.recipes.film",
    "few_steps_tiny": "kinora.recipes.few_steps",
    "few_steps_small": "kinora.recipes.few_steps",
    "fine_2x_tiny": "kinora.recipes.fine",
    "fine_4x_tiny": "kinora.recipes.fine",
    "fine_2x_small": "kinora.recipes.fine",
    "fine_4x_small": "kinora.recipes.fine",
    "judge_tiny": "kinora.recipes.judge",
    "judge_small": "kinora.recipes.judge",
}
"""Name of the function -> its module, imported only when it is asked for."""
