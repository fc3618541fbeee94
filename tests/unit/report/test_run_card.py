"""The model card."""

import yaml

from exapt.report import ReportContent


def front_matter(text):
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def test_the_front_matter_is_what_hubs_read(run_folder):
    head, body = front_matter((run_folder("helped") / "README.md").read_text(encoding="utf-8"))
    assert (head["license"], head["license_name"], head["library_name"]) == ("other", "unspecified", "exapt")
    assert {"exapt", "biology", "mlp", "l2_sp"} <= set(head["tags"])
    assert head["metrics"][0] == "macro_f1"
    assert head["base_model"] == "mlp.pbmc_facs"
    score = ReportContent.read(run_folder("helped")).arm("transfer").scores["macro_f1"].value
    assert head["model-index"][0]["results"][0]["metrics"] == [{"type": "macro_f1", "value": round(score, 4)}]
    assert body.lstrip().startswith("# helped")


def test_every_arm_has_a_row_of_the_same_width(run_folder):
    text = (run_folder("helped") / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 7
    assert len({row.count("|") for row in rows}) == 1
    assert rows[2].startswith("| **Transfer** | 0.")
    assert "Linear model (baseline)" in text


def test_a_hurt_verdict_and_a_leak_are_not_hidden(run_folder):
    text = (run_folder("hurt") / "README.md").read_text(encoding="utf-8")
    assert "**No, the transfer hurt.** (hurt)" in text
    assert "> **Warning.** Leakage" in text
    assert "Leakage audit: **leaky**." in text


def test_how_to_use_and_repeat_it(run_folder):
    text = (run_folder("regression") / "README.md").read_text(encoding="utf-8")
    assert "exapt predict regression NEW_DATA -o predictions.tsv" in text
    assert "exapt finetune regression/run.yaml -o again" in text
    assert "torch 2.13.0" in text


def test_a_bare_run_has_a_card_too(run_folder):
    text = (run_folder("bare") / "README.md").read_text(encoding="utf-8")
    assert "Not compared." in text
    assert "No leakage audit was made." in text
