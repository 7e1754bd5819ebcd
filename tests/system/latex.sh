# SPDX-License-Identifier: Apache-2.0
# The report's tables in LaTeX compile with any notes, and show them unchanged.
. "$ROG_TEST_TOOLS/lib.sh"
cat >x.conf <<END
case = "c"; $quick
runs = ( { library = "BSP"; note = "[a] \\\\ & % \$x^2\$ #1 {b}_c ~ <d> | \"e\" 'f' --- \`\` * ,,"; },
    { library = "ROG"; threshold = 4; note = "Übung ±2 漢字 é þ …"; } );
END
try 0 rogctl sweep x.conf
try 0 rogctl report c-case0 --latex
cp out tables.tex
grep -q 'rogchar{漢}{6F22}' tables.tex || fail "no substitute for a character that pdfTeX lacks"
try 0 rogctl report c-case0 --markdown
prints '| \[a\] \\ &amp; % \$x\^2\$ \#1 \{b\}\_c \~ &lt;d\> \| \"e\" '"'f'"' --- \`\` \* ,, |'
try 2 rogctl report c-case0 --markdown --latex
says "--latex and --markdown cannot be used together"

command -v pdflatex >/dev/null && kpsewhich booktabs.sty >/dev/null || skip "no pdflatex with booktabs: the rest"
for class in '' '\usepackage[T1]{fontenc}' '\usepackage{graphicx}'; do
    printf '\\documentclass{article}%s\\usepackage{booktabs}\\begin{document}\\input{tables}\\end{document}\n' "$class" >doc.tex
    pdflatex -interaction=nonstopmode -halt-on-error doc.tex >log 2>&1 ||
        fail "does not compile with \"$class\": $(grep '^!' log)"
done
if command -v pdftotext >/dev/null; then
    pdftotext -layout doc.pdf doc.txt
    grep -qF '[a] \ & % $x' doc.txt || fail "the text is another one: $(cat doc.txt)"
    grep -qF '[U+6F22]' doc.txt || fail "no number for a character that pdfTeX lacks"
fi
