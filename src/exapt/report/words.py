"""The words of the report: names of metrics, arms, splits and strategies in plain language, and number formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exapt.report.content import Score

METRICS: Mapping[str, tuple[str, str]] = {
    "macro_f1": ("macro-F1", "F1 of each class, averaged so that a rare class counts as much as a common one; 0 to 1"),
    "micro_f1": ("micro-F1", "F1 over all examples together, so that common classes dominate; 0 to 1"),
    "f1": ("F1", "balance (harmonic mean) of precision and recall of the second of two classes; 0 to 1"),
    "accuracy": ("accuracy", "share of test examples that were predicted correctly; 0 to 1"),
    "balanced_accuracy": ("balanced accuracy", "recall averaged over the classes; 0 to 1"),
    "recall": ("recall", "share of the true members of the second of two classes that were found; 0 to 1"),
    "precision": ("precision", "share of the calls of the second of two classes that are right; 0 to 1"),
    "macro_recall": ("macro recall", "share of the members of a class that were found, averaged over classes; 0 to 1"),
    "macro_precision": (
        "macro precision",
        "share of the calls of a class that are right, averaged over classes; 0 to 1",
    ),
    "mcc": ("MCC", "Matthews correlation between truth and prediction; 0 is chance, 1 is perfect"),
    "auroc": ("AUROC", "area under the ROC curve; 0.5 is chance, 1 is a perfect ranking"),
    "auprc": ("AUPRC", "area under the precision-recall curve; chance is the share of positives"),
    "spearman": ("Spearman", "rank correlation of measured and predicted values; 1 is a perfect ranking"),
    "pearson": ("Pearson", "linear correlation of measured and predicted values; 1 is perfect"),
    "r2": ("R²", "share of the variance that is explained; 1 is perfect, 0 is no better than the mean"),
    "brier": ("Brier", "mean square error of the probabilities; smaller is better"),
    "log_loss": ("log loss", "cost of wrong probabilities, large for sure mistakes; smaller is better"),
    "rmse": ("RMSE", "root mean square error in the unit of the target; smaller is better"),
    "mae": ("MAE", "mean absolute error in the unit of the target; smaller is better"),
}
LOWER_IS_BETTER = frozenset({"rmse", "mae", "brier", "log_loss", "perplexity"})

ARMS: Mapping[str, tuple[str, str]] = {
    "transfer": ("Transfer", "starts from the pre-trained weights"),
    "scratch": ("From scratch", "the same network and budget, from random weights"),
    "frozen": ("Frozen features", "the pre-trained network is kept as it is; only a linear layer on top is trained"),
    "random": ("Random weights", "the transfer's own training on a network with random weights"),
    "baseline:majority": ("Most frequent class", "always answers with the most frequent class"),
    "baseline:mean": ("Mean value", "always answers with the mean of the training data"),
    "baseline:nearest": ("Nearest neighbour", "copies the answer of the most similar training example"),
    "baseline:nearest_centroid": ("Nearest class mean", "the class whose mean profile is most similar"),
    "baseline:linear": ("Linear model", "a linear model on simple features, without any network"),
    "baseline:linear_onehot": ("Linear on positions", "a linear model on the letters at each position"),
    "baseline:pca_linear": ("Linear model on PCA", "a linear model on the principal components"),
    "baseline:composition": ("Composition only", "a linear model on length and letter composition"),
    "baseline:random_forest": ("Random forest", "decision trees on simple features, without any network"),
    "baseline:tanimoto": (
        "Most similar molecule",
        "copies the answer of the molecules with the most similar structure",
    ),
    "baseline:ecfp_forest": (
        "Random forest on fingerprints",
        "decision trees on the substructures of a molecule (ECFP)",
    ),
    "baseline:ecfp_linear": ("Linear on fingerprints", "a linear model on the substructures of a molecule (ECFP)"),
    "baseline:descriptor_forest": (
        "Random forest on descriptors",
        "decision trees on computed properties of a molecule (weight, polarity, rings)",
    ),
    "baseline:descriptor_linear": (
        "Linear on descriptors",
        "a linear model on computed properties of a molecule (weight, polarity, rings)",
    ),
    "baseline:best_hit": ("Best alignment hit", "copies the answer of the training sequence that aligns best"),
    "baseline:degree": ("Partner counts", "only how often each partner of a pair has which answer in training"),
    "baseline:additive": ("Additive model", "the mean of one partner plus the mean of the other"),
}

STRATEGIES: Mapping[str, str] = {
    "scratch": "no transfer: all weights start at random",
    "full": "all layers start from the pre-trained weights and are trained on",
    "frozen": "the pre-trained layers are kept exactly as they are; only the new output layer is trained",
    "partial": "the upper layers are trained on, the lower ones are kept as they are",
    "linear_probe": "the pre-trained layers are kept as they are; the best linear output layer is computed on top",
    "lp_ft": "first only the new output layer is trained, then all layers",
    "gradual_unfreeze": "layers are opened for training one after another, starting at the output",
    "frozen_norm": "the statistics of batch normalisation stay those of the weights",
    "discriminative_lr": "all layers are trained, the lower ones more gently than the upper ones",
    "l2_sp": "all layers are trained, and are pulled back towards the pre-trained weights",
    "joint": "source and target data are trained together, with one output layer each",
    "lora": "the pre-trained weights stay as they are; small low-rank corrections beside them are trained",
    "auto": "several strategies were tried and the best one on the validation data was kept",
}

SPLITS: Mapping[str, str] = {
    "random": "rows drawn at random",
    "stratified": "rows drawn at random, with the same class proportions in every part",
    "group": "whole groups are kept together, so that no group is on both sides",
    "predefined": "as fixed in the data",
    "homology": "sequence families are kept together, so that no relative of a test sequence is trained on",
    "scaffold": "molecules with the same scaffold are kept together",
    "butina": "molecules of similar structure (clusters of fingerprints) are kept together",
    "family": "families, as named in the data, are kept together",
    "interval": "stretches of the genome are held out, with a margin between them and training",
    "time": "trained on what was measured earlier, tested on what came later",
    "donor": "donors are kept together: every test donor is new",
    "chromosome": "whole chromosomes are held out",
    "cold_entity": "test entities are not seen in training",
}

GLOSSARY: Sequence[tuple[str, str]] = (
    ("Transfer", "A network that was trained on other, usually larger data is trained further on your data."),
    ("From scratch", "The fair control: the same network, data and number of steps, but random starting weights."),
    ("Frozen", "Pre-trained layers whose weights are not changed. They act as a fixed measuring instrument."),
    ("Baseline", "A simple method without a pre-trained network. Transfer is worth its trouble if it beats this too."),
    ("Test data", "Examples that nothing was trained, tuned or chosen on. All scores on this page come from them."),
    ("Validation data", "Examples held out of training to decide when to stop. They are not in the scores."),
    ("Seed", "A number that fixes all random choices. Several seeds show how much luck is in a result."),
    (
        "95 % interval",
        "Where the score would lie with other test data of the same kind and other seeds, found by drawing both again "
        "at least 1,000 times (bootstrap). Related examples (one donor, one sequence family) are drawn together.",
    ),
    ("Helped, hurt", "The whole 95 % interval of the difference lies on one side of zero."),
    (
        "No evidence",
        "The interval of the difference includes zero: these data cannot tell. It does not prove that both are equal. "
        "More test examples or more seeds make the interval shorter.",
    ),
    ("Macro-F1", "F1 (balance of precision and recall) per class, then averaged: a rare class counts in full."),
    ("Leakage", "Test examples, or near copies of them, that were in training. They make scores look too good."),
    (
        "Near duplicate",
        "A test example that is not the same as a training example, but almost: beyond a stated similarity.",
    ),
    (
        "Similarity band",
        "The test examples apart by how similar each is to the training example nearest to it. The lowest band shows "
        "what the model does on something new.",
    ),
    ("Shortcut", "Something that should not give the answer away (length, missing values, a name), but does."),
    ("Epoch", "One pass over the training data. The weights of the chosen epoch are the ones that are scored."),
    ("Calibrated", "Of the examples predicted with 80 % probability, 80 % are right."),
    (
        "Temperature scaling",
        "All probabilities are made less (or more) extreme by one number, the temperature, that was fitted on the "
        "validation data. The most probable class stays the same.",
    ),
    ("Unknown", "The model's own answer where it is not sure enough to keep the chosen error rate."),
    (
        "Conformal set",
        "Instead of one class, all classes that are possible: so many that the true one is among them in, say, 90 % of "
        "cases. For a number, an interval. It holds for examples that are drawn like the validation data.",
    ),
)


def metric(name: str) -> str:
    """Name of a metric as the field writes it.

    Examples
    --------
    >>> metric("macro_f1"), metric("f1:B cell"), metric("enrichment_1")
    ('macro-F1', 'F1: B cell', 'enrichment 1')
    """
    base, _, part = name.partition(":")
    label = METRICS[base][0] if base in METRICS else base.replace("_", " ")
    return f"{label}: {part}" if part else label


def metric_meaning(name: str) -> str:
    """What a metric says in half a sentence; empty where it is not known."""
    return METRICS[name][1] if name in METRICS else ""


def arm(name: str) -> str:
    """Name of an arm in plain words.

    Examples
    --------
    >>> arm("baseline:nearest"), arm("l2_sp"), arm("joint:weight=0.3+l2_sp")
    ('Nearest neighbour', 'L2-SP', 'Joint (weight=0.3) + L2-SP')
    """
    if name in ARMS:
        return ARMS[name][0]
    if name.startswith("without:"):
        return f"Without the weights for {name.removeprefix('without:')}"
    special = {"l2_sp": "L2-SP", "lp_ft": "LP-FT", "lora": "LoRA", "discriminative_lr": "Discriminative rates"}
    parts = []
    for piece in name.removeprefix("baseline:").split("+"):
        base, _, options = piece.partition(":")
        plain = special.get(base, base[:1].upper() + base[1:].replace("_", " "))
        parts.append(plain + (f" ({options})" if options else ""))
    return " + ".join(parts)


def against(name: str) -> str:
    """Name of an arm inside a sentence.

    Examples
    --------
    >>> against("scratch"), against("baseline:pca_linear")
    ('scratch', 'linear model on PCA')
    """
    plain = arm(name)
    return "scratch" if name == "scratch" else plain[:1].lower() + plain[1:]


def arm_meaning(name: str) -> str:
    """What an arm is in half a sentence; empty where it is not known."""
    if name.startswith("without:"):
        return "the transfer, but this input's network starts from random weights"
    return ARMS[name][1] if name in ARMS else STRATEGIES.get(name, "")


def names(section: Any) -> list[str]:
    """Names of the pieces in a section of run.yaml, which may be a word, a mapping or a list.

    Examples
    --------
    >>> names([{"name": "l2_sp", "alpha": 0.1}, "discriminative_lr"])
    ['l2_sp', 'discriminative_lr']
    """
    if not section:
        return []
    if isinstance(section, Mapping):
        return [str(section.get("name", ""))]
    return [section] if isinstance(section, str) else [name for item in section for name in names(item)]


def number(value: float | None, *, sign: bool = False, decimals: int | None = None) -> str:
    """A number for the eye, with a true minus; where `decimals` is None three below 10, fewer above.

    Examples
    --------
    >>> number(0.70149), number(-0.02, sign=True), number(-0.0001), number(123.456), number(None)
    ('0.701', '−0.020', '0.000', '123.5', '–')
    """
    if value is None:
        return "–"
    if decimals is None:
        decimals = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    value = round(value, decimals) + 0.0  # no minus before a zero
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    return text.replace("-", "−")


def interval(score: Score, *, sign: bool = False) -> str:
    """The interval of a score.

    Examples
    --------
    >>> interval(Score(0.7, 0.65, 0.74)), interval(Score(0.1, -0.02, 0.2), sign=True), interval(Score(0.5))
    ('0.650 to 0.740', '−0.020 to +0.200', '')
    """
    if score.bounds is None:
        return ""
    return " to ".join(number(bound, sign=sign) for bound in score.bounds)


def duration(seconds: float | None) -> str:
    """A time span with one unit or two.

    Examples
    --------
    >>> duration(0.42), duration(75), duration(4000), duration(None)
    ('0.4 s', '1 min 15 s', '1 h 6 min', '–')
    """
    if seconds is None:
        return "–"
    if 0 < seconds < 0.05:
        return "<0.1 s"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def count(value: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    Examples
    --------
    >>> count(1, "class", "classes"), count(12000, "row")
    ('1 class', '12,000 rows')
    """
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """Items in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def shorten(text: str, letters: int) -> str:
    """A text that fits, with an ellipsis where it was cut.

    Examples
    --------
    >>> shorten("CD4+/CD45RO+ Memory", 10)
    'CD4+/CD45…'
    """
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
