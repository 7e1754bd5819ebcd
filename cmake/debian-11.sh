# SPDX-License-Identifier: Apache-2.0
# What is built for systems older than this machine, or of another architecture: with the packages of
# Debian 11, whose C library (2.31) is that of Ubuntu 20.04, in a folder of their own, which the first call
# makes and which may be removed. Needs root. Sourced, with $program and $product for messages.
#   ROG_MIRROR   where the packages come from; http://archive.debian.org/debian keeps old ones
export LC_ALL=C
mirror=${ROG_MIRROR:-http://deb.debian.org/debian}
root=/var/cache/rogctl/debian-11

fail()
{
    echo "$program: $*" >&2
    exit 1
}

# step WHAT COMMAND...
step()
{
    echo "$1"
    shift
    "$@" >"$log" 2>&1 </dev/null || {
        tail -n 40 "$log" >&2
        fail "that failed (see above)"
    }
}
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }

# prepare MACHINE: the folder, with compiler and libraries for such machines. MACHINE is what `uname -m` says
# there: x86_64 or aarch64.
prepare()
{
    [ "$(id -u)" = 0 ] || fail "only root can install Debian 11 in a folder: sudo $0 $1"
    native=$(dpkg --print-architecture) || fail "this is not Debian or Ubuntu (dpkg not found)"
    case $1-$native in
    x86_64-amd64 | aarch64-arm64) compiler=gcc foreign= toolchain= ;;
    aarch64-*) compiler=gcc-aarch64-linux-gnu foreign=:arm64 toolchain=/src/cmake/aarch64.cmake ;;
    *) fail "$product for $1 machines cannot be made on this one ($native)" ;;
    esac
    "$source/cmake/install-packages" "$source/cmake/packages-portable.txt"
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT

    if [ ! -d "$root" ]; then
        rm -rf "$root.part"
        mkdir -p "$root.part"
        step "installing Debian 11 in $root" debootstrap --variant=minbase bullseye "$root.part" "$mirror"
        # Of a mirror that is an archive, what it signed is older than apt likes.
        echo "deb [check-valid-until=no] $mirror bullseye main" >"$root.part/etc/apt/sources.list"
        mv "$root.part" "$root"
    fi
    [ -z "$foreign" ] || inside dpkg --add-architecture "${foreign#:}"
    step "looking for its packages" inside apt-get update
    # The headers of oneDNN are the same for every architecture, and installed once.
    step "installing compiler and libraries there" \
        inside apt-get install -y --no-install-recommends binutils cmake ninja-build pkg-config \
        libdnnl-dev "$compiler" "libdnnl2$foreign" "libsodium-dev$foreign" "libuv1-dev$foreign" \
        "libjansson-dev$foreign" "libpng-dev$foreign" "libzstd-dev$foreign" "libssl-dev$foreign"
    inside apt-get clean
    mkdir -p "$root/src" "$root/build"
}

# build MACHINE TARGET...: in $root/build/MACHINE; inside, the source folder is seen while this goes on.
build()
{
    unshare --mount sh -euc '
        mount --bind "$1" "$2/src"
        shift
        chroot "$@"
    ' sh "$source" "$root" env -i PATH=/usr/bin:/bin sh -euc '
        toolchain=$1 folder=/build/$2
        shift 2
        cmake -S /src -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DROG_TRAINER_ONLY=ON \
            -DBUILD_TESTING=OFF -DROG_WERROR=OFF ${toolchain:+"-DCMAKE_TOOLCHAIN_FILE=$toolchain"}
        cmake --build "$folder" --target "$@"
    ' sh "$toolchain" "$@"
}

# give_away FOLDER: what root has made in the build folder belongs to whoever called sudo.
give_away()
{
    [ -z "${SUDO_UID:-}" ] || {
        chown "$SUDO_UID:$SUDO_GID" "$source/build"
        chown -R "$SUDO_UID:$SUDO_GID" "$1"
    }
}
