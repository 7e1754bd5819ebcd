#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The documentation as a site: it contains every command and manual page, can be searched and downloads
# nothing from elsewhere; broken links are found.
. "$ROG_TEST_TOOLS/lib.sh"

for program in mkdocs mandoc doxygen git; do
    command -v $program >/dev/null || skip "$program is missing (cmake/packages-docs.txt)"
done
[ -d /usr/share/mkdocs/themes/material ] || skip "the theme is missing (package mkdocs-material)"
git -C "$ROG_SOURCE" rev-parse 2>/dev/null || skip "$ROG_SOURCE is not a checkout of git"

try 0 /usr/bin/python3 "$ROG_SOURCE/packaging/make-site" "$(command -v rogctl)" site
[ -s site/site/search/search_index.json ] || fail "no index to search in"
for command in $(rogctl help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
    [ -s "site/site/help/$command.html" ] || fail "no page for $command"
done
grep -q -- '--until-ci' site/site/help/sweep.html || fail "the page of sweep lacks an option"
grep -q 'id="rogctl_sweep_CONF"' site/site/manual/rogctl.1.html || fail "no manual page"
grep -q 'plan_push' site/site/api/structrog__strategy.html || fail "no page of struct rog_strategy"
if command -v chromium >/dev/null && command -v python3 >/dev/null; then
    try 0 python3 -B "$ROG_TEST_TOOLS/site_search.py" site/site
fi

check="$ROG_SOURCE/packaging/site/check-links"
try 0 "$check" site/site
# Errors that the check must find.
mkdir bad
echo '<a id="here" href="#there">a</a> <a href="no.html">b</a> <img src="https://example.org/x.png">' >bad/index.html
try 1 "$check" bad
for fault in '#there has no such place' 'no.html does not exist' 'x.png is fetched from elsewhere'; do
    grep -q "$fault" err || fail "not found: $fault"
done
