/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps passphrases in locked memory and asks for each once. */
#include <orchestrator/ssh/credentials.h>

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
    unsigned number; /* number of answers so far */
    bool declined;   /* the user declined to answer */
    struct answer *next;
};

struct rog_credentials {
    rog_credentials_prompt prompt;
    void *user;
    int cancel_fd;
    atomic_bool asking, cancelled;
    pthread_mutex_t mutex; /* held while the user is asked */
    struct answer *answers;
};

/* Allocates memory that is not swapped out or dumped. A limit on locked memory is not an error. */
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

int rog_credentials_new(struct rog_credentials **out, rog_credentials_prompt prompt, void *user,
                        struct rog_error *err)
{
    struct rog_credentials *credentials = calloc(1, sizeof *credentials);
    *out = NULL;
    if (!credentials)
        return rog_fail_nomem(err);
    credentials->prompt = prompt;
    credentials->user = user;
    credentials->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (credentials->cancel_fd < 0) {
        free(credentials);
        return rog_fail(err, ROG_EIO, "cannot create an event: %s", strerror(errno));
    }
    pthread_mutex_init(&credentials->mutex, NULL);
    *out = credentials;
    return ROG_OK;
}

void rog_credentials_free(struct rog_credentials *credentials)
{
    if (!credentials)
        return;
    while (credentials->answers) {
        struct answer *next = credentials->answers->next;
        locked_free(credentials->answers->text);
        free(credentials->answers->what);
        free(credentials->answers);
        credentials->answers = next;
    }
    pthread_mutex_destroy(&credentials->mutex);
    close(credentials->cancel_fd);
    free(credentials);
}

/* Returns the entry with that name, and creates it if necessary; NULL if memory ran out. */
static struct answer *find(struct rog_credentials *credentials, const char *what)
{
    for (struct answer *at = credentials->answers; at; at = at->next)
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
    made->next = credentials->answers;
    credentials->answers = made;
    return made;
}

static bool put_question(struct rog_credentials *credentials, struct answer *answer, bool echo)
{
    char *text = rog_format("%s%s: ", answer->number ? "Wrong answer. " : "", answer->what);
    atomic_store(&credentials->asking, true);
    bool answered = text && credentials->prompt(credentials->user, text, echo,
                                                credentials->cancel_fd, answer->text, ANSWER_BYTES);
    atomic_store(&credentials->asking, false);
    free(text);
    if (answered)
        answer->number++;
    else
        answer->declined = true;
    return answered;
}

bool rog_credentials_ask(void *user, const char *what, bool echo, unsigned *number, char *text,
                         size_t bytes)
{
    struct rog_credentials *credentials = user;
    if (!credentials || atomic_load(&credentials->cancelled))
        return false;
    pthread_mutex_lock(&credentials->mutex);
    struct answer *answer = find(credentials, what);
    /* Another thread may have asked in the meantime. */
    bool known = answer && answer->number > *number;
    if (answer && !known && !answer->declined && answer->number < TRIES &&
        !atomic_load(&credentials->cancelled))
        known = put_question(credentials, answer, echo);
    size_t size = known ? strlen(answer->text) : 0;
    known = known && size < bytes;
    if (known) {
        memcpy(text, answer->text, size + 1);
        *number = answer->number;
    }
    pthread_mutex_unlock(&credentials->mutex);
    return known;
}

bool rog_credentials_is_asking(struct rog_credentials *credentials)
{
    return credentials && atomic_load(&credentials->asking);
}

void rog_credentials_cancel(struct rog_credentials *credentials)
{
    const uint64_t one = 1;
    if (!credentials)
        return;
    atomic_store(&credentials->cancelled, true);
    ssize_t written = write(credentials->cancel_fd, &one, sizeof one);
    (void)written; /* it cannot be full */
}
