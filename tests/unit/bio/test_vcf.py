"""VCF: what is read, symbolic alleles, five columns, and what is refused with its line."""

import gzip
import shutil
import subprocess

import pysam
import pytest

from exapt.bio.formats import vcf
from exapt.bio.formats.annotation import Contig
from exapt.bio.formats.vcf import Variant, Variants
from exapt.core.errors import DataError

HEAD = """##fileformat=VCFv4.2
##contig=<ID=c,length=1000>
##contig=<ID=d,length=900,assembly=x>
##reference=r.fa
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">
##INFO=<ID=DB,Number=0,Type=Flag,Description="Known">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type">
##INFO=<ID=SVLEN,Number=.,Type=Integer,Description="Length">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##FILTER=<ID=q10,Description="low">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2
"""
ROWS = """c\t10\trs1\tA\tG,T\t29.5\tPASS\tDP=3;AF=0.25,0.5;DB\tGT:DP\t0|1:3\t./.:.
c\t20\t.\tN\t<INV>\t.\t.\tSVTYPE=INV;END=300\tGT\t0/1\t1
c\t30\t.\tATG\tA\t.\tq10\t.\tGT\t0/1\t1/1
d\t50\tb1\tA\tA[d:7[\t.\t.\tSVTYPE=BND\tGT\t0/1\t1/1
d\t60\t.\tA\t.\t.\t.\tDP=4\tGT\t0/0\t0/0
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.vcf").write_text(HEAD + ROWS)
    return tmp_path / "a.vcf"


def test_values(path):
    snv, inversion, deletion, breakend, same = vcf.read(path).rows
    assert (snv.start, snv.ref, snv.alts, snv.id, snv.quality, snv.filters) == (
        9,
        "A",
        ("G", "T"),
        "rs1",
        29.5,
        ("PASS",),
    )
    assert snv.info == {"DP": 3, "AF": (0.25, 0.5), "DB": True}
    assert snv.samples == {"s1": {"GT": "0|1", "DP": 3}, "s2": {"GT": "./.", "DP": None}}
    assert (snv.stop, snv.line) == (10, 15)
    assert (inversion.start, inversion.end, inversion.stop, inversion.info) == (19, 300, 300, {"SVTYPE": "INV"})
    assert (deletion.stop, deletion.end, deletion.filters) == (32, None, ("q10",))
    assert breakend.alts == ("A[d:7[",)
    assert same.alts == ()


@pytest.mark.parametrize("name", ["b.vcf", "b.vcf.gz"])
def test_again(path, name):
    variants = vcf.read(path)
    vcf.write(path.with_name(name), variants)
    assert vcf.read(path.with_name(name)) == variants
    assert list(variants.contigs.values()) == [Contig("c", 1000), Contig("d", 900)]
    windows = path.with_name("w.vcf")
    windows.write_bytes((HEAD + ROWS).replace("\n", "\r\n").encode())
    assert vcf.read(windows).rows == variants.rows


def structural():
    dup = Variant("c", 9, "N", ("<DUP:TANDEM>",), filters=("PASS",), info={"SVTYPE": "DUP", "SVLEN": (30,)}, end=40)
    gap = Variant("c", 50, "A", ("<DEL>",), info={"SVTYPE": "DEL", "CIPOS": (-5, 5), "IMPRECISE": True}, end=80)
    return Variants((dup, gap, Variant("c", 90, "A", ("AT",))), {"c": Contig("c", 100)})


def test_structural_variants_are_defined_in_the_header(tmp_path):
    vcf.write(tmp_path / "a.vcf", structural())
    text = (tmp_path / "a.vcf").read_text()
    assert '##ALT=<ID=DUP:TANDEM,Description="Tandem duplication">' in text
    assert "c\t10\t.\tN\t<DUP:TANDEM>\t.\tPASS\tEND=40;SVTYPE=DUP;SVLEN=30\n" in text
    assert vcf.read(tmp_path / "a.vcf") == structural()


def test_is_indexed_and_fetched_by_pysam(tmp_path):
    vcf.write(tmp_path / "a.vcf.gz", structural())
    pysam.tabix_index(str(tmp_path / "a.vcf.gz"), preset="vcf")
    with pysam.VariantFile(str(tmp_path / "a.vcf.gz")) as file:
        assert [record.start for record in file.fetch("c", 60, 95)] == [50, 90]


@pytest.mark.skipif(
    shutil.which("bcftools") is None, reason="bcftools is not on PATH: what we write is not shown to it"
)
def test_bcftools_accepts(path):
    for variants in (vcf.read(path), structural()):
        vcf.write(path.with_name("b.vcf.gz"), variants)
        done = subprocess.run(["bcftools", "view", path.with_name("b.vcf.gz")], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_five_columns(tmp_path):
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(gzip.compress(b"I\t3452\tgk1\tG\tA\nI\t3452\t.\tG\tT,C\r\n"))
    variants = vcf.read(path)
    assert variants.rows == (Variant("I", 3451, "G", ("A",), "gk1"), Variant("I", 3451, "G", ("T", "C")))
    assert variants.rows[1].line == 2
    vcf.write(tmp_path / "b.vcf", variants)
    assert vcf.read(tmp_path / "b.vcf") == variants


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I\t3\tx\tG\n", r"a.vcf:1: 4 columns and no header. A VCF file begins .* five columns CHROM POS ID REF ALT"),
        ("I\t3\tx\tG\tA\t.\t.\t.\n", r"a.vcf:1: 8 columns and no header"),
        ("I\t3\tx\tG\tA\nI\t3\tx\tG\n", r"a.vcf:2: 4 columns"),
        (HEAD[HEAD.index("#CHROM") :], r"a.vcf:1: the first line of a VCF file is '##fileformat"),
        (HEAD + "c 10 . A G . . .\n", r"a.vcf:15: 1 columns; a variant has at least 8, separated by tabs"),
        (HEAD + "c\tten\t.\tA\tG\t.\t.\t.\tGT\t.\t.\n", r"a.vcf:15: the position .* found 'ten'"),
        (HEAD + "c\t10\t.\tA\tQ\t.\t.\t.\tGT\t.\t.\n", r"a.vcf:15: 'Q' is no ALT"),
        (HEAD + "c\t10\t.\t-\tA\t.\t.\t.\tGT\t.\t.\n", r"a.vcf:15: '-' is no REF"),
        (HEAD + "c\t10\t.\tA\tG\tgood\t.\t.\tGT\t.\t.\n", r"a.vcf:15: the score \(column 6\) .* found 'good'"),
        (HEAD + ROWS + "c\t10\t.\tA\tG\t.\t.\t.\tGT\t.\n", r"a.vcf:20: htslib cannot read the line"),
    ],
)
def test_refused(tmp_path, text, message):
    (tmp_path / "a.vcf").write_text(text)
    with pytest.raises(DataError, match=message):
        vcf.read(tmp_path / "a.vcf")


def test_cut_gzip(tmp_path, path):
    packed = tmp_path / "b.vcf.gz"
    vcf.write(packed, vcf.read(path))
    packed.write_bytes(packed.read_bytes()[:300])
    with pytest.raises(DataError, match="the gzip file is cut in the middle"):
        vcf.read(packed)


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        (
            Variant("c", 5, "A", ("T",), info={"SVTYP": "DEL"}),
            r"SVTYP is not defined. Add a line ##INFO=<ID=SVTYP,...>",
        ),
        (Variant("c", 5, "A", ("T",), filters=("low",)), r"low is not defined. Add a line ##FILTER=<ID=low,...>"),
        (Variant("c", 5, "A", ("T",), info={"CIPOS": "no"}), r"VCF cannot write the variant at c:6"),
    ],
)
def test_not_for_vcf(tmp_path, variant, message):
    with pytest.raises(DataError, match=message):
        vcf.write(tmp_path / "a.vcf", Variants((variant,), {"c": Contig("c", 9)}))
    assert not list(tmp_path.iterdir())
