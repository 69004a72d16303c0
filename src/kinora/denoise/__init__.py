"""The Canvas and the one loop. In: a canvas and a velocity. Out: the canvas with nothing left to dream."""
