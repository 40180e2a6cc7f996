"""The page build/coverage/index.html: every source with what was executed of it."""

from collections import defaultdict
from html import escape
from pathlib import Path

from assurance.coverage.report import Report

_STYLE = """
:root { color-scheme: light dark; --bad: #ffd9d9; --some: #fff0c2; --dim: #777; }
@media (prefers-color-scheme: dark) { :root { --bad: #5c2020; --some: #524310; --dim: #999; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
pre { font: 13px/1.45 ui-monospace, monospace; overflow-x: auto; border: 1px solid #8884; padding: .5rem 0; }
pre span { display: block; padding: 0 .6rem; white-space: pre; } pre i { color: var(--dim); font-style: normal; }
.bad { background: var(--bad); } .some { background: var(--some); } .why { color: var(--dim); }
"""


def write_page(report: Report, path: Path) -> None:
    """Writes the page: a table, what is missing, and the sources with their hits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(_row(report, file) for file in report.files)
    sources = "".join(_source(report, file) for file in report.files)
    excused = "".join(
        f"<li><a href='#{escape(e['file'])}:{e['line']}'>{escape(e['file'])}:{e['line']}</a> "
        f"{escape(e.get('outcome', 'the line'))} <span class=why>{escape(e['reason'])}</span></li>"
        for e in report.excused
    )
    path.write_text(
        "<!doctype html><meta charset=utf-8><title>Coverage of the contracts</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        "<h1>Coverage of the contracts</h1>"
        f"<p>{report.lines.percent:.2f}% of {report.lines.all} lines, {report.branches.percent:.2f}% of"
        f" {report.branches.all} branches, measured in {report.seconds / 60:.0f} min from execution traces."
        " The number before a line is in how many calls it was executed.</p>"
        "<table><tr><th>source<th class=n>lines<th class=n>branches<th>not executed</tr>"
        f"{rows}</table>"
        f"<h2>Cannot be reached</h2><ul>{excused or '<li>nothing'}</ul>{sources}"
    )


def _row(report: Report, file: str) -> str:
    lines, branches = report.shares[file]
    missed = sorted({*report.missed_lines[file], *(m.line for m in report.missed_branches[file])})
    links = ", ".join(f"<a href='#{escape(file)}:{line}'>{line}</a>" for line in missed)
    return (
        f"<tr><td><a href='#{escape(file)}'>{escape(file)}</a>"
        f"<td class=n>{lines.percent:.2f}%<td class=n>{branches.percent:.2f}%<td>{links}</tr>"
    )


def _source(report: Report, file: str) -> str:
    outcomes = defaultdict(list)
    for missed in report.missed_branches[file]:
        outcomes[missed.line].append(f"{missed.kind} {missed.text!r}: never {missed.outcome}")
    found, missed_lines = report.files[file], set(report.missed_lines[file])
    shown = []
    for number, text in enumerate(report.texts[file], 1):
        hits = found.lines.get(number)
        style = "bad" if number in missed_lines else "some" if number in outcomes else ""
        title = (
            f" title='{escape('; '.join(outcomes[number]), quote=True)}'"
            if outcomes[number]
            else ""
        )
        count = "" if hits is None else str(hits)
        shown.append(
            f"<span id='{escape(file)}:{number}' class='{style}'{title}><i>{count:>8} {number:>4} </i>"
            f" {escape(text)}</span>"
        )
    return f"<h2 id='{escape(file)}'>{escape(file)}</h2><pre>{''.join(shown)}</pre>"
