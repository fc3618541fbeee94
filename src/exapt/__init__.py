"""exapt: transfer learning for biology that says whether the transfer helped."""

__version__ = "0.1.0"
