"""What a report says, read once from the files of a run folder; no other source is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from exapt.core.config import read_yaml
from exapt.core.errors import DataError
from exapt.core.paths import read_json

Kind = Literal["transfer", "scratch", "frozen", "strategy", "baseline"]
Verdict = Literal["helped", "no evidence", "hurt"]

HISTORY = ("arm", "seed", "epoch", "train_loss", "valid_loss", "valid_score", "lr", "seconds", "trainable")
PREDICTIONS = ("arm", "seed", "id", "truth", "predicted")


@dataclass(frozen=True)
class Score:
    """A number with its 95 % interval; None where it could not be computed."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, entry: Any) -> Score:
        """From the `{"value", "low", "high"}` of scores.json, or from a bare number."""
        if isinstance(entry, Mapping):
            return cls(*(_number(entry.get(key)) for key in ("value", "low", "high")))
        return cls(_number(entry))

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Lower and upper end, or None where there is no interval."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True)
class Arm:
    """One way to make a model: the transfer, a control, or a simple baseline."""

    name: str
    kind: Kind
    scores: Mapping[str, Score]
    fit_seconds: float | None = None
    steps: int | None = None


@dataclass(frozen=True)
class Gain:
    """One arm against another; above 0 means that the first is better, whatever the metric."""

    arm: str
    against: str
    score: Score
    verdict: Verdict
    note: str = ""

    @classmethod
    def of(cls, arm: str, against: str, entry: Any) -> list[Gain]:
        """From an entry of scores.json or gains.json; empty where nothing was compared."""
        if not isinstance(entry, Mapping) or entry.get("verdict") not in get_args(Verdict):
            return []
        against = str(entry.get("arm", against))
        return [cls(arm, against, Score.of(entry), entry["verdict"], str(entry.get("note", "")))]


@dataclass(frozen=True)
class ReportContent:
    """All that a run folder says.

    Attributes
    ----------
    name
        Name of the folder.
    config
        run.yaml: the configuration, one section a contract.
    scores
        scores.json: arms, gain, audit summary.
    provenance, transfer, audit
        The JSON objects of the same names; empty where the file is absent.
    strategies
        gains.json: further strategies of `compare`, each against scratch; empty where there are none.
    curve
        curve.json, the learning curve of `compare`; empty where it did not run.
    notes
        notes.json: what cleaning did and what was inferred, one sentence each.
    history
        history.tsv, one row an epoch; empty where nothing was trained.
    predictions
        predictions.tsv; `truth` and `predicted` are strings, `p:` columns numbers; empty for other formats.
    columns
        Column name -> role, modality, unit, from model.json; empty where the file is absent.
    parts
        Rows in each part of split.tsv (train, valid, test, dropped); empty where the file is absent.
    """

    name: str
    config: Mapping[str, Any]
    scores: Mapping[str, Any]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    transfer: Mapping[str, Any] = field(default_factory=dict)
    audit: Mapping[str, Any] = field(default_factory=dict)
    strategies: Mapping[str, Any] = field(default_factory=dict)
    curve: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(HISTORY)))
    predictions: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(PREDICTIONS)))
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> ReportContent:
        """Read a run folder. Only run.yaml and scores.json must be there.

        Raises
        ------
        DataError
            Where the folder is no run, or one of its files cannot be read.
        """
        for name in ("run.yaml", "scores.json"):
            if not (folder / name).is_file():
                raise DataError(f"{folder}: not a run folder, {name} is missing. Give the -o of a finetune or compare.")
        scores = _json(folder, "scores.json")
        if not isinstance(scores.get("arms"), Mapping) or "primary_metric" not in scores:
            found = ", ".join(sorted(scores))
            raise DataError(f"{folder / 'scores.json'}: needs the keys primary_metric and arms; found {found}.")
        return cls(
            name=folder.resolve().name.removesuffix(".partial"),  # a run is called so until it is complete
            config=read_yaml(folder / "run.yaml"),
            scores=scores,
            provenance=_json(folder, "provenance.json"),
            transfer=_json(folder, "transfer.json"),
            audit=_json(folder, "audit.json") or scores.get("audit") or {},
            strategies=_json(folder, "gains.json"),
            curve=_json(folder, "curve.json"),
            notes=tuple(str(note) for note in _json(folder, "notes.json") or ()),
            history=_table(folder, "history.tsv", HISTORY, numbers=HISTORY[2:]),
            predictions=_predictions(folder),
            columns=_json(folder, "model.json").get("columns", {}),
            parts=_parts(folder),
        )

    @property
    def primary(self) -> str:
        """Name of the metric that decides."""
        return str(self.scores["primary_metric"])

    @property
    def higher_is_better(self) -> bool:
        """Direction of the primary metric."""
        return bool(self.scores.get("higher_is_better", True))

    def detail(self, part: str) -> Mapping[str, Any]:
        """A part of the detail in scores.json (bands, calibration, ...); empty where an older run has none."""
        found = (self.scores.get("detail") or {}).get(part)
        return found if isinstance(found, Mapping) else {}

    @property
    def shortcuts(self) -> list[Mapping[str, Any]]:
        """Views from which nobody should be able to predict the target, and how well they do."""
        found = self.audit.get("shortcuts") or self.scores.get("shortcuts") or ()
        return [entry for entry in found if isinstance(entry, Mapping)]

    @property
    def arms(self) -> list[Arm]:
        """Transfer first, then the controls, then the baselines from best to worst."""
        order = {"transfer": 0, "scratch": 1, "frozen": 2, "strategy": 3, "baseline": 4}
        arms = [_arm(str(name), entry) for name, entry in self.scores["arms"].items()]
        sign = -1 if self.higher_is_better else 1

        def place(arm: Arm) -> tuple[int, float]:
            value = self.primary_score(arm).value
            worst = float("inf") if value is None else sign * value
            return order[arm.kind], worst if arm.kind == "baseline" else 0.0

        return sorted(arms, key=place)

    def primary_score(self, arm: Arm) -> Score:
        """The arm's score in the metric that decides."""
        return arm.scores.get(self.primary, Score(None))

    def arm(self, name: str) -> Arm | None:
        """One arm by name."""
        return next((arm for arm in self.arms if arm.name == name), None)

    @property
    def best_baseline(self) -> Arm | None:
        """The baseline that the transfer has to beat: the one it was compared with, else the best on the test data."""
        gain = self.gain_over("baseline")
        return self.arm(gain.against) if gain else next((arm for arm in self.arms if arm.kind == "baseline"), None)

    @property
    def gains(self) -> list[Gain]:
        """Transfer against scratch and against the baseline to beat, then other strategies, as far as they ran."""
        measured = self.scores.get("gain") or {}
        best = next((arm.name for arm in self.arms if arm.kind == "baseline"), "")
        gains = Gain.of("transfer", "scratch", measured.get("vs_scratch"))
        gains += Gain.of("transfer", "random", measured.get("vs_random"))
        for name in [arm.name for arm in self.arms if arm.name.startswith("without:")]:
            gains += Gain.of("transfer", name, measured.get(f"vs_{name}"))
        gains += Gain.of("transfer", best, measured.get("vs_best_baseline"))
        for name, entry in self.strategies.items():
            gains += Gain.of(str(name), "scratch", entry)
        return gains

    def gain_over(self, kind: Literal["scratch", "random", "baseline"]) -> Gain | None:
        """The transfer's gain over scratch, over its own training on random weights, or over the baseline to beat."""
        gains = (gain for gain in self.gains if gain.arm == "transfer")
        return next((gain for gain in gains if gain.against.split(":")[0] == kind), None)

    def names(self, role: Literal["input", "target", "group"]) -> list[str]:
        """Columns of one role: those of the kept model, or those that run.yaml names."""
        found = [name for name, column in self.columns.items() if column.get("role") == role]
        data = self.config.get("data")
        given = data.get(role) if isinstance(data, Mapping) else None
        return found or ([given] if isinstance(given, str) else [str(name) for name in given or ()])

    @property
    def unit(self) -> str:
        """Unit of a single target, from the kept model or run.yaml; empty where there is none."""
        targets, data = self.names("target"), self.config.get("data")
        if len(targets) != 1:
            return ""
        given = data.get("unit") if isinstance(data, Mapping) else None
        stated = given.get(targets[0]) if isinstance(given, Mapping) else None
        return str(self.columns.get(targets[0], {}).get("unit") or stated or "")

    @property
    def probability_columns(self) -> list[str]:
        """The `p:<class>` columns of the predictions, in their order."""
        return [str(name) for name in self.predictions.columns if str(name).startswith("p:")]

    @property
    def predicts(self) -> Literal["class", "number", "other"]:
        """What the predictions are; "other" where they are in a task's own format, or absent."""
        if self.predictions.empty:
            return "other"
        if self.probability_columns:
            return "class"
        truth = pd.to_numeric(self.predictions["truth"], errors="coerce")
        return "class" if truth.isna().any() else "number"


def _arm(name: str, entry: Mapping[str, Any]) -> Arm:
    kind: Kind = "baseline" if name.startswith("baseline:") else "strategy"
    for special in ("transfer", "scratch", "frozen"):
        if name == special:
            kind = special
    scores = {key: Score.of(value) for key, value in entry.items() if key not in ("fit_seconds", "steps")}
    steps = _number(entry.get("steps"))
    return Arm(name, kind, scores, _number(entry.get("fit_seconds")), None if steps is None else int(steps))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None


def _json(folder: Path, name: str) -> Any:
    path = folder / name
    return read_json(path) if path.is_file() else {}


def _table(folder: Path, name: str, columns: tuple[str, ...], *, numbers: tuple[str, ...]) -> pd.DataFrame:
    path = folder / name
    if not path.is_file():
        return pd.DataFrame(columns=list(columns))
    found = _header(path)
    missing = [column for column in columns[:2] if column not in found]
    if missing:
        raise DataError(f"{path}: column {missing[0]!r} is missing; found {', '.join(found)}.")
    kinds = {column: "float64" if column in numbers else "str" for column in found}
    try:  # only an empty cell is missing: a class may be called NA
        frame = pd.read_csv(path, sep="\t", dtype=kinds, keep_default_na=False, na_values={n: [""] for n in numbers})
    except ValueError as error:
        raise DataError(f"{path}: cannot be read as a table: {error}.") from None
    return frame.assign(**{column: float("nan") for column in numbers if column not in found})


def _header(path: Path) -> list[str]:
    try:
        return [str(name) for name in pd.read_csv(path, sep="\t", nrows=0).columns]
    except ValueError as error:
        raise DataError(f"{path}: cannot be read as a table: {error}.") from None


def _predictions(folder: Path) -> pd.DataFrame:
    path = folder / "predictions.tsv"
    if not path.is_file():
        return pd.DataFrame(columns=list(PREDICTIONS))
    header = _header(path)
    if not set(PREDICTIONS) <= set(header):
        return pd.DataFrame(columns=list(PREDICTIONS))
    frame = _table(folder, path.name, PREDICTIONS, numbers=tuple(name for name in header if name.startswith("p:")))
    return frame[frame["truth"] != ""].reset_index(drop=True)


def _parts(folder: Path) -> dict[str, int]:
    frame = _table(folder, "split.tsv", (), numbers=())
    if "split" not in frame:
        return {}
    return {str(part): int(rows) for part, rows in frame["split"].value_counts().sort_index().items()}
