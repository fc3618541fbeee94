"""Scorers, fusion, the enrichment protocol and active learning."""

import json

import numpy as np
import pytest

from exapt.bio.chem.counted import FAMILIES, References, keys
from exapt.core.errors import ConfigError, DataError
from exapt.tasks.screening.acquisition import RULES, Campaign
from exapt.tasks.screening.enrichment import Draw, bias, draws, measures, scaffold_recall, summary
from exapt.tasks.screening.fusion import fuse, ranks
from exapt.tasks.screening.learned import LearnedScorer
from exapt.tasks.screening.scorer import CallableScorer
from exapt.tasks.screening.scorers import build_scorer
from exapt.tasks.screening.similarity import SimilarityScorer

ACTIVES = ["CC(=O)Oc1ccccc1C(=O)O", "OC(=O)c1ccccc1O", "COC(=O)c1ccccc1O"]
INACTIVES = ["C" * n for n in range(4, 16)] + ["C" * n + "N" for n in range(4, 16)]
LIBRARY = ["OC(=O)c1ccccc1OC", "CCCCCC", "no molecule", "", "[Na+]", "c1ccccc1", "CCOC(=O)c1ccccc1O"]


def scorers():
    return [
        SimilarityScorer(ACTIVES),
        SimilarityScorer(ACTIVES, "mean of two", fingerprint="torsions", measure="dice", nearest=2),
        SimilarityScorer(ACTIVES, "folded", bits=1024),
        LearnedScorer(ACTIVES, INACTIVES, families=["ecfp4", "fcfp4"], strength=10),
    ]


@pytest.mark.parametrize("scorer", scorers(), ids=lambda scorer: scorer.name)
def test_a_scorer_is_the_same_in_any_part_of_a_library_and_after_json(scorer):
    whole = scorer.score(LIBRARY)
    assert whole.shape == (7,)
    assert np.isnan(whole).tolist() == [False, False, True, True, False, False, False]
    assert min(whole[0], whole[6]) > max(whole[1], whole[4], whole[5])
    again = build_scorer(json.loads(json.dumps(scorer.plain())))
    assert again.name == scorer.name
    parts = [again.score(LIBRARY[start : start + 2]) for start in range(0, 7, 2)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert scorer.score([]).shape == (0,)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("bits", [None, 256])
def test_counted_similarity_is_that_of_rdkit(family, bits):
    """Against RDKit's own Dice and Tanimoto of the same fingerprints."""
    from rdkit import Chem, DataStructs

    from exapt.bio.chem.counted import _generator

    molecules = [Chem.MolFromSmiles(text) for text in ACTIVES + INACTIVES[:5]]
    found = keys(ACTIVES + INACTIVES[:5], family, bits=bits)
    if bits:
        generator = _generator(family)
        sparse = [generator.GetSparseCountFingerprint(one).GetNonzeroElements() for one in molecules]
        prints = [DataStructs.ExplicitBitVect(bits) for _ in molecules]
        for one, codes in zip(prints, sparse, strict=True):
            one.SetBitsFromList(sorted({code % bits for code in codes}))
    else:
        prints = [_generator(family).GetSparseCountFingerprint(one) for one in molecules]
    for measure, of in (("tanimoto", DataStructs.TanimotoSimilarity), ("dice", DataStructs.DiceSimilarity)):
        expected = [[of(one, other) for other in prints[:3]] for one in prints]
        ours = References(found.take(np.arange(3))).similarity(found, measure)
        np.testing.assert_allclose(ours, np.nan_to_num(expected), atol=1e-6)


def test_two_nearest_are_averaged_and_one_active_is_enough():
    one, two, both = (
        SimilarityScorer(a, nearest=2).score(LIBRARY[:1]) for a in ([ACTIVES[0]], [ACTIVES[1]], ACTIVES[:2])
    )
    assert both[0] == pytest.approx((one[0] + two[0]) / 2)


def test_injected_scorers_are_built_by_their_maker():
    def maker(plain):
        return CallableScorer(plain["name"], lambda smiles: [plain["value"]] * len(smiles), plain)

    scorer = maker({"kind": "model", "name": "m", "value": 2.5})
    again = build_scorer(scorer.plain(), makers={"model": maker})
    assert again.score(["C", "CC"]).tolist() == [2.5, 2.5]
    with pytest.raises(ConfigError, match="kind of scorer 'model'"):
        build_scorer(scorer.plain())
    with pytest.raises(ConfigError, match="2 molecules got scores of shape"):
        CallableScorer("short", lambda smiles: [1.0], {"kind": "x"}).score(["C", "CC"])


def test_bad_scorers_are_refused():
    with pytest.raises(DataError, match="no active is given"):
        SimilarityScorer([])
    with pytest.raises(DataError, match="active 2 of 2, 'C\\(', cannot be read"):
        SimilarityScorer(["C", "C("])
    with pytest.raises(DataError, match="inactive 1 of 1, 'x'"):
        LearnedScorer(["C"], ["x"])
    with pytest.raises(DataError, match="no inactive is given"):
        LearnedScorer(["C"], [])
    for options in ({"fingerprint": "ecfp"}, {"measure": "cosine"}, {"nearest": 0}, {"bits": 0}, {"bit": 3}):
        with pytest.raises(ConfigError):
            build_scorer({"kind": "similarity", "actives": ["C"], **options})
    for options in ({"families": []}, {"strength": 0}, {"families": ["maccs"]}):
        with pytest.raises(ConfigError):
            LearnedScorer(["C"], ["N"], **options)


def test_ranks_share_ties_and_leave_out_what_is_missing():
    assert ranks(np.array([1.0, 3.0, np.nan, 3.0])).tolist()[:2] == [3.0, 1.5]
    one, other = np.array([9.0, 5.0, 1.0, np.nan]), np.array([0.1, 0.3, 0.2, 0.9])
    fused = {how: fuse({"a": one, "b": other}, how) for how in ("mean", "reciprocal", "best")}
    assert fused["mean"][:3].tolist() == [-2.0, -1.5, -2.5]
    assert fused["best"][:3].tolist() == [-1.0, -1.0, -2.0]
    assert fused["reciprocal"][0] == pytest.approx(1 / 61 + 1 / 63)
    assert all(np.isnan(values[3]) for values in fused.values())
    np.testing.assert_array_equal(fuse({"a": one * 7 - 3, "b": np.exp(other)}), fused["mean"])  # scales do not matter


def test_bad_fusion_is_refused():
    with pytest.raises(ConfigError, match="'mean'"):
        fuse({"a": np.zeros(2)}, "means")
    for scores in ({}, {"a": np.zeros(2), "b": np.zeros(3)}):
        with pytest.raises(DataError, match="same molecules"):
            fuse(scores)


def test_draws_are_seeded_disjoint_and_cover_everything():
    truth = np.repeat([1, 0], [12, 101])
    first, again = list(draws(truth, repeats=3)), list(draws(truth, repeats=3))
    for one, same in zip(first, again, strict=True):
        assert [len(one.actives), len(one.inactives), len(one.test)] == [5, 20, 88]
        assert truth[one.actives].all()
        assert not truth[one.inactives].any()
        assert sorted(np.concatenate([one.actives, one.inactives, one.test])) == list(range(113))
        np.testing.assert_array_equal(one.test, same.test)
    assert set(first[0].actives) != set(first[1].actives)
    with pytest.raises(DataError, match="5 actives and 101 others"):
        next(draws(np.repeat([1, 0], [5, 101])))


def test_measures_put_molecules_without_a_score_last():
    truth = np.array([1, 0, 0, 0])
    assert measures(truth, np.array([np.nan, 0.1, 0.2, 0.3]))["auroc"] == 0
    assert measures(truth, np.array([0.9, np.nan, 0.2, np.nan]))["auroc"] == 1


def test_bias_is_high_where_actives_are_analogues_and_zero_where_they_are_not():
    series = [f"c1ccccc1C(=O)N{'C' * n}" for n in range(1, 9)]
    smiles = series + INACTIVES
    truth = np.repeat([1, 0], [8, 24])
    draw = Draw(np.arange(4), np.arange(8, 20), np.r_[4:8, 20:32])
    assert bias(smiles, truth, draw).actives > 0.4
    even = Draw(np.arange(0, 32, 2)[:4], np.arange(9, 20), np.arange(20, 32))
    mixed = bias(["CCO"] * 32, truth, Draw(even.actives, even.inactives, np.r_[4:8, 20:32]))
    assert mixed.total == 0


def test_scaffold_recall_counts_scaffolds_not_molecules():
    scores = -np.arange(6.0)
    assert scaffold_recall(["a", "a", "a", "b", "c", "c"], np.array([1, 1, 1, 1, 0, 0]), scores, 0.5) == 0.5
    assert np.isnan(scaffold_recall(["a"], np.array([0]), np.array([1.0])))


def test_an_interval_needs_two_draws():
    with pytest.raises(DataError, match="at least two"):
        summary([{"auroc": 1.0}])


@pytest.fixture(scope="module")
def docked():
    """A library in which long chains with an oxygen are best."""
    library = ["C" * n + end for n in range(1, 40) for end in ("", "O", "N", "F")]
    return library, np.array([text.count("C") * (text[-1] == "O") + text.count("C") / 50 for text in library])


@pytest.mark.parametrize("surrogate", ["process", "forest"])
@pytest.mark.parametrize("rule", RULES)
def test_a_campaign_never_repeats_and_learns(docked, surrogate, rule):
    library, truth = docked
    campaign = Campaign(["x", *library], rule=rule, surrogate=surrogate)
    known = np.full(len(library) + 1, np.nan)
    for _ in range(4):
        rows = campaign.propose(known, 12)
        assert len(set(rows.tolist())) == 12
        assert np.isnan(known[rows]).all()
        assert 0 not in rows
        np.testing.assert_array_equal(rows, campaign.propose(known, 12))
        known[rows] = truth[rows - 1]
    best = np.argsort(-truth)[:15] + 1
    share = np.isfinite(known[best]).mean()
    assert share >= (0.6 if rule != "random" else 0) and (rule != "random" or share < 0.6)
    assert len(campaign.propose(known, 10_000)) == len(library) - 48


def test_the_process_is_the_textbook_formula(docked):
    """Mean and deviation against a direct solution with the noise that it chose."""
    library, truth = docked
    chance = np.random.default_rng(0)
    known = np.full(len(library), np.nan)
    rows = chance.choice(len(library), 40, replace=False)
    known[rows] = truth[rows] + chance.normal(size=40)
    campaign = Campaign(library)
    mean, deviation = campaign.predict(known)
    found = keys(library)
    rest = np.arange(len(library))
    inside = References(found.take(rows)).similarity(found.take(rows)).astype(float)
    across = References(found.take(rows)).similarity(found.take(rest)).astype(float)
    scale, centre = known[rows].std(), known[rows].mean()
    target = (known[rows] - centre) / scale
    best = None
    for noise in np.geomspace(0.01, 10, 13):
        total = inside + (noise + 1e-8) * np.eye(40)
        solved = np.linalg.solve(total, target)
        signal = target @ solved / 40
        evidence = -40 * np.log(signal) - np.linalg.slogdet(total)[1]
        if best is None or evidence > best[0]:
            variance = 1 - np.einsum("ij,ji->i", across, np.linalg.solve(total, across.T))
            best = evidence, across @ solved, np.sqrt(signal * np.maximum(variance, 0))
    np.testing.assert_allclose(mean, centre + scale * best[1], atol=1e-5)
    np.testing.assert_allclose(deviation, scale * best[2], atol=1e-4)


def test_features_may_stand_for_fingerprints(docked):
    library, truth = docked
    features = np.stack([[text.count("C"), 10 * (text[-1] == "O")] for text in library]).astype(float)
    for surrogate in ("process", "forest"):
        campaign = Campaign(library, surrogate=surrogate, features=features)
        known = np.full(len(library), np.nan)
        for _ in range(3):
            rows = campaign.propose(known, 15)
            known[rows] = truth[rows]
        assert np.isfinite(known[np.argsort(-truth)[:10]]).mean() >= 0.7


def test_bad_campaigns_are_refused():
    with pytest.raises(ConfigError, match="'greedy'"):
        Campaign(["C"], rule="gredy")
    with pytest.raises(ConfigError, match="'forest'"):
        Campaign(["C"], surrogate="forests")
    with pytest.raises(ConfigError, match="explore"):
        Campaign(["C"], explore=-1.0)
    with pytest.raises(DataError, match="needed is \\(n, D\\)"):
        Campaign(["C"], features=np.zeros(3))
    with pytest.raises(DataError, match="NaN = not scored"):
        Campaign(["C"]).propose(np.zeros(2), 1)
    with pytest.raises(DataError, match="a surrogate needs 5"):
        Campaign(["C", "N"]).predict(np.array([1.0, np.nan]))
