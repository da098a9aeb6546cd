"""How the bundled demo is made: drawn pictures, and weights pretrained on other drawn pictures.

Nothing here is needed at run time; `tools/make_demo.py` is the way in.
"""
