/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_QUOTE_H
#define ROG_TEXT_QUOTE_H

/*
 * User texts in output: one function per target format, which is the only way to write them there.
 * Whatever a text contains, it appears as text. Each function accepts any text, also one that is
 * not clean (label.h). Output to a terminal uses rog_write_harmless (cli.h), JSON uses json.h.
 */

#include <stdio.h>

/* A string of a gnuplot script: in double quotes, with every character that is special to gnuplot
 * as an octal number, so that nothing is expanded. A path is the same byte for byte; a text that is
 * drawn is made drawable (fonts.h), and gets U+200C within "]]>", which gnuplot would otherwise
 * write into an SVG unchanged. */
void rog_quote_gnuplot(FILE *file, const char *text);
void rog_quote_gnuplot_path(FILE *file, const char *path);
/* A comment after '#' on a line of a script or of its data; the text is cleaned. */
void rog_quote_gnuplot_comment(FILE *file, const char *text);

/* Content and attributes of HTML, SVG and other XML. Line ends and tabs are kept; other invisible
 * characters are made visible. */
void rog_quote_xml(FILE *file, const char *text);

/* Text of a LaTeX document, on one line, for any engine and font encoding. Characters other than
 * letters of Western Europe appear with XeTeX and LuaTeX, and as "[U+6F22]" with pdfTeX, by a macro
 * that the document needs once. */
void rog_quote_latex(FILE *file, const char *text);
#define ROG_QUOTE_LATEX_MACRO                                                     \
    "\\providecommand{\\rogchar}[2]{\\ifdefined\\XeTeXversion#1\\else\\ifdefined" \
    "\\directlua#1\\else[U+#2]\\fi\\fi}"

/* Text in a cell of a Markdown table, on one line. */
void rog_quote_markdown(FILE *file, const char *text);

/* A field of comma-separated values (RFC 4180), in quotes if necessary. It reads back as the same
 * text, except that invalid bytes are U+FFFD, and that a text that a spreadsheet would evaluate (it
 * begins with one of "=+-@", a tab or a line end, possibly after apostrophes) gets an additional
 * leading apostrophe, so that removing one gives the text. */
void rog_quote_csv(FILE *file, const char *text);

/* A key of a parameter, metric or file on an MLflow server: letters, digits, "_-. " and single
 * slashes. A text of only these is unchanged; otherwise other characters become '_' and a hash of
 * the text is appended, so that two texts never share a key. Heap memory, NULL without memory. */
char *rog_quote_mlflow_key(const char *text);
/* A value on an MLflow server: at most 500 bytes of UTF-8, ending in an ellipsis if longer. Heap
 * memory, NULL without memory. */
char *rog_quote_mlflow_value(const char *text);

/* The beginning of a file name for a case or run. A text of only letters, digits, "._-" and
 * characters beyond ASCII is unchanged; otherwise other characters become '_' and a hash of the
 * text is appended, so that two names never share a file. Heap memory, NULL without memory. */
char *rog_quote_file_name(const char *text);

#endif
