"""`list`, `data`, `audit` and `split`: look before you train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from exapt.api._prepare import Cut, cut_data, default_split, load_data
from exapt.core import registry
from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Fold
from exapt.core.errors import ConfigError, WeightsError, nearest
from exapt.core.paths import refuse_existing

if TYPE_CHECKING:
    from exapt.data.leakage import Evidence
    from exapt.data.leakage.fix import Leak

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


def split(data: DataConfig, by: Piece | None, output: Path, *, force: bool = False) -> dict[str, Any]:
    """Cut a data set and write `id` and `split` (or one column a fold) as a TSV that any tool reads.

    Returns
    -------
    dict
        Rows in train, valid, test and dropped of the first fold, `folds`, and `groups` (None where rows stand alone).
    """
    from exapt.data.sampling import write

    refuse_existing(output, force=force)
    cut = cut_data(load_data(data), by)
    write(cut.folds, cut.table, output)
    names = cut.table.names("group")
    groups = int(cut.table.frame[names[0]].nunique()) if names else None
    return {**sizes(cut.folds[0]), "folds": len(cut.folds), "groups": groups}


def sizes(fold: Fold) -> dict[str, int]:
    """Rows in each part."""
    return {part: len(getattr(fold, part)) for part in ("train", "valid", "test", "dropped")}


def audit(
    data: DataConfig,
    by: Piece | None,
    *,
    against: Sequence[str] = (),
    threshold: float | None = None,
    fix: Path | None = None,
    drop: Literal["test", "train"] = "test",
    leaks: Sequence[str] = (),
    force: bool = False,
) -> dict[str, Any]:
    """Look for leakage between the parts of a split, and between corpora and the test part.

    Parameters
    ----------
    data
        The data set.
    by
        The split to audit; None = the card's, or the default.
    against
        What the model has seen besides: weights (`arch.tag` or a folder), whose corpus sketch is compared with the
        test rows, or data sets (cards or files).
    threshold
        Similarity from which a test row is a near duplicate, in (0, 1]; None = the modality's own.
    fix
        Where to write the split without its leaks, as a TSV; None = it is not mended.
    drop
        Whether the test rows are dropped that leak, or the training rows that are like test rows.
    leaks
        Which leaks are mended: copies, near, groups, corpus; empty = all.
    force
        Replace `fix`.

    Returns
    -------
    dict
        The same object as `audit.json`; with `fix` also `fixed`: rows in each part, and rows dropped by kind of leak.
    """
    from exapt.api._audit import audit_cut

    if fix is not None:
        refuse_existing(fix, force=force)
    chosen = _leaks(leaks)
    loaded = load_data(data)
    cut = cut_data(loaded, _as_published(default_split(loaded, by)))
    corpora = [corpus for name in against for corpus in _corpora(name)]
    evidence, found = audit_cut(cut, corpora, threshold=threshold)
    result = {"data": data.name, "split": cut.split.plain(), "sizes": sizes(cut.folds[0]), **found}
    if fix is not None:
        result["fixed"] = _fixed(cut, evidence, drop, chosen, fix)
    return result


def _as_published(piece: Piece) -> Piece:
    """Published parts as they are: no validation part is cut from the training rows unless it was asked for."""
    if piece.name != "predefined" or "valid" in piece.options:
        return piece
    return Piece.model_validate({**piece.plain(), "valid": 0.0})


def _leaks(names: Sequence[str]) -> Sequence[Leak]:
    from exapt.data.leakage.fix import LEAKS

    unknown = [name for name in names if name not in LEAKS]
    if unknown:
        raise ConfigError(f"Unknown kind of leak {unknown[0]!r}. {nearest(unknown[0], LEAKS)}")
    return [leak for leak in LEAKS if leak in names] or LEAKS


def _fixed(
    cut: Cut, evidence: Sequence[Evidence], drop: Literal["test", "train"], leaks: Sequence[Leak], output: Path
) -> dict[str, Any]:
    from exapt.data.leakage import fix
    from exapt.data.sampling import write

    mended = [fix(one, drop=drop, leaks=leaks) for one in evidence]
    write([fold for fold, _ in mended], cut.table, output)
    dropped = {leak: sum(counts[leak] for _, counts in mended) for leak in leaks}
    return {"file": str(output), "from": drop, "dropped": dropped, "sizes": sizes(mended[0][0])}


def _corpora(name: str) -> list[dict[str, Any]]:
    """The sketch of weights, or sketches made now of the input columns of a data set."""
    from exapt.data import cards
    from exapt.models import hub

    if name in cards.names() or Path(name).is_file():
        from exapt.data.leakage import sketch

        table = load_data(DataConfig(name=name)).table
        return [
            sketch(table.values(column), table.columns[column].modality, spellings=True)
            for column in table.names("input")
        ]
    found = hub.read_sketch(name)
    if found is None:
        raise WeightsError(f"{name}: no sketch of the corpus came with these weights, so nothing can be compared.")
    return [found]
