# SPDX-License-Identifier: Apache-2.0
# A bundle for hosts is complete: its files find each other wherever it is installed, it records which C
# library hosts must have, and does not need a newer one. Making one for an older C library needs a
# network, so only the errors of cmake/portable-bundle are tested.
. "$ROG_TEST_TOOLS/lib.sh"
command -v readelf >/dev/null || skip "readelf is not installed (package binutils)"

try 0 "$ROG_SOURCE/cmake/make-bundle" cc "$ROG_BUILD" whole
wanted=$(sed -n 's/.*, for hosts with glibc \([0-9.]*\) or later$/\1/p' out)
[ "$(printf '%s\n' 2.17 "$wanted" | sort -V | head -n 1)" = 2.17 ] || fail "it wants glibc \"$wanted\""
here=$(getconf GNU_LIBC_VERSION)
same "the newer of what it wants and what is here" "${here#glibc }" \
    "$(printf '%s\n' "$wanted" "${here#glibc }" | sort -V | tail -n 1)"
for file in whole/bin/rog-trainer whole/lib/lib*; do
    readelf -VW "$file"
done | grep -q "Name: GLIBC_$wanted " || fail "nothing in it wants glibc $wanted"

# Functions that the C library of Ubuntu 20.04 lacks (added in 2.32 to 2.41); functions with only an
# additional version there do not matter.
younger='close_range closefrom _Fork execveat arc4random arc4random_buf arc4random_uniform strlcpy strlcat
    wcslcpy wcslcat pidfd_open pidfd_getfd pidfd_send_signal pidfd_spawn pidfd_spawnp process_madvise
    process_mrelease fsopen fsmount move_mount open_tree mount_setattr mallinfo2 epoll_pwait2
    timespec_getres sigabbrev_np sigdescr_np strerrorname_np strerrordesc_np __libc_single_threaded
    posix_spawn_file_actions_addclosefrom_np posix_spawn_file_actions_addtcsetpgrp_np
    pthread_attr_setsigmask_np pthread_gettid_np sched_setattr sched_getattr openat2'
nm -D --undefined-only whole/bin/* whole/lib/librog.so.0 whole/lib/rog/plugins/*.so |
    sed -n 's/^ *U \([^@]*\).*/\1/p' | sort -u >used
[ "$(wc -l <used)" -gt 100 ] || fail "next to nothing is used of the C library"
echo "$younger" | tr -s ' ' '\n' | grep . | grep -xF -f - used &&
    fail "this is missing on Ubuntu 20.04, which cmake/portable-bundle builds for"

mv whole elsewhere
try 0 env -i "$PWD/elsewhere/bin/rog-trainer" --version
env -i LD_DEBUG=libs "$PWD/elsewhere/bin/rog-trainer" --version >out 2>libraries
sed -n 's/.*calling init: //p' libraries | grep -v -e "^$PWD/elsewhere/" -e '/ld-linux' -e '/lib\(c\|m\|mvec\|pthread\|dl\|rt\|resolv\)[.-]' &&
    fail "libraries that are not its own"
if command -v python3 >/dev/null; then
    try 0 env -u ROG_LIBRARY PYTHONPATH="$PWD/elsewhere/lib/rog/python" python3 -B -c \
        'from rog import _librog; print(_librog.version(), open("/proc/self/maps").read())'
    prints "$PWD/elsewhere/lib/librog.so.0"
    prints "$PWD/elsewhere/lib/libsodium.so"
fi

portable=$ROG_SOURCE/cmake/portable-bundle
if [ "$(id -u)" != 0 ]; then
    try 1 "$portable"
    says "only root can install Debian 11 in a folder: sudo $portable"
elif command -v dpkg >/dev/null; then
    try 1 "$portable" riscv64
    says 'a bundle for riscv64 machines cannot be made on this one'
fi
