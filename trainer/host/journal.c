/* SPDX-License-Identifier: Apache-2.0 */
/* Writes host.jsonl, host.log and state.json. */
#include <trainer/host/journal.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <rog/events.h>

int rog_host_journal_open(struct rog_host_journal *journal, uint32_t rank, struct rog_error *err)
{
    *journal = (struct rog_host_journal){.rank = rank};
    journal->log = fopen(ROG_HOST_LOG, "ae");
    journal->events = fopen(ROG_HOST_EVENTS, "ae");
    if (!journal->log || !journal->events)
        return rog_fail(err, ROG_EIO, "cannot write %s: %s",
                        journal->log ? ROG_HOST_EVENTS : ROG_HOST_LOG, strerror(errno));
    setvbuf(journal->log, NULL, _IOLBF, 0);
    return ROG_OK;
}

void rog_host_journal_close(struct rog_host_journal *journal)
{
    if (journal->events)
        fclose(journal->events);
    if (journal->log)
        fclose(journal->log);
    *journal = (struct rog_host_journal){0};
}

double rog_host_journal_time(const struct rog_host_journal *journal)
{
    return journal->begun ? fmax(rog_clock_s() - journal->origin_s, 0) : 0;
}

int rog_host_journal_event(const struct rog_host_journal *journal, const char *event,
                           struct rog_json *body, struct rog_error *err)
{
    int code = ROG_OK;
    struct rog_json *line = rog_json_object();
    rog_json_put_string(line, "event", event);
    rog_json_put_number(line, "t", rint(rog_host_journal_time(journal) * 1e6) / 1e6);
    rog_json_put_integer(line, "rank", journal->rank);
    rog_json_put_all(line, body);
    char *text = line && body ? rog_json_text(line) : NULL;
    if (!text)
        code = rog_fail_nomem(err);
    else if (!journal->events)
        code = rog_fail(err, ROG_EIO, "%s is not open", ROG_HOST_EVENTS);
    else if (fprintf(journal->events, "%s\n", text) < 0 || fflush(journal->events))
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", ROG_HOST_EVENTS, strerror(errno));
    free(text);
    rog_json_free(line);
    rog_json_free(body);
    return code;
}

int rog_host_journal_message(const struct rog_host_journal *journal, const char *event,
                             const char *message, struct rog_error *err)
{
    struct rog_json *body = rog_json_object();
    rog_json_put_string(body, "message", message);
    rog_host_journal_log(journal, "%s: %s", event, message);
    return rog_host_journal_event(journal, event, body, err);
}

void rog_host_journal_log(const struct rog_host_journal *journal, const char *format, ...)
{
    char when[40];
    struct tm parts;
    time_t now = time(NULL);
    va_list args;
    if (!journal->log || !gmtime_r(&now, &parts))
        return;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
    fprintf(journal->log, "%s ", when);
    va_start(args, format);
    vfprintf(journal->log, format, args);
    va_end(args);
    fputc('\n', journal->log);
}

/* Overwrites the existing file, whose blocks are allocated already. */
static int write_in_place(const char *text, struct rog_error *err)
{
    ssize_t size = (ssize_t)strlen(text);
    int fd = open(ROG_HOST_STATE, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = fd >= 0 && pwrite(fd, text, (size_t)size, 0) == size && ftruncate(fd, size) == 0;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    return good ? ROG_OK
                : rog_fail(err, ROG_EIO, "cannot write %s: %s", ROG_HOST_STATE, strerror(cause));
}

/* Reads the id of the host's boot; "" if it is not available. */
static void read_boot(char boot[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file || !fgets(boot, 64, file))
        boot[0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    if (file)
        fclose(file);
}

int rog_host_state_write(const char *state, int status, const struct rog_error *why,
                         struct rog_error *err)
{
    struct rog_error cause;
    char boot[64];
    struct rog_json *json = rog_json_object();
    read_boot(boot);
    rog_json_put_string(json, "state", state);
    rog_json_put_integer(json, "pid", getpid());
    rog_json_put_string(json, "boot", boot);
    rog_json_put_integer(json, "status", status);
    rog_json_put_string(json, "message", why ? why->message : "");
    rog_json_put_bool(json, "final", why && why->code == ROG_EINVAL);
    char *text = rog_json_text(json);
    rog_json_free(json);
    if (!text)
        return rog_fail_nomem(err);
    int code = rog_file_write(ROG_HOST_STATE, text, strlen(text), &cause);
    if (code && write_in_place(text, err) == ROG_OK)
        code = ROG_OK;
    free(text);
    return code;
}
