"""The model of annotations: order of reading, splicing, phases, families."""

import pytest

from exapt.bio.formats.annotation import Annotation, Feature, Part, phased
from exapt.core.errors import DataError


def cds(*spans, strand="+", **known):
    return Feature("c", "CDS", tuple(Part(start, end, strand) for start, end in spans), **known)


@pytest.mark.parametrize(
    ("feature", "letters"),
    [
        (cds((0, 3), (6, 9)), "ACGTAC"),
        (cds((0, 3), (6, 9), strand="-"), "GTACGT"),
        (cds((8, 12)), "CGAC"),
        (cds((8, 12), strand="-"), "GTCG"),
        (cds((8, 10), (11, 13)), "CGCG"),
        (Feature("c", "CDS", (Part(6, 9, "-"), Part(0, 3, "+"))), "GTAACG"),
    ],
)
def test_spliced(feature, letters):
    assert feature.spliced("ACGTAATACG", circular=True) == letters


@pytest.mark.parametrize("circular", [False, True])
def test_beyond_the_contig(circular):
    with pytest.raises(DataError, match=r"CDS x at c:9-29 lies beyond its contig of 10 letters"):
        cds((8, 29), id="x").spliced("ACGTAATACG", circular=circular)
    if not circular:
        with pytest.raises(DataError, match="beyond its contig"):
            cds((8, 12)).spliced("ACGTAATACG")


def test_phases_go_from_5_to_3():
    parts = [Part(0, 4, "-"), Part(10, 15, "-"), Part(20, 21, "-")]
    assert [part.phase for part in phased(parts, 1)] == [1, 0, 1]
    assert Feature("c", "CDS", phased(parts, 1)).phase == 1


def test_a_cds_of_lines_without_id_is_whole():
    lines = [cds((8, 10), parents=("m1", "m2"), line=2), cds((0, 4), parents=("m1",), line=3)]
    first, second = (Feature("c", "mRNA", (Part(0, 10, "+"),), name) for name in ("m1", "m2"))
    annotation = Annotation((first, second, *lines))
    assert [[part[:2] for part in found.parts] for found in annotation.coding(first)] == [[(0, 4), (8, 10)]]
    assert [[part[:2] for part in found.parts] for found in annotation.coding(second)] == [[(8, 10)]]
    assert list(annotation.roots()) == [first, second]
    assert annotation.find("m1") == [first]


def test_strand_of_trans_spliced_parts_is_unknown():
    feature = Feature("c", "CDS", (Part(6, 9, "-", score=2.0), Part(0, 3, "+")))
    assert (feature.strand, feature.start, feature.end, feature.score, len(feature)) == ("?", 0, 9, 2.0, 6)
    assert feature.value("product", "none") == "none"
