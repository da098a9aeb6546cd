"""Fine-tune image classifiers by pointing and clicking."""

__version__ = "0.1.0"
