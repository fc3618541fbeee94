"""Scorers that need a run folder: a model that reads molecules, or one that reads a molecule and a protein."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.errors import ConfigError, DataError, InputError, nearest

if TYPE_CHECKING:
    from exapt.api._run import OpenedRun
    from exapt.tasks.screening.scorer import Scorer

YES = ("1", "1.0", "yes", "true", "active", "positive", "binder", "hit", "toxic")
Floats = NDArray[np.float64]


def build(plain: Mapping[str, Any]) -> Scorer:
    """The scorer that a plain description stands for, of any kind."""
    from exapt.tasks.screening.scorers import build_scorer

    return build_scorer(plain, makers={"model": _of_run, "affinity": _of_run})


def of_run(
    run: Path, name: str, *, class_: str | None = None, lowest: bool = False, protein: str | None = None
) -> Scorer:
    """A run as a scorer.

    Parameters
    ----------
    run
        A run folder that reads a molecule, or a molecule and a protein.
    name
        Of the scorer.
    class_
        The class or the target whose probability or value is the score; None = the only value, or the positive class.
    lowest
        Small numbers are good (a docking score, an IC50), so the score is minus the number.
    protein
        Sequence, for a run that reads one.

    Raises
    ------
    InputError
        Where the run reads something else, its score is not clear, or a protein is missing or too many.
    """
    from exapt.core.provenance import sha256

    if not (run / "model.safetensors").is_file():
        from exapt.api._run import open_run

        open_run(run)  # says what is wrong
    plain = {
        "kind": "model" if protein is None else "affinity",
        "name": name,
        "run": str(run.resolve()),
        "sha256": sha256(run / "model.safetensors"),
        "class": class_,
        "lowest": lowest,
        "protein": protein,
    }
    return _of_run(plain)


def reads_protein(run: Path) -> bool:
    """Whether a run folder reads a protein beside the molecule."""
    from exapt.core.paths import read_json

    columns = read_json(run / "model.json")["columns"].values()
    return any(column["role"] == "input" and column["modality"] == "protein" for column in columns)


def _of_run(plain: Mapping[str, Any]) -> Scorer:
    from exapt.api._run import open_run
    from exapt.tasks.screening.scorer import CallableScorer

    opened = open_run(Path(plain["run"]))
    recipe = {key: value for key, value in plain.items() if key != "name"}
    return CallableScorer(plain["name"], _Predictor(opened, plain), recipe)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread, whatever process it is: sums in another order would be other bits, and another ranking of equals."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Predictor:
    """SMILES -> one number each, by the model of a run."""

    def __init__(self, opened: OpenedRun, plain: Mapping[str, Any]) -> None:
        self.opened, self.where = opened, plain["run"]
        self.sign = -1.0 if plain["lowest"] else 1.0
        self.molecule, self.protein = self._columns()
        self.choose = self._choice(plain["class"])
        self.sequence = plain["protein"]
        if (self.protein is None) != (self.sequence is None):
            has = "reads no protein, so --target is of no use to it" if self.protein is None else "needs a protein"
            raise ConfigError(f"{self.where}: this run {has}. " + ("" if self.protein is None else "Give --target."))
        self._known: Any = None if self.sequence is None else self._of_protein(self.sequence)

    def __call__(self, smiles: Sequence[str]) -> Floats:
        """Numbers (n,), the longest molecules first through the model; NaN where the run cannot read a molecule."""
        order = np.argsort([-len(text) for text in smiles], kind="stable")
        found = np.empty(len(smiles))
        with _one_thread():
            found[order] = self._predict([smiles[i] for i in order])
        return self.sign * found

    def _predict(self, smiles: Sequence[str]) -> Floats:
        from exapt.core.examples import Examples, Repeated
        from exapt.transfer.training.predict import predict

        try:
            inputs: dict[str, Any] = {self.molecule: self.opened.encoders[self.molecule].encode(list(smiles))}
        except InputError:  # a letter or an atom that the model does not know: find the molecule that has it
            if len(smiles) == 1:
                return np.full(1, np.nan)
            half = len(smiles) // 2
            return np.concatenate([self._predict(smiles[:half]), self._predict(smiles[half:])])
        if self.protein is not None:
            inputs[self.protein] = Repeated(self._known, np.zeros(len(smiles), dtype=np.int64))
        inputs = {name: inputs[name] for name in self.opened.encoders}
        examples = Examples(inputs, self.opened.encoders, {}, [str(i) for i in range(len(smiles))])
        decoded = self.opened.task.decode(predict(self.opened.model, examples, self.opened.training))
        return self.choose(np.asarray(decoded, dtype=np.float64))

    def _of_protein(self, sequence: str) -> Any:
        """The protein, which is the same for all molecules: its features where the head needs no more, or encoded."""
        import torch

        from exapt.core.examples import Stacked
        from exapt.transfer.training.devices import autocast, device_of

        assert self.protein is not None
        encoder = self.opened.encoders[self.protein]
        try:
            encoded = encoder.encode([sequence])
        except InputError as error:
            raise DataError(f"--target: {error}") from None
        if self.opened.task.needs != "pooled":
            return encoded
        model = self.opened.model
        device = device_of(model)
        with _one_thread(), torch.no_grad(), autocast(device, self.opened.training.precision):
            stream = {key: value.to(device) for key, value in encoder.collate(encoded).items()}
            features = model.backbone(self.protein)(stream)
        return Stacked({"pooled": features.pooled.float().cpu().numpy()}, np.zeros(1, dtype=np.int64))

    def _columns(self) -> tuple[str, str | None]:
        inputs = {name: c["modality"] for name, c in self.opened.columns.items() if c["role"] == "input"}
        molecules = [name for name, modality in inputs.items() if modality == "molecule"]
        proteins = [name for name, modality in inputs.items() if modality == "protein"]
        if len(molecules) != 1 or len(proteins) > 1 or len(inputs) != len(molecules) + len(proteins):
            found = ", ".join(f"{name} ({modality})" for name, modality in inputs.items())
            raise ConfigError(
                f"{self.where}: a screen needs a run that reads a molecule, or a molecule and a protein; "
                f"this one reads {found or 'nothing'}."
            )
        return molecules[0], next(iter(proteins), None)

    def _choice(self, wanted: str | None) -> Callable[[Floats], Floats]:
        """Which of the decoded numbers is the score."""
        task = self.opened.task
        names = list(task.classes) or [n for n, c in self.opened.columns.items() if c["role"] == "target"]
        if wanted is not None and wanted not in names:
            raise ConfigError(f"{self.where}: no class or target {wanted!r}. {nearest(wanted, names)}")
        if wanted is None and len(names) > 1:
            yes = [name for name in names if name.lower() in YES]
            if task.kind != "class" or len(yes) != 1:
                raise ConfigError(
                    f"{self.where}: this run predicts {', '.join(names[:12])}; say which one ranks the library "
                    f"with --class."
                )
            wanted = yes[0]
        column = 0 if wanted is None else names.index(wanted)
        return lambda decoded: decoded if decoded.ndim == 1 else decoded[:, column]
