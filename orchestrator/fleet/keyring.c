/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/fleet/keyring.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <common/file.h>

#define TRIES 3
#define ANSWER_BYTES 512

struct answer {
    char *what;
    char *text;      /* ANSWER_BYTES, locked */
    unsigned number; /* of the answers so far */
    bool declined;   /* there will be none */
    struct answer *next;
};

struct rog_keyring {
    rog_keyring_prompt prompt;
    void *user;
    int cancel_fd;
    atomic_bool asking, cancelled;
    pthread_mutex_t mutex; /* held while a person is asked */
    struct answer *answers;
};

/* Memory that is not swapped out and not dumped. A limit on locked memory is no reason to fail. */
static char *locked_new(void)
{
    void *at = mmap(NULL, ANSWER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    mlock(at, ANSWER_BYTES);
    madvise(at, ANSWER_BYTES, MADV_DONTDUMP);
    madvise(at, ANSWER_BYTES, MADV_DONTFORK);
    return at;
}

static void locked_free(char *at)
{
    if (!at)
        return;
    explicit_bzero(at, ANSWER_BYTES);
    munlock(at, ANSWER_BYTES);
    munmap(at, ANSWER_BYTES);
}

int rog_keyring_new(struct rog_keyring **out, rog_keyring_prompt prompt, void *user,
                    struct rog_error *err)
{
    struct rog_keyring *keyring = calloc(1, sizeof *keyring);
    *out = NULL;
    if (!keyring)
        return rog_fail_nomem(err);
    keyring->prompt = prompt;
    keyring->user = user;
    keyring->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (keyring->cancel_fd < 0) {
        free(keyring);
        return rog_fail(err, ROG_EIO, "cannot make an event: %s", strerror(errno));
    }
    pthread_mutex_init(&keyring->mutex, NULL);
    *out = keyring;
    return ROG_OK;
}

void rog_keyring_free(struct rog_keyring *keyring)
{
    if (!keyring)
        return;
    while (keyring->answers) {
        struct answer *next = keyring->answers->next;
        locked_free(keyring->answers->text);
        free(keyring->answers->what);
        free(keyring->answers);
        keyring->answers = next;
    }
    pthread_mutex_destroy(&keyring->mutex);
    close(keyring->cancel_fd);
    free(keyring);
}

/* The entry of that name, made where there is none; NULL: no memory. */
static struct answer *find(struct rog_keyring *keyring, const char *what)
{
    for (struct answer *at = keyring->answers; at; at = at->next)
        if (strcmp(at->what, what) == 0)
            return at;
    struct answer *made = calloc(1, sizeof *made);
    if (made) {
        made->what = rog_strdup(what);
        made->text = locked_new();
    }
    if (!made || !made->what || !made->text) {
        if (made) {
            locked_free(made->text);
            free(made->what);
        }
        free(made);
        return NULL;
    }
    made->next = keyring->answers;
    keyring->answers = made;
    return made;
}

static bool put_question(struct rog_keyring *keyring, struct answer *answer, bool echo)
{
    char *text = rog_format("%s%s: ", answer->number ? "That was not right. " : "", answer->what);
    atomic_store(&keyring->asking, true);
    bool answered = text && keyring->prompt(keyring->user, text, echo, keyring->cancel_fd,
                                            answer->text, ANSWER_BYTES);
    atomic_store(&keyring->asking, false);
    free(text);
    if (answered)
        answer->number++;
    else
        answer->declined = true;
    return answered;
}

bool rog_keyring_ask(void *user, const char *what, bool echo, unsigned *number, char *text,
                     size_t bytes)
{
    struct rog_keyring *keyring = user;
    if (!keyring || atomic_load(&keyring->cancelled))
        return false;
    pthread_mutex_lock(&keyring->mutex);
    struct answer *answer = find(keyring, what);
    /* Somebody else may have asked since. */
    bool known = answer && answer->number > *number;
    if (answer && !known && !answer->declined && answer->number < TRIES &&
        !atomic_load(&keyring->cancelled))
        known = put_question(keyring, answer, echo);
    size_t size = known ? strlen(answer->text) : 0;
    known = known && size < bytes;
    if (known) {
        memcpy(text, answer->text, size + 1);
        *number = answer->number;
    }
    pthread_mutex_unlock(&keyring->mutex);
    return known;
}

bool rog_keyring_is_asking(struct rog_keyring *keyring)
{
    return keyring && atomic_load(&keyring->asking);
}

void rog_keyring_cancel(struct rog_keyring *keyring)
{
    const uint64_t one = 1;
    if (!keyring)
        return;
    atomic_store(&keyring->cancelled, true);
    ssize_t written = write(keyring->cancel_fd, &one, sizeof one);
    (void)written; /* it cannot be full */
}
