"""`list`, `data`, `audit` and `split`: look before you train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exapt.api._prepare import default_split, load_data
from exapt.core import registry
from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Fold
from exapt.core.errors import ConfigError, WeightsError, nearest
from exapt.core.paths import refuse_existing
from exapt.core.registry import SPLITS

KINDS = {
    "backbones": registry.BACKBONES,
    "strategies": registry.STRATEGIES,
    "tasks": registry.TASKS,
    "splits": registry.SPLITS,
    "encoders": registry.ENCODERS,
    "augmentations": registry.AUGMENTATIONS,
    "cleaning": registry.CLEANERS,
    "metrics": registry.METRICS,
    "baselines": registry.BASELINES,
    "explainers": registry.EXPLAINERS,
}


def list_pieces(kind: str) -> dict[str, str]:
    """Name -> one line, for everything registered of one kind, for `data` and for `weights`.

    Raises
    ------
    ConfigError
        Where the kind is unknown.
    """
    if kind == "data":
        from exapt.data import cards

        return {name: cards.read(name).title for name in cards.names()}
    if kind == "weights":
        from exapt.models import hub

        return hub.list_weights()
    if kind not in KINDS:
        raise ConfigError(f"Unknown kind {kind!r}. {nearest(kind, [*KINDS, 'data', 'weights'])}")
    return KINDS[kind].describe()


def data_show(name: str) -> dict[str, Any]:
    """A card: what, where from, licence, checksum, quality warnings, published scores."""
    from exapt.data import cards

    card: dict[str, Any] = cards.read(name).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return card


def data_get(name: str) -> dict[str, str]:
    """Download a card's files (or find them in the mirror), check them, and say where they lie."""
    from exapt.data import cards

    return {key: str(path) for key, path in cards.fetch(cards.read(name)).items()}


def split(data: DataConfig, by: Piece | None, output: Path, *, force: bool = False) -> dict[str, int]:
    """Cut a data set and write `id` and `split` as a TSV that any tool reads.

    Returns
    -------
    dict
        Rows in train, valid, test and dropped.
    """
    from exapt.data.sampling import write

    refuse_existing(output, force=force)
    loaded = load_data(data)
    piece = default_split(loaded, by)
    folds = SPLITS.build(piece.name, **piece.options)(loaded.table)
    write(folds, loaded.table, output)
    return sizes(folds[0])


def sizes(fold: Fold) -> dict[str, int]:
    """Rows in each part."""
    return {part: len(getattr(fold, part)) for part in ("train", "valid", "test", "dropped")}


def audit(data: DataConfig, by: Piece | None, *, against: str | None = None) -> dict[str, Any]:
    """Look for leakage between the parts of a split, and between weights' corpus and the test part.

    Parameters
    ----------
    by
        The split to audit; None = the card's, or the default.
    against
        Weights (`arch.tag` or a folder) whose corpus sketch is compared with the test rows.

    Returns
    -------
    dict
        The same object as `audit.json`.
    """
    from exapt.data import leakage

    loaded = load_data(data)
    piece = default_split(loaded, by)
    fold = SPLITS.build(piece.name, **piece.options)(loaded.table)[0]
    corpora = []
    if against is not None:
        from exapt.models import hub

        found = hub.read_sketch(against)
        if found is None:
            raise WeightsError(
                f"{against}: no sketch of the corpus came with these weights, so nothing can be compared."
            )
        corpora = [found]
    result: dict[str, Any] = leakage.audit(loaded.table, fold, corpora=corpora)
    return {"data": data.name, "split": piece.plain(), "sizes": sizes(fold), **result}
