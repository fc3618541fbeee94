"""The corpus of DNA: windows of known letters without a word of what is held out, on either strand."""

import numpy as np
import pytest

from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import ConfigError
from exapt.data.cards.parsers.dna_corpus import DnaCorpus

RNG = np.random.default_rng(0)


def letters(count):
    return "".join(RNG.choice(list("ACGT"), count))


@pytest.fixture
def files(tmp_path):
    genome, held = letters(1000), letters(60)
    genome = genome[:300] + reverse_complement(held[10:40]) + genome[330:700] + "NN" + genome[702:]
    paths = {
        "x/ASM584v2_genomic.fna.gz": (tmp_path / "genome.fna", f">chr\n{genome.lower()}\n"),
        "x/train_enhancers.fa": (tmp_path / "train.fa", f"> 1\n{letters(200)}\n> 2\n{held}\n"),
        "x/test_enhancers.fa": (tmp_path / "test.fa", f"> 1\n{held}\n"),
        "mouse/2/test.csv": (tmp_path / "test.csv", "sequence,label\nACGT,1\n"),
        "splice.data": (tmp_path / "splice.data", f"EI, A-1, {letters(60)}\n"),
    }
    for path, text in paths.values():
        path.write_text(text)
    return {name: path for name, (path, _) in paths.items()}, genome


def test_what_is_held_out_is_cut_out(files):
    paths, genome = files
    frame = DnaCorpus(window=256, least=40)(paths).frame
    coli = frame[frame["source"] == "Escherichia coli"]
    places = [tuple(map(int, name.split(":")[1].split("-"))) for name in coli["id"]]
    assert places == [(0, 256), (256, 300), (330, 586), (586, 700), (702, 958), (958, 1000)]
    assert coli["sequence"].tolist() == [genome[start:end] for start, end in places]
    assert (frame["source"] == "human enhancers").sum() == 1


def test_a_word_that_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="word"):
        DnaCorpus(word=8)
    with pytest.raises(ConfigError, match="least"):
        DnaCorpus(least=10)
