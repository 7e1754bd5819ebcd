# SPDX-License-Identifier: Apache-2.0
# The packaging files agree with the build: versions, symbols of librog, build dependencies, and each installed file
# is in exactly one Debian package. `make packages-check` builds and installs the packages.
. "$ROG_TEST_TOOLS/lib.sh"
debian=$ROG_SOURCE/packaging/debian

version=$(sed -n 's/^project(rogctl VERSION \([0-9.]*\).*/\1/p' "$ROG_SOURCE/CMakeLists.txt")
[ -n "$version" ] || fail 'CMakeLists.txt has no version'
same 'rogctl --version' "rogctl $version" "$(rogctl --version)"
same 'packaging/debian/changelog' "$version" "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$debian/changelog")"
same 'python/pyproject.toml' "$version" "$(sed -n 's/^version = "\(.*\)"/\1/p' "$ROG_SOURCE/python/pyproject.toml")"
same 'CHANGELOG.md' "$version" "$(sed -n 's/^## \([0-9].*\)/\1/p' "$ROG_SOURCE/CHANGELOG.md" | head -n 1)"
same 'soname' "librog.so.${version%%.*}" "$(readelf -d "$ROG_BUILD/lib/librog.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"

# Symbols are never removed: those of the package are those of the map.
sed -n 's/^    \(rog_[a-z_]*\);/\1/p' "$ROG_SOURCE/librog/rog.map" | sort >map
sed -n 's/^ \(rog_[a-z_]*\)@ROG_.*/\1/p' "$debian/librog0.symbols" | sort >symbols
[ "$(wc -l <map)" -gt 20 ] || fail 'no symbols in the map'
cmp map symbols || fail "librog0.symbols and rog.map differ: $(diff map symbols)"

# The packages are built with what `make` installs.
sed -n 's/^\(lib[a-z0-9-]*-dev\) .*/\1/p' "$ROG_SOURCE/cmake/packages.txt" | grep -vx libc6-dev | sort >wanted
sed -n '/^Build-Depends:/,/^[A-Z].*:/p' "$debian/control" | grep -o 'lib[a-z0-9-]*-dev' | sort >found
cmp wanted found || fail "Build-Depends and cmake/packages.txt differ: $(diff wanted found)"

# Each installed file is in the list of one package. There, libraries are in a folder for the
# architecture.
cmake --install "$ROG_BUILD" --prefix "$PWD/usr" >log || fail "$(cat log)"
(cd usr && find . -type f -o -type l) | sed -E 's#^\./##; s#^lib/(librog|pkgconfig|cmake)#lib/ARCHITECTURE/\1#
    s#share/zsh/site-functions#share/zsh/vendor-completions#' | sort >files
[ "$(wc -l <files)" -gt 100 ] || fail "few files: $(cat files)"
for list in "$debian"/*.install; do
    while read -r pattern to; do echo "$pattern"; done <"$list"
done | sed 's|^usr/||' >patterns
while read -r file; do
    count=0
    while read -r pattern; do
        # shellcheck disable=SC2254 # patterns they are
        case $file in $pattern | $pattern/*) count=$((count + 1)) ;; esac
    done <patterns
    [ $count = 1 ] || fail "$file is in $count packages"
done <files
while read -r pattern; do
    found=
    while read -r file; do
        # shellcheck disable=SC2254
        case $file in $pattern | $pattern/*) found=1 && break ;; esac
    done <files
    [ "$found" ] || fail "nothing is installed that is $pattern"
done <patterns

# No program searches the current folder for libraries, which an empty entry in its list would mean.
for file in "$ROG_BUILD"/bin/rog* "$ROG_BUILD/lib/librog.so"; do
    readelf -d "$file" | grep -E 'R(UN)?PATH' | grep -vE '\[[^:]+(:[^:]+)*\]$' && fail "$file looks in the current folder"
done

# A wheel made from this build: the same twice, complete, and importable.
libraries=/usr/lib/$(gcc -print-multiarch)
if command -v patchelf >where && ! ldd "$ROG_BUILD/lib/librog.so" | grep -q 'lib[a-z]*san'; then
    for out in first second; do
        mkdir $out
        try 0 python3 "$ROG_SOURCE/packaging/wheel.py" "$ROG_SOURCE" "$ROG_BUILD" "$(uname -m)" "$libraries" $out
    done
    wheel=$(basename first/*.whl)
    cmp "first/$wheel" "second/$wheel" || fail 'not the same bytes'
    echo "$wheel" | grep -qxE "rog-$version-py3-none-manylinux_2_[0-9]+_$(uname -m).whl" || fail "$wheel"
    try 0 python3 -m zipfile -e "first/$wheel" site
    find site -name '*.so*' -exec readelf -d {} + | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort -u >needed
    grep -vE '^(lib(c|m|dl|rt|pthread)|ld-linux.*)\.so' needed | while read -r name; do
        [ -e "site/rog/lib/$name" ] || fail "the wheel lacks $name"
    done
    grep -q librog-uv needed || fail 'the wheel has no libuv'
    PYTHONPATH=site try 0 env -u LD_LIBRARY_PATH python3 -B -c 'import rog; print(rog.version())'
    same 'version of the wheel' "$version" "$(cat out)"
    PYTHONPATH=site try 0 python3 -B - <<END
import re, rog
rog.version()
loaded = set(re.findall("/\\S*(?:librog|libuv|sodium|jansson)\\S*", open("/proc/self/maps").read()))
assert loaded and all(path.startswith("$PWD/site/rog/lib/") for path in loaded), loaded
END
else
    echo 'no wheel: patchelf is not installed, or the build has sanitizers'
fi

# The tests that docs/stability.md names exist.
grep '^|' "$ROG_SOURCE/docs/stability.md" | grep -o '`\(unit\|system\)/[a-z0-9_-]*`' | tr -d '`' | sort -u >tests
[ "$(wc -l <tests)" -gt 8 ] || fail 'no tests in docs/stability.md'
while read -r test; do
    [ -e "$ROG_SOURCE/tests/$test.sh" ] || [ -e "$ROG_SOURCE/tests/${test}_test.c" ] || fail "there is no $test"
done <tests
