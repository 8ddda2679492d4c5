"""Tests of document.py."""

import unittest

import document


class DocumentTest(unittest.TestCase):

  def setUp(self):
    self.document = document.Document("Title")

  def test_blocks_in_order(self):
    self.document.heading("Heading")
    self.document.paragraph("One.")
    self.document.list(["a", "b"])
    self.assertEqual("# Title\n\n## Heading\n\nOne.\n\n- a\n- b\n",
                     self.document.markdown())
    self.assertIn("<h2>Heading</h2>\n<p>One.</p>\n"
                  "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n",
                  self.document.html())

  def test_table(self):
    self.document.table(["A", "B"], [["x", "failed, late"]])
    self.assertIn("| A | B |\n|---|---|\n| x | failed, late |\n",
                  self.document.markdown())
    self.assertIn('<td class="failed">failed, late</td>', self.document.html())

  def test_text_is_not_markdown(self):
    for text, expected in (
        ("`x` *y* [z](u)", r"\`x\` \*y\* \[z\](u)"),
        ("a | b", r"a \| b"),
        ("<script> & \\", r"\<script\> \& \\"),
        ("name_of_x, _y_", r"name_of_x, \_y\_"),
        ("# one", r"\# one"),
        ("- one", r"\- one"),
        ("1. one", r"1\. one"),
        ("1.5 is no list", "1.5 is no list"),
        ("two\nlines", "two lines"),
        ("see https://x.example, @all", r"see https\://x.example, \@all")):
      with self.subTest(text):
        out = document.Document("Title")
        out.paragraph(text)
        self.assertEqual("# Title\n\n%s\n" % expected, out.markdown())

  def test_text_is_not_html(self):
    self.document.paragraph('<b a="x">&')
    self.assertIn("<p>&lt;b a=&quot;x&quot;&gt;&amp;</p>", self.document.html())


if __name__ == "__main__":
  unittest.main()
