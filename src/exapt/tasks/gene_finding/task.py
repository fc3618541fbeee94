"""Find genes in eukaryotes: a label for each base, from which a grammar makes genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from exapt.bio.transcripts.labels import CLASSES, CODING, MASKED, REVERSE, Labels, of_text
from exapt.core.contracts import Backbone, Batch, Kind, Table, Task
from exapt.core.errors import ConfigError, DataError
from exapt.models.heads.tokens import TokenLinear

FEWEST = 20  # bases of a class; one with fewer is taken as it comes, as if its share were 1
CODES = 3  # labels of the positions of a codon
STRANDS = (CODING, CODING + REVERSE)  # the first of them on each strand


class GeneFinding(Task):
    """One label of `bio.transcripts.labels.CLASSES` a base -> cross-entropy; base F1 of coding letters by strand.

    The target column holds one letter a base (`bio.transcripts.labels.LETTERS`), ``?`` where nothing is known: such
    bases count neither in the loss nor in the score. Genes are made of the outputs by `decode.find_genes`.

    Parameters
    ----------
    balance
        Weigh each base in the loss by a power of the share of its class in training: share ** -balance, in [0, 1].
        With 0 splice sites (1 base in 500) hardly count. `decode` takes the weights out again.
    length, shares
        Bases of the longest training window, and the share of each class in training (1 where it had fewer than 20
        bases), as `state` writes them.
    """

    needs: ClassVar[Literal["pooled", "tokens"]] = "tokens"
    kind: Kind = "multilabel"  # of each base: is it coding on this strand?

    def __init__(self, *, balance: float = 0.5, length: int = 0, shares: Sequence[float] = ()) -> None:
        if not (isinstance(balance, int | float) and 0 <= balance <= 1):
            raise ConfigError(f"task 'gene_finding': balance lies in [0, 1]; found {balance!r}.")
        self.balance = balance
        self.length = length
        self.shares = tuple(shares)

    def fit(self, train: Table) -> None:
        """Check the columns; learn the longest window and the share of each class.

        Raises
        ------
        DataError
            Where there is not one input column of DNA and one target of labels as long as the DNA.
        """
        dna, labels = _columns(train)
        for name, text, row in zip(train.ids(), train.frame[dna], train.frame[labels], strict=True):
            if len(text) != len(row):
                raise DataError(f"{train.source}: window {name} has {len(text)} letters and {len(row)} labels.")
        self.length = max(map(len, train.frame[dna]), default=0)
        counts = np.bincount(self.targets(train)["labels"].ravel(), minlength=MASKED + 1)[: len(CLASSES)]
        self.shares = tuple(np.where(counts < FEWEST, 1.0, counts / max(counts.sum(), 1)).tolist())

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """`{"labels": ...}`: classes (n, L) uint8, 255 where nothing is known and beyond the end of a window.

        Raises
        ------
        DataError
            Where a letter stands for no label.
        """
        texts = table.frame[_columns(table)[1]].tolist()
        found = np.full((len(texts), max([self.length, *map(len, texts)])), MASKED, dtype=np.uint8)
        for row, text in zip(found, texts, strict=True):
            row[: len(text)] = of_text(text)
        return {"labels": found}

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """One linear layer from each token to the classes."""
        if len(backbones) > 1:
            raise ConfigError("task 'gene_finding' reads one column of DNA; name it with `input`.")
        return TokenLinear(backbones[0].dim, len(CLASSES))

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy in nats, weighted mean over the bases whose label is known; 0 where none is."""
        truth = batch.targets["labels"].long()
        _, stream = next(iter(batch.inputs.items()))
        if output.shape[1] != stream["mask"].shape[1]:
            raise ConfigError(
                f"task 'gene_finding' needs one token a base; the backbone turned {stream['mask'].shape[1]} bases into "
                f"{output.shape[1]} tokens. Use a variant without pooling."
            )
        truth = truth[:, : output.shape[1]].flatten()
        known = truth != MASKED
        weights = self._weights(output.device)
        total = F.cross_entropy(output.flatten(0, 1), truth, weights, ignore_index=MASKED, reduction="sum")
        return total / weights[truth[known]].sum().clamp(min=1)

    def _weights(self, device: torch.device) -> Tensor:
        """Weight of each class in the loss, (23,)."""
        return torch.tensor(self.shares or [1.0] * len(CLASSES), device=device) ** -self.balance

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """Probability that a base is coding, (n, 2 L): all bases on the forward strand, then on the reverse one."""
        chances = (output - self._weights(output.device).log()).softmax(-1)  # what weights in the loss have added
        strands = [chances[..., first : first + CODES].sum(-1) for first in STRANDS]
        missing = max(0, self.length - output.shape[1])
        return torch.cat([F.pad(strand, (0, missing)) for strand in strands], 1).double().cpu().numpy()

    def offsets(self) -> NDArray[np.float32]:
        """What a grammar adds to the log probability of each class, (23,): the rest of its share is divided out.

        The sum is, but for a factor a base, the logarithm of a likelihood [1]_: how common genes are is the grammar's
        to say.

        References
        ----------
        .. [1] Bourlard and Morgan (1994), Connectionist speech recognition: a hybrid approach, Kluwer
        """
        shares = np.array(self.shares or [1.0] * len(CLASSES))
        found: NDArray[np.float32] = ((self.balance - 1) * np.log(shares)).astype(np.float32)
        return found

    def truth(self, targets: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """1 where a base is coding, 0 where not, NaN where nothing is known, (n, 2 L) as `decode` has them."""
        labels: Labels = targets["labels"]
        strands = [((labels >= first) & (labels < first + CODES)).astype(np.float32) for first in STRANDS]
        return np.concatenate([np.where(labels == MASKED, np.float32(np.nan), strand) for strand in strands], axis=1)

    def metrics(self) -> list[str]:
        """F1 of coding bases, pooled over strands."""
        return ["micro_f1"]

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """The coding stretches of each window on each strand, 0-based and half-open from its first base."""
        forward, reverse = np.split(decoded >= 0.5, 2, axis=1)
        return pd.DataFrame({"id": list(ids), "coding +": _stretches(forward), "coding -": _stretches(reverse)})

    def state(self) -> dict[str, Any]:
        """The options, and what `fit` learned."""
        return {"balance": self.balance, "length": self.length, "shares": list(self.shares)}


def _columns(table: Table) -> tuple[str, str]:
    """Names of the input and of the target column."""
    inputs, targets = table.names("input"), table.names("target")
    kinds = [table.columns[name].modality for name in (*inputs, *targets)]
    if kinds != ["dna", "structure"]:
        raise DataError(
            f"{table.source}: task 'gene_finding' reads one column of DNA and one of labels (modality: structure); "
            f"the columns hold {', '.join(kinds) or 'nothing'}. Give a GFF3 file with options: {{genome: genome.fa}}."
        )
    return inputs[0], targets[0]


def _stretches(called: NDArray[np.bool_]) -> list[str]:
    """The runs of true values of each row as text.

    Examples
    --------
    >>> _stretches(np.array([[True, True, False, True]]))
    ['0-2, 3-4']
    """
    edges = np.diff(np.pad(called.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    pairs = ((np.flatnonzero(row == 1), np.flatnonzero(row == -1)) for row in edges)
    return [", ".join(f"{a}-{b}" for a, b in zip(*ends, strict=True)) for ends in pairs]


EXPORT = GeneFinding
