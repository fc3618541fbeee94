"""Labels of windows as targets, their loss and score, and genes from what a network says of a genome."""

import numpy as np
import pandas as pd
import pytest
import torch

from exapt.bio.formats.genome import of_letters
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.bio.transcripts.grammar import Grammar
from exapt.bio.transcripts.labels import CLASSES, OTHER_STRAND, Transcript, as_text, labelled, of_text, on_other_strand
from exapt.core.config import TrainingConfig
from exapt.core.contracts import Column, Model, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.examples import Examples
from exapt.core.registry import METRICS, STRATEGIES
from exapt.data.augment.reverse_complement import ReverseComplement
from exapt.data.encoders.letters import Letters
from exapt.models.backbones.cnn.model import CNN
from exapt.tasks.gene_finding.decode import Reading, find_genes, log_probabilities
from exapt.tasks.gene_finding.task import GeneFinding
from exapt.transfer.training.loop import TrainingSets, fit

GENE = Transcript("+", ((10, 22), (52, 64)), (12, 63))
BODY = "CC" + "ATGGCAGCAG" + "GTAAGT" + "TTTTCTTTTCTTTTCTTTTC" + "CCAG" + "CAGCAGCATAA" + "C"
LETTERS = "TCTCTCTCTC" + BODY + "TCTCTCTCTCTCTCTC"


def windows():
    """Two windows of one contig, the second shorter and partly unknown."""
    row = as_text(labelled([GENE], len(LETTERS)))
    frame = pd.DataFrame({"id": ["a", "b"], "sequence": [LETTERS, LETTERS[:30]], "labels": [row, row[:25] + "?????"]})
    columns = {
        "id": Column("id", "label"),
        "sequence": Column("input", "dna"),
        "labels": Column("target", "structure"),
    }
    return Table(frame, columns, "toy")


def examples(table, task):
    encoder = Letters("dna")
    encoded = encoder.encode(table.frame["sequence"].tolist())
    return Examples({"sequence": encoded}, {"sequence": encoder}, task.targets(table), table.ids())


def built(seed=0, **options):
    torch.manual_seed(seed)
    task = GeneFinding()
    task.fit(windows())
    backbone = CNN(Letters("dna").inputs(), **{"dim": 8, "depth": 3, "dropout": 0.0, **options})
    return task, Model({"sequence": backbone}, {"target": task.build_head([backbone])}).eval()


def forward(model):
    encoder = Letters("dna")

    def said(texts):
        rows = Examples({"sequence": encoder.encode(texts)}, {"sequence": encoder}, {}, [""] * len(texts))
        with torch.no_grad():
            return model(rows.batch(np.arange(len(texts)))).numpy()

    return said


def truthful(texts):
    """Outputs that know the labels of the toy contig, whichever strand is given."""
    row = labelled([GENE], len(LETTERS))
    found = np.full((len(texts), len(LETTERS), len(CLASSES)), -6.0)
    for one, text in zip(found, texts, strict=True):
        known = row if text == LETTERS else on_other_strand(row)
        one[np.arange(len(known)), known] = 0.0
    return found


def test_labels_as_text_and_on_the_other_strand():
    row = labelled([GENE], len(LETTERS))
    assert (of_text(as_text(row)) == row).all()
    back = Transcript("-", ((16, 28), (58, 70)), (17, 68))
    assert (on_other_strand(row) == labelled([back], len(LETTERS))).all()
    assert (on_other_strand(on_other_strand(row)) == row).all()
    assert (OTHER_STRAND[OTHER_STRAND] == np.arange(len(CLASSES))).all()
    assert [CLASSES[i][:-1] for i in OTHER_STRAND[1:]] == [name[:-1] for name in CLASSES[1:]]


@pytest.mark.parametrize("text", ["..A..", "..é..", "..·"])
def test_a_letter_that_is_no_label(text):
    with pytest.raises(DataError, match=f"letter '{text[2]}' at position 3"):
        of_text(text)


def test_targets_and_truth():
    table, (task, _) = windows(), built()
    found = task.targets(table)["labels"]
    assert found.shape == (2, 80)
    assert (found[1, 25:] == 255).all()
    truth = task.truth({"labels": found})
    assert np.nansum(truth[0]) == np.nansum(truth[0, :80]) == 21
    assert np.isnan(truth[1]).sum() == 2 * 55


def test_unknown_bases_do_not_count():
    table, (task, model) = windows(), built()
    batch = examples(table, task).batch(np.arange(2))
    output = model(batch)
    loss = task.loss(output, batch)
    output = output.detach().clone()
    output[1, 25:] = 99.0
    assert torch.isclose(task.loss(output, batch), loss)
    chosen = batch.targets["labels"] != 255
    logs, truth = output.log_softmax(-1)[chosen], batch.targets["labels"][chosen].long()
    weights = torch.tensor(task.shares)[truth] ** -0.5
    expected = -(logs[torch.arange(len(logs)), truth] * weights).sum() / weights.sum()
    assert torch.isclose(loss, expected)
    task.balance = 0
    assert torch.isclose(task.loss(output, batch), -logs[torch.arange(len(logs)), truth].mean())


def test_weights_in_the_loss_are_taken_out_of_probabilities():
    """A network that knows only the weighted shares of classes says the shares."""
    shares = np.arange(23, 0, -1) / 276
    task = GeneFinding(shares=shares.tolist())
    blind = torch.from_numpy(np.log(shares**0.5)).expand(1, 80, -1)
    assert np.allclose(task.decode(blind)[0, :80], shares[3:6].sum())
    assert np.allclose(task.decode(blind)[0, 80:], shares[14:17].sum())


def test_classes_with_hardly_an_example_are_taken_as_they_come():
    """A share of nearly 0 would make a class worth much that nothing is known of."""
    task, table = GeneFinding(), windows()
    task.fit(table)
    counts = np.bincount(task.targets(table)["labels"].ravel(), minlength=256)[:23]
    known = counts >= 20
    assert 0 < known.sum() < 23
    np.testing.assert_allclose(task.shares, np.where(known, counts / counts.sum(), 1))
    assert not task.offsets()[~known].any()


def test_the_score_is_base_f1_by_strand():
    table, (task, _) = windows(), built()
    targets = task.targets(table)
    known = torch.from_numpy(np.where(targets["labels"] == 255, 0, targets["labels"])).long()
    right = torch.nn.functional.one_hot(known, len(CLASSES)).float() * 20
    metric = METRICS.get(task.metrics()[0])
    assert metric.value(task.truth(targets), task.decode(right)) == 1
    wrong = right[..., OTHER_STRAND]
    assert metric.value(task.truth(targets), task.decode(wrong)) == 0
    assert task.frame(task.decode(right), ["a", "b"])["coding +"].tolist() == ["12-22, 52-63", "12-22"]


def test_outputs_of_short_windows_have_the_width_of_the_truth():
    task, model = built()
    table = windows().take(np.array([1]))
    rows = examples(table, task)
    assert task.decode(model(rows.batch(np.array([0]))).detach()).shape == task.truth(rows.targets).shape


def test_it_learns_a_window():
    task, model = built(dim=16, norm="layer")
    batch = examples(windows(), task).batch(np.array([0]))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(40):
        optimizer.zero_grad()
        loss = task.loss(model(batch), batch)
        loss.backward()
        optimizer.step()
    assert loss < 0.1
    reading = Reading(both_strands=False)
    genes = find_genes(forward(model.eval()), of_letters({"c": LETTERS}), grammar=Grammar(), reading=reading)
    assert [(gene.start, gene.end, gene.strand) for gene in genes.of("gene")] == [(10, 64, "+")]


@pytest.mark.parametrize("strategy", ["gradual_unfreeze", "frozen"])
def test_the_loop_trains_it_above_cached_blocks(strategy):
    task, model = built(recurrent="gru", dropout=0.1)
    table = ReverseComplement()(windows(), 0)
    rows, config = examples(table, task), TrainingConfig(epochs=30, batch_size=2, lr=0.03, device="cpu")
    history = fit(
        model,
        {"target": task},
        STRATEGIES.build(strategy),
        TrainingSets({"target": rows}, rows),
        config,
        seed=0,
        quiet=True,
    )
    assert history.rows[-1].valid_loss < 0.9 * history.rows[0].valid_loss


def test_its_state_builds_it_again():
    task, _ = built()
    again = GeneFinding(**task.state())
    assert again.state() == task.state()
    assert (again.length, len(again.shares)) == (80, len(CLASSES))
    with pytest.raises(ConfigError, match=r"balance lies in \[0, 1\]; found 2"):
        GeneFinding(balance=2)


def test_a_backbone_that_shortens_is_refused():
    task, model = built(variant="pool")
    batch = examples(windows(), task).batch(np.arange(2))
    with pytest.raises(ConfigError, match="one token a base"):
        task.loss(model(batch), batch)


def test_columns_that_do_not_fit():
    table = windows()
    plain = Table(table.frame, {**table.columns, "labels": Column("target", "label")}, "toy")
    with pytest.raises(DataError, match="the columns hold dna, label"):
        GeneFinding().fit(plain)
    table.frame.loc[1, "labels"] = "..."
    with pytest.raises(DataError, match="window b has 30 letters and 3 labels"):
        GeneFinding().fit(table)


def test_both_strands_are_training_rows():
    table = windows()
    twice = ReverseComplement()(table, 0)
    assert len(twice) == 4
    assert twice.frame["sequence"][2] == reverse_complement(LETTERS)
    assert twice.frame["labels"][3] == as_text(on_other_strand(of_text(table.frame["labels"][1])))
    assert len(set(twice.ids())) == 4
    with pytest.raises(DataError, match="needs an input column of DNA"):
        ReverseComplement()(Table(table.frame, {"labels": Column("target", "structure")}, "toy"), 0)


def test_genes_of_a_genome():
    grammar = Grammar(shortest_intron=10)
    found = find_genes(truthful, of_letters({"c": LETTERS}), grammar=grammar)
    types = [feature.type for feature in found.features]
    assert types == ["gene", "mRNA", "exon", "exon", "CDS"]
    cds = found.of("CDS")[0]
    assert [(part.start, part.end, part.phase) for part in cds.parts] == [(12, 22, 0), (52, 63, 2)]


def test_offsets_divide_what_is_left_of_the_shares_out():
    shares = np.linspace(1, 3, 23) / 46
    for balance in (0.0, 0.5, 1.0):
        left = GeneFinding(balance=balance, shares=shares.tolist()).offsets()
        np.testing.assert_allclose(left, -(1 - balance) * np.log(shares), rtol=1e-5)
    assert not GeneFinding().offsets().any()


def test_offsets_reach_the_grammar():
    against = np.where(np.arange(23) == 0, 0, -100).astype(np.float32)  # anything but intergenic is worth less
    genome, grammar = of_letters({"c": LETTERS}), Grammar(shortest_intron=10)
    assert len(find_genes(truthful, genome, grammar=grammar, offsets=0 * against).of("gene")) == 1
    assert not find_genes(truthful, genome, grammar=grammar, offsets=against).of("gene")


def said_by(model, reading, letters):
    pieces = list(log_probabilities(forward(model), letters, reading))
    assert [start for start, _ in pieces] == np.cumsum([0, *(len(values) for _, values in pieces)])[:-1].tolist()
    return np.concatenate([values for _, values in pieces])


@pytest.mark.parametrize("window", [150, 200, 301])
def test_the_size_of_windows_does_not_matter(window):
    """The network reaches 2 x (1 + 2 + 4) + 7 letters; half the overlap is more."""
    _, model = built(norm="batch")
    letters = "".join(np.random.default_rng(0).choice(list("ACGT"), 700))
    whole = said_by(model, Reading(window=700, overlap=0), letters)
    cut = said_by(model, Reading(window=window, overlap=60), letters)
    np.testing.assert_allclose(cut, whole, atol=1e-4)


def test_both_strands_agree():
    _, model = built(recurrent="gru")
    letters = "".join(np.random.default_rng(1).choice(list("ACGT"), 120))
    one = said_by(model, Reading(window=120, overlap=0), letters)
    other = said_by(model, Reading(window=120, overlap=0), reverse_complement(letters))
    np.testing.assert_allclose(one, other[::-1, OTHER_STRAND], atol=1e-5)
    np.testing.assert_allclose(np.exp(one).sum(1), 1, atol=1e-4)
