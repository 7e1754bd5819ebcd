/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEXT_QUOTE_H
#define ROG_TEXT_QUOTE_H

/*
 * User texts in output: one function per target, and no other way to it. Whatever a text
 * holds, it arrives as text and as nothing else. Each takes any text, also one that is not clean
 * (label.h). What goes to a terminal goes through rog_write_harmless (cli.h), what goes into JSON
 * through json.h.
 */

#include <stdio.h>

/* A string of a gnuplot script: in double quotes, with every character that means anything to
 * gnuplot as its octal number, so that nothing is expanded. For a path it is the same byte for
 * byte; a text that is drawn is made drawable (fonts.h), and has U+200C within "]]>", which gnuplot
 * would write into an SVG as it is. */
void rog_quote_gnuplot(FILE *file, const char *text);
void rog_quote_gnuplot_path(FILE *file, const char *path);
/* What follows a '#' on a line of a script or of its data, made clean. */
void rog_quote_gnuplot_comment(FILE *file, const char *text);

/* Content and attributes of HTML, SVG and other XML. Lines and tabs stay; what else cannot be seen
 * is shown. */
void rog_quote_xml(FILE *file, const char *text);

/* Text of a LaTeX document, in one line, for any engine and encoding of fonts. What lies beyond the
 * letters of Western Europe is there for XeTeX and LuaTeX, and "[U+6F22]" for pdfTeX, by a macro
 * that the document needs once. */
void rog_quote_latex(FILE *file, const char *text);
#define ROG_QUOTE_LATEX_MACRO                                                     \
    "\\providecommand{\\rogchar}[2]{\\ifdefined\\XeTeXversion#1\\else\\ifdefined" \
    "\\directlua#1\\else[U+#2]\\fi\\fi}"

/* Text in a cell of a Markdown table, in one line. */
void rog_quote_markdown(FILE *file, const char *text);

/* A field of a row of comma-separated values (RFC 4180), in quotes where it needs them. Reads back
 * as the same text, but that damaged bytes are U+FFFD, and that what a spreadsheet would compute
 * (it begins with one of "=+-@", a tab or an end of line) has an apostrophe more before it; so has
 * what begins with apostrophes and then with one of these, so that taking one away gives the text.
 */
void rog_quote_csv(FILE *file, const char *text);

/* A key of a parameter, metric or file on an MLflow server: letters, digits, "_-. " and single
 * slashes, as it is where it consists of nothing else; else the others become '_' and a hash of the
 * text is appended, so that two texts never share a key. Heap memory, NULL when memory ran out. */
char *rog_quote_mlflow_key(const char *text);
/* A value there: at most 500 bytes of UTF-8, the rest an ellipsis. Likewise. */
char *rog_quote_mlflow_value(const char *text);

/* A file name's beginning for a case or run: as it is where it consists of letters, digits, "._-"
 * and characters beyond ASCII; else the others become '_' and a hash of the text is appended, so
 * that two names never share a file. Heap memory, NULL when memory ran out. */
char *rog_quote_file_name(const char *text);

#endif
