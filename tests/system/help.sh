# SPDX-License-Identifier: Apache-2.0
# Topics of the help agree with the manual page; for a wrong name of anything, a similar one is
# suggested.
. "$ROG_TEST_TOOLS/lib.sh"
page=$ROG_SOURCE/docs/rogctl.1
sed 's/\\-/-/g; s/\\f.//g' "$page" >plain

rogctl help topics | sed -n 's/^  \([a-z-]*\) .*/\1/p' >topics
[ "$(wc -l <topics)" -ge 6 ] || fail 'no topics'
while read -r topic; do
    try 0 rogctl help "$topic"
    [ "$(wc -l <out)" -gt 3 ] || fail "nothing is said of $topic"
    [ "$(wc -L <out)" -le 80 ] || fail "$topic is wider than 80 columns"
    grep -q "\\b$topic\\b" plain || fail "man page: no topic $topic"
done <topics

# Environment variables and exit statuses, by name.
sed -n '/^\.SH ENVIRONMENT/,/^\.SH FILES/p' plain | grep -oE '\b([A-Z]+_[A-Z_]+|TERM|LANG|CLICOLOR|[a-z]+_proxy)\b' | sort -u >documented
rogctl help environment | grep -oE '\b([A-Z]+_[A-Z_]+|TERM|LANG|CLICOLOR|[a-z]+_proxy)\b' | sort -u >helped
[ "$(wc -l <helped)" -gt 10 ] || fail 'no variables'
diff documented helped || fail 'man page and help name other variables'
sed -n '/^\.SH EXIT STATUS/,/^\.SH/p' plain | grep -E '^[0-9]+$' >documented
rogctl help exit-status | sed -n 's/^  \([0-9][0-9]*\) .*/\1/p' >helped
diff documented helped || fail 'man page and help name other exit statuses'

# Each installed file, and each setting.
try 0 rogctl help experiments
for file in "$ROG_SOURCE"/experiments/*.conf; do
    if grep -q '^case' "$file"; then prints "  $(basename "$file")"; fi
done
try 0 rogctl help settings
prints '  threshold '
prints '  target_accuracy '
try 0 rogctl help clusters
prints '  virtual4 '
prints '  step_s '

# Suggestions.
cat >mine.conf <<END
case = "mine"; figure = "1"; $quick
runs = ( { library = "ROG"; } );
END
try 0 rogctl sweep mine.conf
run=$(query 'SELECT id FROM runs')
try 0 rogctl sweep mine.conf --detach --json
sweep=$(json .id)
while IFS='|' read -r status meant command; do
    # shellcheck disable=SC2086 # words
    try "$status" rogctl $command
    says "(did you mean $meant?)"
done <<END
2|sweep|swep mine.conf
2|settings|help setings
2|plugins|help plugns
2|--jobs|sweep mine.conf --jbos 2
2|get|data gte cifar100
2|info|data inof synth100
2|info|trace inof x.csv
2|measure|profile mesure
2|add|case ad mine-case0
2|up|lab upp
3|mine-case0|report mine-case1
3|mine-case0|runs minecase0
3|$run|show ${run%-outdoors}-indoor
3|$run|show ${run%??????}xxx
3|ROG|plugins RGO
3|topk|plugins topkk
3|diloco|methods diloko
2|ROG|run --library RGO
2|slurm|sweep mine.conf --on slrum
2|cifar100|data get cifar10
2|threshold.conf|sweep thresold.conf
2|mine.conf|sweep ./mien.conf
2|virtual4|sweep mine.conf --cluster virtal4
3|$sweep|attach ${sweep}x
END
# Nothing is similar to this.
try 3 rogctl show something-else-altogether
if grep -q 'did you mean' err; then fail 'a far name is proposed'; fi
