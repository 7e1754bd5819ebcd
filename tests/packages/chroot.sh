# SPDX-License-Identifier: Apache-2.0
# Shared by tests of packages: a new system in a folder, in which packages are installed as on an empty
# machine. Needs root and debootstrap. . tests/packages/chroot.sh

bases=${XDG_CACHE_HOME:-$HOME/.cache}/rogctl-packages

# new_system NAME: makes a new system in $system; NAME is bookworm, or noble, which needs a mirror of
# Ubuntu: ROG_UBUNTU_MIRROR, or the default one. The base system is made only once. The caller finishes
# with end_system.
new_system()
{
    base=$bases/$1
    if [ ! -e "$base" ]; then
        case $1 in
        bookworm) mirror=${ROG_MIRROR:-http://deb.debian.org/debian} options= ;;
        # Debian does not have Ubuntu's keys; this tests the package, not the mirror.
        *) mirror=${ROG_UBUNTU_MIRROR:-http://archive.ubuntu.com/ubuntu} options='--components=main,universe --no-check-gpg' ;;
        esac
        script=/usr/share/debootstrap/scripts/$1
        [ -e "$script" ] || script=/usr/share/debootstrap/scripts/jammy
        mkdir -p "$bases"
        rm -rf "$base.part"
        # shellcheck disable=SC2086 # several options
        debootstrap --variant=minbase $options "$1" "$base.part" "$mirror" "$script" >"$bases/$1.log" 2>&1 || {
            tail -n 5 "$bases/$1.log" >&2
            return 1
        }
        mv "$base.part" "$base"
    fi
    system=$(mktemp -d "$bases/$1-XXXXXX")
    cp -a --reflink=auto "$base/." "$system/"
    cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
    mount -t proc proc "$system/proc"
    mount -t tmpfs tmpfs "$system/dev"
    for device in null zero urandom; do
        touch "$system/dev/$device"
        mount --bind "/dev/$device" "$system/dev/$device"
    done
    ln -s /proc/self/fd "$system/dev/fd"
    for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "$system/dev/${number#*:}"; done
    mkdir "$system/dev/shm"
    chmod 1777 "$system/dev/shm"
}

end_system()
{
    for at in dev/null dev/zero dev/urandom dev proc; do umount -l "$system/$at" 2>/dev/null || true; done
    rm -rf --one-file-system "$system" "$system.log"
}

# in_system USER COMMAND...: runs a command in the folder /home/USER.
in_system()
{
    user=$1
    shift
    chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 \
        http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
        su -s /bin/sh -c 'cd; exec "$@"' -- "$user" sh "$@" </dev/null
}
