# SPDX-License-Identifier: Apache-2.0
#
# awk -v json=FILE -v markdown=FILE -f table.awk machine.txt peers.tsv ours.tsv
#
# peers.tsv: name, value. ours.tsv: name, value, unit, limit ("-": none), and "# " before the title of
# a section. Prints a table; writes the same as JSON and as Markdown. A ratio is how many times
# better the value is than the peer's: more is better if the unit is a rate, otherwise less.

function rounded(value) { return value == "-" ? "-" : sprintf("%.4g", value) }
function or_null(value) { return value == "-" ? "null" : value }

BEGIN {
    FS = "\t"
    print "[" >json
    printf "%-68s %9s %-8s %9s %6s %9s\n", "what", "ours", "unit", "peer", "ratio", "limit"
}
FILENAME == "machine.txt" { print $0 "\n" >markdown; next }
FILENAME == "peers.tsv" { peer[$1] = $2; next }
/^# / {
    section = substr($0, 3)
    print "\n" section
    print (sections++ ? "\n" : "") "**" section "**\n" >markdown
    print "| | ours | unit | peer | ratio | limit |\n|---|---|---|---|---|---|" >markdown
    next
}
{
    theirs = $1 in peer ? peer[$1] : "-"
    ratio = theirs == "-" ? "-" : sprintf("%.2f", $3 ~ "/s$" ? $2 / theirs : theirs / $2)
    printf "%-68s %9s %-8s %9s %6s %9s\n", $1, rounded($2), $3, rounded(theirs), ratio, rounded($4)
    printf "| %s | %s | %s | %s | %s | %s |\n", $1, rounded($2), $3, rounded(theirs), ratio, rounded($4) >markdown
    printf "%s  {\"section\": \"%s\", \"name\": \"%s\", \"value\": %s, \"unit\": \"%s\", \"peer\": %s, \"ratio\": %s, \"limit\": %s}", \
        (entries++ ? ",\n" : ""), section, $1, $2, $3, or_null(theirs), or_null(ratio), or_null($4) >json
}
END { print "\n]" >json }
