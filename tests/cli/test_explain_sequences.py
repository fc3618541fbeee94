"""`exapt explain` of DNA and proteins: exchanged letters, tracks along the genome, motifs."""

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from exapt.api import explain
from exapt.bio.formats import bedgraph
from exapt.bio.motifs import files
from exapt.bio.motifs.motif import Motif, of_counts, one_hot
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.config import Piece
from exapt.core.errors import InputError

SITE, LENGTH = "TGACTCAT", 40
SMALL = ["--controls", "none", "--seeds", "1", "--quiet", "--set", "baselines=[]", "--set", "split=random"]
NET = "backbone={name: cnn, dim: 16, depth: 1, stem_kernel: 9, stem_dim: 16, pool: max, reverse_complement: true}"


@pytest.fixture(scope="module")
def sites(tmp_path_factory, command):
    """Every second sequence carries a site, on a random strand; a small network learns to tell them apart."""
    folder, generator = tmp_path_factory.mktemp("sites"), np.random.default_rng(0)
    rows = []
    for number in range(600):
        text = "".join(generator.choice(list("ACGT"), LENGTH))
        if number % 2:
            start = int(generator.integers(0, LENGTH - len(SITE)))
            site = SITE if generator.integers(2) else reverse_complement(SITE)
            text = text[:start] + site + text[start + len(SITE) :]
        place = f"chr{1 + number % 2}:{100 * number}-{100 * number + LENGTH}({'+-'[number % 3 == 0]})"
        rows.append((place, text, "site" if number % 2 else "none"))
    frame = pd.DataFrame(rows, columns=["id", "sequence", "label"])
    frame.to_csv(folder / "sites.csv", index=False)
    frame.iloc[450:].to_csv(folder / "new.csv", index=False)
    known = [of_counts(f"MA{i}", 100 * generator.dirichlet([0.3] * 4, 9), f"other{i}") for i in range(200)]
    files.write_meme(folder / "known.meme", [*known, Motif("MA0489", "JUN", 90 * one_hot("A" + SITE) + 2)])
    code = command(
        *("finetune", folder / "sites.csv", "--target", "label", "-o", folder / "run", *SMALL),
        *("--set", NET, "--set", "training={epochs: 25, lr: 0.01, batch_size: 64}"),
    )
    assert code == 0
    return folder


@pytest.fixture(scope="module")
def explained(sites):
    note = explain(
        sites / "run",
        str(sites / "new.csv"),
        sites / "why",
        method=Piece(name="mutagenesis"),
        of="site",
        n=150,
        motifs=str(sites / "known.meme"),
        quiet=True,
    )
    return sites / "why", note


def test_every_letter_is_exchanged_at_every_position(explained, sites):
    folder, note = explained
    assert note == json.loads((folder / "faithfulness.json").read_text())
    assert note["inputs"]["sequence"]["method"] == {"name": "mutagenesis"}
    assert note["inputs"]["sequence"]["faithful"]
    table = pd.read_csv(folder / "mutagenesis.tsv", sep="\t")
    assert len(table) == 150 * LENGTH
    frame = pd.read_csv(sites / "new.csv")
    assert "".join(table["letter"]) == "".join(frame["sequence"])
    changes = table[list("ACGT")].to_numpy()
    own = one_hot("".join(table["letter"])).astype(bool)
    assert (changes[own] == 0).all()
    values = pd.read_csv(folder / "attributions.tsv", sep="\t")["value"]
    np.testing.assert_allclose(values, -changes.sum(1) / 3, rtol=1e-4, atol=1e-4)


def test_a_mutant_is_what_predict_says_of_it(explained, sites, command):
    """The map agrees with predicting a changed sequence by the other verb."""
    folder, _ = explained
    frame = pd.read_csv(sites / "new.csv").iloc[:1]
    text = frame["sequence"][0]
    mutants = [text, *(text[:7] + letter + text[8:] for letter in "ACGT")]
    pd.DataFrame({"id": list("wACGT"), "sequence": mutants}).to_csv(sites / "mutants.csv", index=False)
    assert command("predict", sites / "run", sites / "mutants.csv", "-o", sites / "said.tsv", "--quiet", "--force") == 0
    said = pd.read_csv(sites / "said.tsv", sep="\t").set_index("id")
    column = next(name for name in said.columns if "site" in name)
    odds = np.log(said[column] / (1 - said[column]))
    table = pd.read_csv(folder / "mutagenesis.tsv", sep="\t")
    row = table[(table["id"] == frame["id"][0]) & (table["position"] == 8)]
    np.testing.assert_allclose(row[list("ACGT")].to_numpy()[0], (odds[list("ACGT")] - odds["w"]).to_numpy(), atol=0.05)


def test_the_track_stands_on_the_genome(explained, sites):
    folder, note = explained
    assert note["inputs"]["sequence"]["coordinates"] == "identifiers, counted from 0"
    signal = bedgraph.read(folder / "attributions.bedgraph")
    assert signal.directives[0].startswith("track type=bedGraph")
    level = {(one.seqid, place): one.value for one in signal.stretches for place in range(one.start, one.end)}
    table = pd.read_csv(folder / "attributions.tsv", sep="\t")
    assert len(level) == len(table)
    for name, rows in list(table.groupby("id", sort=False))[:20]:
        chrom, _, rest = name.partition(":")
        start, end = (int(word) for word in rest[:-3].split("-"))
        places = range(end - 1, start - 1, -1) if name.endswith("(-)") else range(start, end)
        np.testing.assert_allclose([level[chrom, place] for place in places], rows["value"], rtol=1e-3, atol=1e-5)


def test_the_planted_factor_is_recovered(explained):
    folder, note = explained
    best = note["motifs"]["found"][0]
    assert best["match"] == "MA0489 JUN"
    assert best["q"] < 0.01
    assert best["effect"] == "for"
    assert "JUN" in note["motifs"]["sentence"]
    table = pd.read_csv(folder / "motifs.tsv", sep="\t")
    assert table.query("motif == 'motif_1' and rank == 1")["name"].tolist() == ["JUN"]
    (motif, *_) = files.read(folder / "motifs.meme")
    assert SITE[:7] in motif.name or reverse_complement(SITE)[:7] in motif.name
    places = pd.read_csv(folder / "motif_sites.tsv", sep="\t").query("motif == 'motif_1'")
    assert len(places) == best["sites"] >= 40
    page = (folder / "motifs.html").read_text(encoding="utf-8")
    for text in ("motif_1", "JUN", "MA0489", "exapt explain", "--method mutagenesis", "<path d="):
        assert text in page, text
    assert "http" not in page.replace("http://www.w3.org", "")
    assert pd.read_csv(folder / "figures/motif_1.tsv", sep="\t")["bits"].max() > 1.5


def test_letters_are_drawn(explained):
    folder, _ = explained
    drawings = sorted(folder.glob("0*.svg"))
    assert len(drawings) == 100
    for path in [*drawings[:5], folder / "figures/motif_1.svg"]:
        ElementTree.parse(path)
    assert drawings[1].read_text().count("scale(") > 3


def test_the_usual_method_and_coordinates_in_columns(sites):
    frame = pd.read_csv(sites / "new.csv").iloc[:8].assign(chrom="chrX", strand="-")
    frame["start"] = 1000 + 10 * np.arange(8)  # they overlap
    frame["end"] = frame["start"] + LENGTH
    frame.assign(id=[f"row {i}" for i in range(8)]).to_csv(sites / "placed.csv", index=False)
    note = explain(sites / "run", str(sites / "placed.csv"), sites / "placed", quiet=True)
    assert note["inputs"]["sequence"]["method"] == {"name": "integrated_gradients"}
    assert note["inputs"]["sequence"]["coordinates"] == "columns chrom, start, end"
    assert not (sites / "placed/mutagenesis.tsv").exists()
    stretches = bedgraph.read(sites / "placed/attributions.bedgraph").stretches
    assert (stretches[0].start, stretches[-1].end) == (1000, 1000 + 70 + LENGTH)
    frame.assign(id=[f"row {i}" for i in range(8)]).drop(columns="chrom").to_csv(sites / "rows.csv", index=False)
    note = explain(sites / "run", str(sites / "rows.csv"), sites / "rows", quiet=True)
    assert note["inputs"]["sequence"]["coordinates"] == "rows"
    assert bedgraph.read(sites / "rows/attributions.bedgraph").stretches[0].seqid == "row_0"
    frame.assign(end=frame["end"] + 1).to_csv(sites / "wrong.csv", index=False)
    with pytest.raises(InputError, match="41 letters, its sequence 40"):
        explain(sites / "run", str(sites / "wrong.csv"), sites / "wrong", quiet=True)
    assert not (sites / "wrong").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--motifs", "nowhere.meme"], "no such file"),
        (["--motifs", "gue_mouse2"], "no collection of motifs"),
        (["--motifs", "DATA"], "motifs are read as TRANSFAC"),
        (["--method", "mutagenesi"], "Did you mean 'mutagenesis'"),
        (["--method", "mutagenesis:letters=3"], "has no option"),
    ],
)
def test_bad_input_is_told_and_leaves_nothing(sites, command, capsys, arguments, text):
    words = [str(sites / "new.csv") if word == "DATA" else word for word in arguments]
    code = command("explain", sites / "run", sites / "new.csv", "-o", sites / "none", "--quiet", *words)
    said = capsys.readouterr().err
    assert code == 2, said
    assert text in said
    assert "Traceback" not in said
    assert not (sites / "none").exists()


def test_a_pair_of_molecule_and_protein(tmp_path, command, capsys):
    generator = np.random.default_rng(0)
    drugs = [f"{'C' * n}{end}" for n in range(2, 12) for end in ("O", "N")]
    proteins = ["".join(generator.choice(list("ACDEFGHIKL"), 12)) for _ in range(6)]
    rows = [(f"p{i}", drugs[i % 20], proteins[i % 6], float(i % 6)) for i in range(60)]
    pd.DataFrame(rows, columns=["id", "smiles", "sequence", "affinity"]).to_csv(tmp_path / "pairs.csv", index=False)
    net = "backbone={smiles: {name: gnn, dim: 8, depth: 1}, sequence: {name: cnn, dim: 8, depth: 1}}"
    pair = ("--target", "affinity", "--input", "smiles,sequence")
    train = ("finetune", tmp_path / "pairs.csv", *pair, "-o", tmp_path / "run", *SMALL, "--set", net)
    assert command(*train, "--set", "training.epochs=1") == 0
    out = ("-o", tmp_path / "why", "--n", "6", "--method", "mutagenesis", "--quiet")
    assert command("explain", tmp_path / "run", tmp_path / "pairs.csv", *out) == 0
    note = json.loads((tmp_path / "why/faithfulness.json").read_text())
    methods = {column: found["method"]["name"] for column, found in note["inputs"].items()}
    assert methods == {"smiles": "occlusion", "sequence": "mutagenesis"}
    table = pd.read_csv(tmp_path / "why/sequence/mutagenesis.tsv", sep="\t")
    assert list(table.columns[3:]) == list("ACDEFGHIKLMNPQRSTVWY")
    assert not list(tmp_path.glob("why/**/*.bedgraph"))
    capsys.readouterr()
    assert command("explain", tmp_path / "run", tmp_path / "pairs.csv", "--force", *out, "--motifs", "x.meme") == 2
    assert "one input of DNA or RNA letters" in capsys.readouterr().err
