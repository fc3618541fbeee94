"""Molecules from every kind of file, and what becomes of bad input."""

import gzip

import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import rdDepictor, rdDistGeom

from exapt.core.config import DataConfig
from exapt.core.contracts import Column
from exapt.core.errors import DataError
from exapt.data.loading import load, stream

BAD_VALENCE = "CC(C)(C)(C)C"


def drawn(smiles, *, title="", three_dimensional=False, sanitize=True):
    molecule = Chem.MolFromSmiles(smiles, sanitize=sanitize)
    if three_dimensional:
        molecule = Chem.AddHs(molecule)
        rdDistGeom.EmbedMolecule(molecule, randomSeed=7)
    elif sanitize:
        rdDepictor.Compute2DCoords(molecule)
    molecule.SetProp("_Name", title)
    return Chem.MolToMolBlock(molecule, kekulize=sanitize)


def data(path, text, **stated):
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_bytes(text.encode())
    return DataConfig.model_validate({"name": str(path), **stated})


def refused(path, text, **stated):
    with pytest.raises(DataError) as error:
        load(data(path, text, **stated))
    return str(error.value).replace(f"{path.parent}/", "")


LIBRARY = (
    f"{drawn('C[C@H](N)C(=O)O', title='alanine')}>  <logP>\n-2.8\n\n$$$$\n"
    f"{drawn('C/C=C/C', title='butene', three_dimensional=True)}>  <logP>\n2.3\n\n>  <smiles>\nC\n\n$$$$\n"
    f"{drawn('F[C@](Cl)(Br)I', three_dimensional=True)}>  <logP>\n3\n"
)


@pytest.mark.parametrize("name", ["x.sdf", "x.sdf.gz"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_sdf(tmp_path, name, ends):
    table = load(data(tmp_path / name, LIBRARY.replace("\n", ends), target="logP")).table
    assert table.frame["smiles"].tolist() == ["C[C@H](N)C(=O)O", "C/C=C/C", "F[C@](Cl)(Br)I"]
    assert table.frame["id"].tolist() == ["alanine", "butene", "record_3"]
    assert table.frame["logP"].tolist() == [-2.8, 2.3, 3.0]
    assert table.frame["smiles-1"].tolist() == [None, "C", None]  # a property is not the structure
    assert table.columns["smiles"] == Column("input", "molecule")


def test_records_that_cannot_be_read_are_listed_and_the_others_kept(tmp_path):
    text = (
        f"broken\n\n\nrubbish\nM  END\n$$$$\n{LIBRARY}\n$$$$\n"
        f"{drawn(BAD_VALENCE, title='five bonds', sanitize=False)}$$$$\n$$$$\n"
    )
    path = tmp_path / "x.sdf"
    message = refused(path, text, target="logP")
    assert "cannot read 3 of 6 molecules" in message
    assert "x.sdf:1 (broken): record 1: Cannot convert 'rub' to unsigned int on line 4" in message
    assert "clean: [readable_smiles]" in message
    result = load(data(path, text, target="logP", clean=["readable_smiles"]))
    assert len(result.table) == 3
    lost = result.report.rejected
    assert lost["id"].tolist() == ["broken", "five bonds", "record_6"]
    assert lost["where"].iloc[0] == f"{path}:1"
    assert lost["reason"].iloc[1].startswith("record 5: Explicit valence for atom # 1 C, 5, is greater than permitted")
    assert lost["rule"].unique().tolist() == ["readable_smiles"]


def test_smi(tmp_path):
    for name in ("x.smi", "x.smi.gz"):
        table = load(data(tmp_path / name, "# lib\r\nCCO ethanol\r\nCC\r\n")).table
        assert table.frame[["smiles", "id"]].values.tolist() == [["CCO", "ethanol"], ["CC", "line_3"]]
    table = load(
        data(tmp_path / "y.smi", "smiles code y\nCC 007 1.5\nCO 008 NA\nCN 009 2\n", clean=["drop_missing_target"])
    ).table
    assert table.frame["code"].tolist() == ["007", "009"]
    assert table.frame["y"].tolist() == [1.5, 2.0]


@pytest.mark.parametrize(("name", "text"), [("x.sdf", LIBRARY), ("x.smi", "CCO a\nCC b\nC=C c\n")])
def test_streams_are_the_same_as_the_whole(tmp_path, name, text):
    whole = load(data(tmp_path / name, text)).table
    pieces = list(stream(str(tmp_path / name), chunk_rows=2))
    assert [len(piece) for piece in pieces] == [2, 1]
    assert [i for piece in pieces for i in piece.ids()] == whole.ids()
    assert [s for piece in pieces for s in piece.frame["smiles"]] == whole.frame["smiles"].tolist()


def test_a_bad_row_does_not_stop_a_library(tmp_path):
    data(tmp_path / "x.smi", f"CCO a\nC(C b\n{BAD_VALENCE} c\nxx d\nCC e\n\tf\n")
    lost = []
    pieces = list(stream(str(tmp_path / "x.smi"), chunk_rows=2, rejected=lost.append))
    assert [i for piece in pieces for i in piece.ids()] == ["a", "e"]
    rows = pd.concat(lost)
    assert rows["id"].tolist() == ["b", "c", "d", "f"]
    assert rows["where"].str.rpartition(":")[2].tolist() == ["2", "3", "4", "6"]
    with pytest.raises(DataError, match="cannot read 1 of 2 molecules"):
        list(stream(str(tmp_path / "x.smi"), chunk_rows=2))


def test_sequences_that_cannot_be_read_are_kept_apart_in_a_stream(tmp_path):
    path = tmp_path / "p.csv"
    data(path, "id,sequence\na,MKVLAAGIWW\nb,MKV7AAGIWW\nc,\nd,MKVLLLGIWW\n")
    lost = []
    (piece,) = stream(str(path), inputs={"sequence": "protein"}, rejected=lost.append)
    assert piece.ids() == ["a", "d"]
    assert lost[0]["reason"].tolist() == ["empty input", "letter '7' of 'sequence' is not in the protein alphabet"]


HEAD = "smiles,y\nCCO,1\nCCN,2\nCCCC,3\n"


def test_unreadable_smiles_are_refused_with_rows_and_reasons(tmp_path):
    text = f"{HEAD}C(C,4\n{BAD_VALENCE},5\nxx,6\nyy,7\n"
    message = refused(tmp_path / "x.csv", text)
    assert "RDKit cannot read 4 of 7 molecules" in message
    assert "x.csv:5: the spelling is no SMILES: C(C" in message
    assert "x.csv:6: Explicit valence for atom # 1 C, 5" in message
    assert "... and 1 more" in message
    result = load(data(tmp_path / "x.csv", text, clean=["readable_smiles"]))
    assert len(result.table) == 3
    assert len(result.report.rejected) == 4


def test_empty_molecules(tmp_path):
    assert "x.csv:5: no atom" in refused(tmp_path / "x.csv", f"{HEAD},4\n")
    assert "x.csv:5: no atom" in refused(tmp_path / "x.csv", f"{HEAD}  ,4\n")
    assert len(load(data(tmp_path / "x.csv", f"{HEAD},4\n", clean=["readable_smiles"])).table) == 3


@pytest.mark.parametrize(
    ("smiles", "what"),
    [("[Na+]", "a metal (Na)"), ("C", "no bond"), ("[Cl-].[Br-]", "no bond"), ("*CC", "a wildcard atom"),
     ("C[Hg]C", "a metal (Hg)"), ("[1*]CC", "a wildcard atom"), ("Cl[Pt](Cl)(N)N", "a metal (Pt)")],
)  # fmt: skip
def test_unusual_molecules_are_told_and_dropped_where_asked(tmp_path, smiles, what):
    path, text = tmp_path / "x.csv", f"{HEAD}{smiles},4\n"
    kept = load(data(path, text))
    assert len(kept.table) == 4
    assert any("a wildcard atom, a metal or no bond (kept; clean" in line for line in kept.report.lines())
    dropped = load(data(path, text, clean=["unusual_molecules"]))
    assert len(dropped.table) == 3
    assert dropped.report.rejected["reason"].tolist() == [f"{what}: {smiles}"]


@pytest.mark.parametrize(
    "smiles", ["[Si](C)(C)(C)C", "C[S@](=O)CC", "[nH]1cccc1", "OB(O)c1ccccc1", "[Se]=C", "CBr.CCl"]
)
def test_metalloids_and_brackets_are_not_unusual(tmp_path, smiles):
    assert load(data(tmp_path / "x.csv", f"{HEAD}{smiles},4\n")).report.lines() == []


def test_a_macrocycle_of_200_atoms(tmp_path):
    ring = f"C1{'C' * 198}C1"
    rules = ["readable_smiles", "largest_fragment", "neutralise", "no_stereo", "canonical_smiles"]
    table = load(data(tmp_path / "x.csv", f"{HEAD}{ring},4\n", clean=rules)).table
    molecule = Chem.MolFromSmiles(table.frame["smiles"].iloc[3])
    assert (molecule.GetNumAtoms(), molecule.GetRingInfo().NumRings()) == (200, 1)


@pytest.mark.parametrize("column", ["inchi", "smiles", "structure"])
def test_a_column_of_inchi(tmp_path, column):
    text = f'{column},y\n"InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",1\n"InChI=1S/CH4/h1H4",2\n"InChI=1S/C2H6/c1-2/h1-2H3",3\n'
    message = refused(tmp_path / "x.csv", text)
    assert message.startswith("x.csv:2: an InChI, no SMILES")
    assert message.endswith("(3 such rows): clean: [from_inchi].")
    assert load(data(tmp_path / "x.csv", text, clean=["from_inchi"])).table.frame[column].tolist() == ["CCO", "C", "CC"]
    result = load(data(tmp_path / "x.csv", f'{text}"InChI=1S/rubbish",4\n', clean=["from_inchi"]))
    assert len(result.table) == 3
    assert result.report.rejected["reason"].iloc[0].endswith(": InChI=1S/rubbish")


def test_mixed_separators_and_ragged_lines(tmp_path):
    tabs = "smiles\tname\ty\nCCO\tethanol, pure\t1\nCC,ethane,2\nCCC\tpropane\t3\n"
    assert refused(tmp_path / "x.tsv", tabs).startswith("x.tsv:3: separated by ',', where the first line")
    commas = "name,smiles,y\nethanol,CCO,1\nethane\tCC\t2\npropane,CCC,3\n"
    assert refused(tmp_path / "x.csv", commas).startswith("x.csv:3: separated by '\\t', where the first line")
    assert refused(tmp_path / "x.csv", f"{HEAD}CC,4,5\n").startswith("x.csv:5: 3 fields, where the lines before have 2")
    with pytest.raises(DataError, match=r"x.csv:3: separated by"):
        list(stream(data(tmp_path / "x.csv", commas).name))
    text = "smiles\tname, common\ty\nCCO\tethanol\t1\nCC\tethane\t2\n"
    assert load(data(tmp_path / "y.tsv", text)).table.frame["name, common"].tolist() == ["ethanol", "ethane"]


def test_windows_line_ends(tmp_path):
    table = load(data(tmp_path / "x.csv", HEAD.replace("\n", "\r\n"))).table
    assert table.frame["smiles"].tolist() == ["CCO", "CCN", "CCCC"]
    assert table.frame["y"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("name", ["x.csv.gz", "x.smi.gz", "x.sdf.gz"])
def test_a_gzip_that_was_cut(tmp_path, name):
    path = tmp_path / name
    text = LIBRARY if "sdf" in name else "smiles y\nCCO 1\n".replace(" ", "," if "csv" in name else " ")
    path.write_bytes(gzip.compress((text * 3).encode())[:-9])
    with pytest.raises(DataError, match=f"{name}: the gzip file is cut in the middle"):
        load(DataConfig(name=str(path)))


def test_unknown_amino_acids(tmp_path):
    text = "sequence,y\nMKVLAAGIWW,1\nMKVLAAG1WW,2\nMKVLAAGIWP,3\n"
    assert "x.csv:3: letter '1' of 'sequence' is not in the protein alphabet" in refused(tmp_path / "x.csv", text)
    result = load(data(tmp_path / "x.csv", text, clean=["bad_letters"]))
    assert result.report.rejected[["where", "reason"]].values.tolist() == [
        [f"{tmp_path}/x.csv:3", "letter '1' of 'sequence' is not in the protein alphabet"]
    ]
