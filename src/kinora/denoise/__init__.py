"""The Canvas and the one loop. In: a canvas, a velocity function. Out: the canvas, dreamt to the end."""
