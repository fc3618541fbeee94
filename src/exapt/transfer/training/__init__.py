"""The loop and what it needs.

>>> from exapt.transfer.training import fit, predict, TrainingSets
"""

from exapt.transfer.training.history import Epoch, History
from exapt.transfer.training.loop import Score, TrainingSets, fit
from exapt.transfer.training.predict import features, predict

__all__ = ["Epoch", "History", "Score", "TrainingSets", "features", "fit", "predict"]
