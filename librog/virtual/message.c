/* SPDX-License-Identifier: Apache-2.0 */
/* Sends and receives messages, and descriptors with them, over a socket that keeps message
 * boundaries. */
#include <librog/virtual/message.h>

#include <errno.h>
#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

/* More descriptors than are used, so that additional ones that a peer sends can be closed. */
#define DESCRIPTORS 4

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
};

static int gone(struct rog_error *err)
{
    return rog_fail(err, ROG_EFAILED, "the other end has closed the connection");
}

int rog_virtual_send(int socket, const struct rog_virtual_message *message, int fd,
                     struct rog_error *err)
{
    union control control = {0};
    struct iovec part = {.iov_base = (void *)message, .iov_len = sizeof *message};
    struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        out.msg_control = &control;
        out.msg_controllen = CMSG_SPACE(sizeof fd);
        struct cmsghdr *header = CMSG_FIRSTHDR(&out);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &out, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return ROG_OK;
    if (errno == EPIPE || errno == ECONNRESET)
        return gone(err);
    return rog_fail(err, ROG_EIO, "cannot send a message: %s",
                    errno == EAGAIN ? "the other end does not read" : strerror(errno));
}

/* Takes the first descriptor and closes the others; returns how many were received. */
static int take_descriptors(struct msghdr *in, int *fd)
{
    int count = 0;
    *fd = -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(in); header; header = CMSG_NXTHDR(in, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t bytes = header->cmsg_len - CMSG_LEN(0);
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
            int one;
            memcpy(&one, CMSG_DATA(header) + at, sizeof one);
            if (count++ == 0)
                *fd = one;
            else
                close(one);
        }
    }
    return count;
}

int rog_virtual_receive(int socket, struct rog_virtual_message *message, int *fd,
                        struct rog_error *err)
{
    union control control;
    struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
    struct msghdr in = {.msg_iov = &part,
                        .msg_iovlen = 1,
                        .msg_control = &control,
                        .msg_controllen = sizeof control};
    int came;
    if (fd)
        *fd = -1;
    ssize_t got;
    do
        got = recvmsg(socket, &in, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return rog_fail(err, ROG_EBUSY, "there is no message");
    if (got < 0 && errno != ECONNRESET)
        return rog_fail(err, ROG_EIO, "cannot receive a message: %s", strerror(errno));
    int count = got > 0 ? take_descriptors(&in, &came) : 0;
    bool whole = got == sizeof *message && !(in.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
                 message->text[ROG_VIRTUAL_TEXT_BYTES - 1] == '\0' && count <= (fd ? 1 : 0);
    if (whole && fd)
        *fd = came;
    else if (count > 0)
        close(came);
    if (got <= 0)
        return gone(err);
    return whole ? ROG_OK
                 : rog_fail(err, ROG_EFORMAT,
                            "received %zd bytes with %d descriptors: not a message of this version "
                            "of the protocol",
                            got, count);
}

int rog_virtual_check_user(int socket, int *pid, struct rog_error *err)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return rog_fail(err, ROG_EIO, "cannot identify the process at the other end: %s",
                        strerror(errno));
    if (pid)
        *pid = peer.pid;
    if (peer.uid == geteuid())
        return ROG_OK;
    return rog_fail(err, ROG_EFAILED,
                    "the process at the other end belongs to user %u, this one to user %u",
                    (unsigned)peer.uid, (unsigned)geteuid());
}

void rog_virtual_set_text(struct rog_virtual_message *message, const char *text)
{
    size_t length = strlen(text);
    if (length >= sizeof message->text)
        text += length - sizeof message->text + 1;
    while (length >= sizeof message->text && (*text & 0xC0) == 0x80)
        text++; /* not in the middle of a character */
    strcpy(message->text, text);
}
