"""Pure maths of flow matching: path, schedule, objective, guidance, solvers. No network is known here.

x0 is noise, x1 is data, t runs from 0 (noise) to 1 (data); a noise level is 1 - t.
"""
