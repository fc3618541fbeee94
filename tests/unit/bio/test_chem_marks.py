"""Alerts, diverse choices, contact sheets and SDF records."""

import io
import xml.etree.ElementTree as ElementTree

import pytest

from exapt.bio.chem.alerts import Alerts
from exapt.bio.chem.diversity import pick
from exapt.bio.chem.drawing import contact_sheet, structure
from exapt.bio.formats.sdf_records import write_sdf
from exapt.core.errors import ConfigError, DataError

CYCLOSPORIN = (
    "CCC1C(=O)N(CC(=O)N(C(C(=O)NC(C(=O)N(C(C(=O)NC(C(=O)NC(C(=O)N(C(C(=O)N(C(C(=O)N(C(C(=O)N(C(C(=O)N1)C(C(C)CC=CC)O)C)"
    "C(C)C)C)CC(C)C)C)CC(C)C)C)C)C)CC(C)C)C)C(C)C)CC(C)C)C)C"
)
HITTERS = [
    "O=C1NC(=S)SC1=Cc1ccccc1",
    "c1ccc(N=Nc2ccc(N)cc2)cc1",
    "O=C1C=CC(=O)C=C1",
    "Oc1ccc(CCN)cc1O",
    "CCN(CC)c1ccc(C=NNC(=O)c2ccccc2O)cc1",
]
SERIES = ["CCCCCCO", "CCCCCCCO", "c1ccccc1C(=O)O", "c1ccccc1C(=O)N", "C1CCNCC1"]


def test_marks_name_catalogue_and_finding():
    marks = Alerts(smarts={"nitrile": "C#N"}).mark(
        ["CC(=O)Oc1ccccc1C(=O)O", "N#Cc1ccc(N=Nc2ccccc2)cc1", CYCLOSPORIN, ""]
    )
    assert marks[0].startswith("brenk: ")
    assert marks[1].startswith("pains: azo_A(324); brenk: ")
    assert marks[1].endswith("; nitrile")
    assert "rule_of_five: weight 12" in marks[2]
    assert marks[3] == ""


def test_one_broken_limit_is_no_mark():
    greasy = "C" * 20  # logP only
    assert Alerts(["rule_of_five"]).mark([greasy, "C" * 40]) == ["", "rule_of_five: weight 563, logP 15.8"]


def test_pains_are_those_of_the_catalogue():
    from rdkit import Chem
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    catalogue = FilterCatalog(FilterCatalogParams.FilterCatalogs.PAINS)
    smiles = [*HITTERS, *SERIES, CYCLOSPORIN, "[Na+]"]
    expected = [[entry.GetDescription() for entry in catalogue.GetMatches(Chem.MolFromSmiles(s))] for s in smiles]
    assert Alerts(["pains"]).mark(smiles) == [f"pains: {', '.join(found)}" if found else "" for found in expected]
    assert all(expected[: len(HITTERS)])


def test_many_molecules_in_processes_as_one_by_one():
    alerts = Alerts(["brenk"])
    many = [f"{'C' * (i % 7 + 1)}=O" for i in range(1200)]
    assert alerts.mark(many) == [alerts.mark([text])[0] for text in many[:7]] * 171 + alerts.mark(many[:3])


def test_bad_alerts_are_refused():
    with pytest.raises(ConfigError, match="'pains'"):
        Alerts(["pain"])
    with pytest.raises(ConfigError, match="alert 'mine': 'C\\(' is no SMARTS"):
        Alerts(smarts={"mine": "C("})
    with pytest.raises(ConfigError, match="is no SMARTS"):
        Alerts(smarts={"empty": " "})


def test_sphere_keeps_the_best_of_each_neighbourhood():
    assert pick(SERIES, 5) == [0, 2, 4]
    assert pick(SERIES, 2) == [0, 2]
    assert pick(SERIES, 5, at_most=1.0) == [0, 2, 3, 4]  # the two alcohols have the same bits


def test_maxmin_starts_with_the_best_and_leaves_out_the_unreadable():
    assert sorted(pick(["x", *SERIES], 3, how="maxmin")) in ([1, 3, 5], [1, 4, 5])
    assert pick(["x", *SERIES], 3, how="maxmin")[0] == 1
    assert sorted(pick(["x", *SERIES], 99, how="maxmin")) == [1, 2, 3, 4, 5]
    assert pick(["x"], 3) == []


@pytest.mark.parametrize("options", [{"how": "spere"}, {"at_most": 0.0}, {"at_most": 1.2}, {"family": "maccs"}])
def test_bad_options_of_picking_are_refused(options):
    with pytest.raises(ConfigError):
        pick(SERIES, 2, **options)


def test_a_sheet_is_one_valid_svg_and_escapes_text():
    smiles = [*SERIES, "x"]
    titles = [f"{rank} · a<b & {'long ' * 20}" for rank in range(1, 7)]
    sheet = contact_sheet(smiles, titles, ["brenk: " + "nitro_group, " * 40] * 6, columns=4, heading="Best & first")
    root = ElementTree.fromstring(sheet)
    inner = [one for one in root.iter("{http://www.w3.org/2000/svg}svg") if one is not root]
    assert len(inner) == 5
    assert len({(one.get("x"), one.get("y")) for one in inner}) == 5
    texts = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "cannot be read" in texts
    assert max(map(len, texts)) <= 36
    assert sum(text.endswith("…") for text in texts) == 12  # each title and each note is cut


def test_a_sheet_with_too_few_titles_is_refused():
    with pytest.raises(DataError, match="2 molecules got 1 titles"):
        contact_sheet(["C", "CC"], ["1"])
    assert ElementTree.fromstring(contact_sheet([], [])) is not None


@pytest.mark.parametrize("smiles", ["[Na+]", "[Fe]", "*C", "C", "C1" + "C" * 200 + "1", CYCLOSPORIN])
def test_odd_molecules_are_drawn_and_written(smiles):
    assert "<" in structure(smiles)
    file = io.StringIO()
    assert write_sdf(file, [smiles], ["odd"]) == 1


def test_sdf_is_read_back_by_rdkit():
    from rdkit import Chem

    file = io.StringIO()
    assert write_sdf(file, ["C[C@H](N)C(=O)O", "x"], ["ala", "x"], {"rank": [1, 2], "note": ["a\n\nb", ""]}) == 1
    assert write_sdf(file, ["CCO"], ["two"], {"rank": [3], "note": [""]}) == 1
    supplier = Chem.SDMolSupplier()
    supplier.SetData(file.getvalue())
    first, second = supplier
    assert Chem.MolToSmiles(first) == "C[C@H](N)C(=O)O"
    assert (first.GetProp("_Name"), first.GetProp("rank"), first.GetProp("note")) == ("ala", "1", "a b")
    assert (second.GetProp("_Name"), second.GetProp("rank"), second.GetProp("note")) == ("two", "3", "")


def test_sdf_refuses_what_the_format_forbids():
    with pytest.raises(ConfigError, match="'a>b'"):
        write_sdf(io.StringIO(), ["C"], ["1"], {"a>b": [1]})
    with pytest.raises(DataError, match="1 molecules got 2 values of 'rank'"):
        write_sdf(io.StringIO(), ["C"], ["1"], {"rank": [1, 2]})
