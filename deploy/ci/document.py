"""A document of headings, paragraphs, lists and tables, as Markdown or HTML.

Text is plain: whatever it contains, such as a compiler's message, is shown as
it is.
"""

import html
import re

_STYLE = """
body { font: 15px/1.45 sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; }
th, td { border: 1px solid #ccc; padding: .3em .6em; text-align: left;
  vertical-align: top; }
td.built { background: #e2f4e2; }
td.failed { background: #fbdcdc; }
td.planned, td.building { background: #fdf3d0; }
td.excluded { color: #888; }
"""


def _markdown_text(text):
  """Text in which Markdown sees no markup; one line."""
  text = " ".join(text.split())
  text = re.sub(r"([\\`*\[\]<>|&~#@!$])", r"\\\1", text)
  # Within a word, an underscore is none.
  text = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", text)
  # At the start, no list and no underline.
  text = re.sub(r"^([-+=])", r"\\\1", text)
  text = re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text)
  # No link.
  return text.replace("://", "\\://")


class Document:
  """Blocks in order.  Add them, then format."""

  def __init__(self, title):
    self._title = title
    # Pairs of a Markdown text and an HTML text.
    self._blocks = []
    self._heading(1, title)

  def heading(self, text):
    self._heading(2, text)

  def subheading(self, text):
    self._heading(3, text)

  def _heading(self, level, text):
    self._blocks.append(("%s %s\n" % ("#" * level, _markdown_text(text)),
                         "<h%d>%s</h%d>\n" % (level, html.escape(text), level)))

  def paragraph(self, text):
    self._blocks.append((_markdown_text(text) + "\n",
                         "<p>%s</p>\n" % html.escape(text)))

  def list(self, items):
    self._blocks.append((
        "".join("- %s\n" % _markdown_text(item) for item in items),
        "<ul>\n%s</ul>\n" % "".join(
            "<li>%s</li>\n" % html.escape(item) for item in items)))

  def table(self, header, rows):
    """Rows of texts.  In HTML, a cell's class is its text's first word."""

    def markdown_row(row):
      return "| %s |\n" % " | ".join(_markdown_text(text) for text in row)

    def html_cell(text):
      word = re.match(r"[a-z]*", text).group()
      return "<td%s>%s</td>" % (' class="%s"' % word if word else "",
                                html.escape(text))

    self._blocks.append((
        markdown_row(header) + "|%s\n" % ("---|" * len(header)) +
        "".join(markdown_row(row) for row in rows),
        "<table>\n<tr>%s</tr>\n%s</table>\n" % (
            "".join("<th>%s</th>" % html.escape(text) for text in header),
            "".join("<tr>%s</tr>\n" % "".join(html_cell(text) for text in row)
                    for row in rows))))

  def markdown(self):
    return "\n".join(markdown for markdown, _ in self._blocks)

  def html(self):
    return ("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
            "<meta charset=\"utf-8\">\n<title>%s</title>\n"
            "<style>%s</style>\n</head>\n<body>\n%s</body>\n</html>\n" % (
                html.escape(self._title), _STYLE,
                "".join(text for _, text in self._blocks)))
