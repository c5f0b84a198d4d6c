"""HTML of the report: one file, nothing loaded from elsewhere.

Tables sort by a click on a column's head: each cell carries its number in
data-v, whatever its text says.
"""

import html

import numpy as np

import figures

STYLE = """
body { font: 18px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1a1a1a;
  max-width: 1180px; margin: 0 auto; padding: 24px; background: #fff; }
h1 { font-size: 34px; margin: 8px 0; } h2 { font-size: 26px; margin: 56px 0 8px;
  border-top: 2px solid #1a1a1a; padding-top: 12px; }
nav a { margin-right: 18px; white-space: nowrap; } a { color: #0059a0; }
figure { margin: 18px 0; } figure svg { max-width: 100%; height: auto; }
.caption { max-width: 900px; } .files { font-size: 15px; color: #444; }
.answer { background: #eef4fa; border-left: 6px solid #0072b2;
  padding: 10px 18px 10px 36px; max-width: 950px; } .answer li { margin: 4px 0; }
.absent { background: #fdf3e4; border-left: 6px solid #e69f00;
  padding: 10px 18px 10px 36px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse;
  font-size: 16px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px; text-align: right; border-bottom: 1px solid #ddd;
  white-space: nowrap; } th { cursor: pointer; vertical-align: bottom;
  white-space: normal; border-bottom: 2px solid #1a1a1a; }
th:hover { background: #eef4fa; } th.up::after { content: " \\25B2"; }
th.down::after { content: " \\25BC"; }
td.text, th.text { text-align: left; } summary { cursor: pointer;
  color: #0059a0; margin: 8px 0; }
@media print { nav, summary { display: none; } }
"""

SCRIPT = """
for (const head of document.querySelectorAll("th")) {
  head.title = "sort by this column";
  head.onclick = () => {
    const table = head.closest("table"), body = table.tBodies[0];
    const at = head.cellIndex, down = head.classList.contains("up");
    for (const other of table.querySelectorAll("th"))
      other.classList.remove("up", "down");
    head.classList.add(down ? "down" : "up");
    const value = row => row.cells[at].dataset.v;
    const order = (a, b) => {
      const x = value(a), y = value(b);
      if (x === "" || y === "") return (x === "") - (y === "");
      const d = x - y;
      return (down ? -1 : 1) * (isNaN(d) ? x.localeCompare(y) : d);
    };
    body.append(...[...body.rows].sort(order));
  };
}
"""


def sort_value(value):
    """What a cell sorts by: a number, text, or nothing."""
    if value is None or value != value:
        return ""
    if isinstance(value, (int, float, np.number)):
        return "1e308" if np.isinf(value) else repr(float(value))
    digits = str(value).replace(",", "")
    return digits if digits.isdigit() else str(value)


def table(item):
    """A table whose columns sort."""
    shown = figures.formatted(item)
    is_text = {name: not (np.issubdtype(column.dtype, np.number) or
                          column.map(sort_value).map(str.isdigit).any())
               for name, column in item.table.items()}
    kind = {name: ' class="text"' if text else ""
            for name, text in is_text.items()}
    head = "".join(f"<th{kind[n]}>{html.escape(str(n))}</th>" for n in shown)
    body = []
    for (_, raw), (_, row) in zip(item.table.iterrows(), shown.iterrows()):
        cells = "".join(
            f'<td{kind[n]} data-v="{html.escape(sort_value(raw[n]))}">'
            f"{html.escape(row[n])}</td>" for n in shown)
        body.append(f"<tr>{cells}</tr>")
    return (f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
            f'<tbody>{"".join(body)}</tbody></table></div>')


def section(item, beside, most_open):
    """One item: how to read it, figure, numbers, files."""
    parts = [f'<section id="{item.name}"><h2>{html.escape(item.title)}</h2>',
             f'<p class="caption">{html.escape(item.caption)}</p>']
    files = [f'<a href="{beside}/{item.name}.csv">CSV</a>']
    if item.figure is not None:
        title = html.escape(item.title)
        parts.append(f'<figure role="img" aria-label="{title}">'
                     f"{figures.svg(item.figure)}</figure>")
        files.insert(0, f'<a href="{beside}/{item.name}.pdf">PDF</a>')
    rows = len(item.table)
    if rows > most_open or item.figure is not None:
        state = " open" if item.is_table and rows <= most_open else ""
        parts.append(f"<details{state}><summary>the numbers ({rows} rows)"
                     f"</summary>"
                     f"{table(item)}</details>")
    else:
        parts.append(table(item))
    parts.append(f'<p class="files">{" · ".join(files)}</p></section>')
    return "\n".join(parts)


def bullets(lines):
    """A list."""
    return "".join(f"<li>{html.escape(line)}</li>" for line in lines)


def render(title, findings, items, absent, provenance, beside, most_open):
    """The whole page."""
    links = " ".join(f'<a href="#{i.name}">{html.escape(i.title)}</a>'
                     for i in items)
    sections = "\n".join(section(i, beside, most_open) for i in items)
    answer = (f'<ul class="answer">{bullets(findings)}</ul>'
              if findings else "")
    lacking = ("<h2>Not shown</h2>"
               f'<ul class="absent">{bullets(absent)}</ul>' if absent else "")
    about = table(figures.Item("provenance", "", "", provenance))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{html.escape(title)}</h1>
<p class="caption">Code lengths under compressors and language models, measured
with codelen. One number compares them all: bytes of the code over bytes of the
original.</p>
{answer}
<nav>{links}</nav>
{sections}
{lacking}
<section id="provenance"><h2>Where the numbers come from</h2>
{about}</section>
<script>{SCRIPT}</script></body></html>
"""
