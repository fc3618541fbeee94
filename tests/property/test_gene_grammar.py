"""Genes as labels: transcripts spelt and read again, and legal genes decoded from labels with and without noise."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exapt.bio.sequence.alphabets import reverse_complement
from exapt.bio.transcripts.annotated import annotation_of, coding_transcripts, label_contig, problem
from exapt.bio.transcripts.grammar import Grammar, decoded
from exapt.bio.transcripts.labels import CLASSES, CODING, INTRON, REVERSE, Transcript, labelled, spelt_transcripts

SHORTEST = 8
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**31)


def words(random, count):
    return "".join(random.choice(list("ACGT"), count))


def coding(random, codons):
    inner = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT" if a + b + c not in ("TAA", "TAG", "TGA")]
    return "ATG" + "".join(random.choice(inner, codons)) + str(random.choice(["TAA", "TAG", "TGA"]))


def random_gene(random):
    """The letters of a legal gene on the forward strand and its transcript from position 0."""
    body = coding(random, int(random.integers(1, 25)))
    lead, trail = (words(random, int(random.integers(0, 12))) for _ in range(2))
    message = lead + body + trail
    cuts = np.unique(random.integers(1, len(message), int(random.integers(0, 4))))
    letters, exons, done = "", [], 0
    for cut in [*cuts.tolist(), len(message)]:
        exons.append((len(letters), len(letters) + cut - done))
        letters += message[done:cut]
        done = cut
        if cut < len(message):
            intron = words(random, int(random.integers(SHORTEST - 4, 30)))
            letters += str(random.choice(["GT", "GC"])) + intron + "AG"
    places = np.concatenate([np.arange(start, end) for start, end in exons])
    first, last = places[len(lead)], places[len(lead) + len(body) - 1]
    return letters, Transcript("+", tuple(exons), (int(first), int(last) + 1))


def turned(transcript, length):
    def back(interval):
        return length - interval[1], length - interval[0]

    return transcript._replace(
        strand="-", exons=tuple(map(back, transcript.exons[::-1])), coding=back(transcript.coding)
    )


def moved(transcript, by):
    exons = tuple((start + by, end + by) for start, end in transcript.exons)
    return transcript._replace(exons=exons, coding=(transcript.coding[0] + by, transcript.coding[1] + by))


def random_contig(seed, genes=4):
    random = np.random.default_rng(seed)
    letters, found = words(random, 5), []
    for _ in range(genes):
        text, transcript = random_gene(random)
        if random.random() < 0.5:
            text, transcript = reverse_complement(text), turned(transcript, len(text))
        transcript = moved(transcript, len(letters))
        letters += text + words(random, int(random.integers(1, 40)))
        if not problem(transcript, letters):
            found.append(transcript)
    return letters, found


def weights_of(labels, told=0.05):
    weights = np.full((len(labels), len(CLASSES)), np.log(told / len(CLASSES)))
    weights[np.arange(len(labels)), labels] = np.log(1 - told)
    return weights


@quick
@given(seeds)
def test_labels_spell_their_transcripts(seed):
    letters, transcripts = random_contig(seed)
    labels = labelled(transcripts, len(letters))
    assert spelt_transcripts(labels) == transcripts
    assert (labelled(spelt_transcripts(labels), len(letters)) == labels).all()


@quick
@given(seeds)
def test_transcripts_through_an_annotation(seed):
    letters, transcripts = random_contig(seed)
    made = annotation_of({"c": transcripts}, {"c": len(letters)})
    again = coding_transcripts(made).get("c", [])
    assert [entry._replace(gene="", name="") for entry in again] == transcripts
    assert (label_contig(again, letters).labels == labelled(transcripts, len(letters))).all()


@quick
@given(seeds)
def test_right_labels_are_decoded_as_they_are(seed):
    letters, transcripts = random_contig(seed)
    labels = labelled(transcripts, len(letters))
    grammar = Grammar(shortest_intron=SHORTEST, gene=-1.0, intron=-1.0)
    found = decoded(grammar, {"c": weights_of(labels)}, {"c": letters})["c"]
    assert (found == labels).all()


@quick
@given(seeds)
def test_what_is_decoded_is_legal(seed):
    letters, transcripts = random_contig(seed)
    labels = labelled(transcripts, len(letters))
    random = np.random.default_rng(seed)
    wrong = random.random(len(labels)) < 0.3
    labels[wrong] = random.integers(0, len(CLASSES), wrong.sum())
    grammar = Grammar(shortest_intron=SHORTEST, gene=-1.0, intron=-1.0)
    found = spelt_transcripts(decoded(grammar, {"c": weights_of(labels)}, {"c": letters})["c"])
    assert [problem(transcript, letters) for transcript in found] == [""] * len(found)
    assert all(right - left >= SHORTEST for transcript in found for left, right in transcript.introns)


@quick
@given(seeds)
def test_genes_that_run_over_the_ends_are_found_as_far_as_they_go(seed):
    letters, transcripts = random_contig(seed)
    labels = labelled(transcripts, len(letters))
    first, last = sorted(np.random.default_rng(seed).choice(len(letters) + 1, 2, replace=False).tolist())
    grammar = Grammar(shortest_intron=SHORTEST, gene=-1.0, intron=-1.0)
    beyond, part = grammar.run_over, letters[first:last]
    weights = {"c": weights_of(labels[first:last])}
    row = decoded(grammar, weights, {"c": part}, beyond=beyond)["c"]
    found = [entry for one in spelt_transcripts(row) if (entry := one.within(beyond, beyond + len(part)))]
    expected = [entry for one in transcripts if (entry := one.within(first, last))]
    assert [_coding(transcript) for transcript in found] == [_coding(transcript) for transcript in expected]
    for one, other in zip(found, expected, strict=True):  # an ATG at the very end may be the first as well as another
        assert all(not ours or theirs for ours, theirs in zip(one.partial, other.partial, strict=True))
        assert any(one.partial) or not problem(one, part)
    assert (row[beyond : beyond + len(part)] == labels[first:last])[~_only_untranslated(labels[first:last])].all()


def _coding(transcript):
    """All but the UTRs: whether one that reaches the end of a contig goes on cannot be told."""
    return transcript.strand, transcript.coding_parts, transcript.phase


def _only_untranslated(labels):
    """Positions of genes of which nothing coding is left."""
    edges = np.flatnonzero(np.diff(np.r_[0, (labels > 0).astype(int), 0])).reshape(-1, 2)
    found = np.zeros(len(labels), dtype=bool)
    for start, end in edges:
        kinds = (labels[start:end] - 1) % REVERSE + 1
        found[start:end] = not ((kinds >= CODING) & (kinds < INTRON)).any()
    return found
