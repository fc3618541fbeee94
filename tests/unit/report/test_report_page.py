"""The HTML page: well-formed, self-contained, the same bytes for the same folder."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from exapt.report import ReportContent, write_report

CASES = ["helped", "hurt", "regression", "no_evidence", "bare", "odd", "many", "few_labels"]
CASES += ["detailed", "detailed_numbers", "undecided"]
VOID = {"meta", "link", "br", "hr", "img", "input"}
BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")


class Outline(HTMLParser):
    """Checks that every tag is closed in order, and collects ids, references and text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.references, self.scripts, self.text = [], [], [], 0, []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.references += [found[key] for key in ("src", "href", "xlink:href", "action", "data") if key in found]
        self.scripts += tag == "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> is out of order at {self.getpos()}"

    def handle_data(self, data):
        self.text.append(data)


def outline(page):
    parser = Outline()
    parser.feed(page)
    parser.close()
    return parser


@pytest.fixture(params=CASES)
def folder(request, run_folder):
    return run_folder(request.param)


def test_the_page_is_well_formed(folder):
    parsed = outline((folder / "report.html").read_text(encoding="utf-8"))
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert parsed.scripts == 1


def test_nothing_is_loaded_from_elsewhere(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|//cdn|@import|url\((?!#)", page)
    known = set(outline(page).ids)
    for reference in outline(page).references:
        if reference.startswith("#"):
            assert reference[1:] in known, reference
        else:
            assert (folder / reference).is_file(), reference


def test_the_verdict_stands_in_the_banner(run_folder):
    for case, word, tone in (
        ("helped", "helped", "helped"), ("hurt", "hurt", "hurt"), ("no_evidence", "no evidence", "neutral"),
    ):  # fmt: skip
        page = (run_folder(case) / "report.html").read_text(encoding="utf-8")
        banner = page[page.index('id="verdict"') :].partition("</section>")[0]
        assert f'class="banner {tone}"' in banner
        assert f'<span class="chip {tone}">{word}</span>' in banner
        assert f"<title>{word} ·" in page


def test_every_figure_and_arm_is_on_the_page(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    for figure in (folder / "figures").glob("*.svg"):
        assert f'id="figure-{figure.stem}"' in page
        assert f'href="figures/{figure.stem}.tsv"' in page
    assert page.count('<th scope="row">') >= len(ReportContent.read(folder).arms)


def test_names_of_classes_cannot_break_the_page(run_folder):
    page = (run_folder("odd") / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; co" in page
    assert "“<b>bold</b> & co”" in " ".join(outline(page).text)


def test_the_same_folder_gives_the_same_bytes(run_folder, tmp_path):
    folder = run_folder("helped")
    files = ["report.html", *(f"figures/{path.name}" for path in (folder / "figures").iterdir())]
    before = {name: (folder / name).read_bytes() for name in files}
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("report.html", "figures"))
    code = "import sys, pathlib; from exapt.report import write_report; write_report(pathlib.Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, "-c", code, str(copy)], check=True, env=environment)
    assert {name: (copy / name).read_bytes() for name in files} == before


def test_rebuilding_replaces_the_page_whole(run_folder):
    folder = run_folder("bare")
    (folder / "report.html").write_text("old")
    assert write_report(folder) == folder / "report.html"
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not list(folder.glob(".*"))


def test_every_strategy_of_a_comparison_has_its_verdict(tmp_path):
    from unit.report import synthetic_run_folders as synthetic

    folder = synthetic.comparison(tmp_path / "run")
    page = write_report(folder).read_text(encoding="utf-8")
    assert "Joint (weight=0.3) + L2-SP against scratch" in page
    assert (folder / "figures" / "training_joint-weight-0.3-l2_sp.svg").is_file()
    assert (folder / "figures" / "gain.tsv").read_text().count("joint:weight=0.3+l2_sp") == 1
    assert len(outline(page).ids) == len(set(outline(page).ids))


def test_the_command_is_quoted_for_a_shell(run_folder):
    page = (run_folder("helped") / "report.html").read_text(encoding="utf-8")
    assert "-o &#39;runs/first run&#39;" in page


def test_an_audit_with_open_questions_says_so(run_folder):
    page = (run_folder("helped") / "report.html").read_text(encoding="utf-8")
    assert "2 checks could not be made" in page
    assert "✓ Clean." in page
    assert "▼ Leaky." in (run_folder("hurt") / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(BROWSER is None, reason="no chromium here: the page is not tried in a browser")
@pytest.mark.parametrize(("case", "width"), [("helped", 390), ("odd", 390), ("no_evidence", 1200), ("detailed", 390)])
def test_the_page_fits_the_screen_in_a_browser(run_folder, tmp_path, case, width):
    page = (run_folder(case) / "report.html").read_text(encoding="utf-8")
    probe = """<script>
      const wide = Array.from(document.querySelectorAll("main *")).filter(function (e) {
        return !e.closest(".scroll, .canvas, .hidden") && e.getBoundingClientRect().right > innerWidth + 1; });
      const buttons = document.querySelectorAll("button:not([hidden])").length;
      parent.postMessage([innerWidth, document.documentElement.scrollWidth, wide.length, buttons].join(" "), "*");
    </script></body>"""
    frame = f"""<script>addEventListener("message", function (e) {{ document.title = "probe " + e.data; }});</script>
      <iframe src="page.html" width="{width}" height="900" style="border: 0"></iframe>"""
    (tmp_path / "page.html").write_text(page.replace("</body>", probe), encoding="utf-8")
    (tmp_path / "frame.html").write_text(frame)  # a window of a browser cannot be as narrow as a phone
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / "frame.html").as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    inner, scroll, wide, buttons = (int(x) for x in re.search(r"<title>probe (\d+) (\d+) (\d+) (\d+)", dom).groups())
    assert inner == width
    assert scroll <= inner
    assert wide == 0
    assert buttons >= 3  # the script ran: theme and copy buttons are there
