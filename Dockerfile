# SPDX-License-Identifier: Apache-2.0
# Three images for docker, podman or buildah, for x86-64 and for arm64. Everything in them comes from the
# packages of the distribution; docs/containers.md says when a cluster needs containers at all.
#
#   docker build -t rogctl .                      the controller: docker run --rm rogctl --help
#   docker build -t rogctl-trainer --target trainer .   what trainers run in (`container` in a cluster
#                                                 file); rogctl brings the rest
#   docker build -t rogctl-host --target host .   a host of a cluster: sshd and tc; rogctl brings the rest
#
# BASE may be any Debian from 12 or Ubuntu from 22.04; PACKAGES are more packages of it for trainers and
# hosts, such as python3-torch.

ARG BASE=docker.io/library/debian:12

FROM $BASE AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends make
COPY . /source
WORKDIR /source
RUN make install PREFIX=/usr DESTDIR=/installed
# What the installed programs need: the packages that have the libraries they are linked with. A library that
# is missing, or is of no package, ends the build.
RUN find /installed -type f -exec ldd {} \; >/needs 2>/dev/null; ! grep "not found" /needs \
    && awk '$2 == "=>" && $3 ~ "^/" { print $3 }' /needs | sort -u | xargs -r readlink -f \
    | sed 's,^/usr,,; s,^,*,' >/libraries && test -s /libraries \
    && xargs dpkg-query -S </libraries >/owners && cut -d: -f1 /owners | sort -u >/installed/packages

FROM $BASE AS trainer
ARG PACKAGES=
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends procps $PACKAGES \
    && rm -rf /var/lib/apt/lists/*
# For `docker exec` (`wrap`); a container of its own runs the trainer instead.
CMD ["sleep", "infinity"]

FROM $BASE AS host
ARG PACKAGES=
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends openssh-server openssh-client iproute2 ca-certificates $PACKAGES \
    && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*_key* && mkdir -p /run/sshd
# The host's own keys are made when a container begins; with /etc/ssh in a volume they stay the same.
# Passwords are off; the file /authorized_keys, to be mounted, says whose keys may log in. It is copied, as
# sshd takes no such file that belongs to another user.
ENV SSH_PORT=22
CMD install -D -m 600 /authorized_keys /root/.ssh/authorized_keys && ssh-keygen -A \
    && exec /usr/sbin/sshd -D -e -p "$SSH_PORT" -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no

FROM $BASE AS controller
COPY --from=build /installed /
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends $(cat /packages) gnuplot-nox fonts-liberation iproute2 ca-certificates openssh-client \
    && rm -rf /var/lib/apt/lists/* /packages && ldconfig
WORKDIR /work
ENTRYPOINT ["rogctl"]
