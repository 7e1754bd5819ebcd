/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor: prepares the host, starts the role, watches it, cleans up. */
#include <trainer/host/host.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <rog/events.h>
#include <trainer/claim/claim.h>
#include <trainer/host/container.h>
#include <trainer/host/folder.h>
#include <trainer/host/guard.h>
#include <trainer/host/health.h>
#include <trainer/host/journal.h>
#include <trainer/host/lock.h>
#include <trainer/host/meter.h>
#include <trainer/host/replay.h>
#include <trainer/host/role.h>
#include <trainer/host/spec.h>
#include <trainer/host/stream.h>
#include <trainer/shape/lease.h>
#include <trainer/shape/signals.h>

#define TICK_MS 50
#define IDLE_MS 500
#define EVENT_RESTART "restart"

struct supervisor {
    char *folder;     /* absolute */
    char *lease_path; /* absolute */
    struct rog_lease lease;
    int lock, signals;
    struct rog_host_spec spec;
    struct rog_claim claim;
    struct rog_host_journal journal;
    struct rog_host_stream stream;
    struct rog_host_meter meter;
    struct rog_host_health health;
    struct rog_host_replay replay;
    struct rog_watchdog guard;
    struct rog_host_role role;
    uint32_t restarts;
    int stop_signal;   /* 0: none received */
    bool lease_is_out; /* the lease has expired: the controller is gone */
    bool told;         /* the role must end */
};

/* ---- the controller ---- */

/* Waits, and reads signals and requests of the controller. */
static void wait_a_moment(struct supervisor *host, int ms)
{
    struct signalfd_siginfo signal;
    struct pollfd ends[] = {
        {.fd = host->signals, .events = POLLIN},
        {.fd = host->replay.over ? -1 : host->replay.words_fd, .events = POLLIN}};
    if (poll(ends, 2, ms) > 0 && ends[0].revents &&
        read(host->signals, &signal, sizeof signal) == sizeof signal)
        host->stop_signal = (int)signal.ssi_signo;
    host->lease_is_out = rog_lease_is_over(&host->lease, host->spec.lease_s, rog_clock_s());
    host->told = host->told || rog_file_exists(ROG_HOST_END);
}

static bool is_unwanted(const struct supervisor *host)
{
    return host->stop_signal || host->lease_is_out;
}

static bool is_to_end(const struct supervisor *host)
{
    return is_unwanted(host) || host->told;
}

static int fail_unwanted(const struct supervisor *host, struct rog_error *err)
{
    if (host->stop_signal)
        return rog_fail(err, ROG_EINTR, "stopped by signal %d", host->stop_signal);
    if (host->told)
        return rog_fail(err, ROG_EINTR, "stopped by rogctl");
    return rog_fail(err, ROG_EFAILED, "the lease was not renewed for %g s: rogctl is gone",
                    host->spec.lease_s);
}

/* ---- the role ---- */

static int start_role(struct supervisor *host, struct rog_error *err)
{
    struct rog_error why;
    int code = rog_host_role_start(&host->role, &host->spec, host->restarts, &why);
    if (code) /* a missing wrapper will be missing in the next attempt, too */
        return rog_fail(err, code == ROG_ENOTFOUND ? ROG_EINVAL : code, "%s", why.message);
    return rog_host_guard_set_group(&host->guard, host->role.process.pid, err);
}

/* Returns the final error. If a container could not even start, something may be missing that
 * another attempt would not find either, unless the runtime just did not respond. */
static int fail_role(const struct supervisor *host, const struct rog_error *why,
                     struct rog_error *err)
{
    const struct rog_host_role *role = &host->role;
    struct rog_error lack;
    char title[256];
    bool is_asked = host->spec.container && !role->told && !rog_host_role_took_part(role);
    const char *lacks = is_asked ? rog_host_container_lacks(host->spec.container, &lack) : NULL;
    if (lacks && strcmp(lacks, "daemon") != 0)
        return rog_fail(err, ROG_EINVAL, "%s cannot start: %s",
                        rog_host_role_title(role, title, sizeof title), lack.message);
    return rog_fail(err, ROG_EFAILED, "%s", why->message);
}

/* Decides whether an ended role is restarted or the run is over. */
static int judge(struct supervisor *host, bool *over, struct rog_error *err)
{
    struct rog_error why;
    char text[400], title[256];
    int code = rog_host_guard_set_group(&host->guard, 0, err);
    int killed_by = rog_host_role_killed_by(&host->role);
    *over = host->role.process.status == 0 && host->role.told;
    if (!code && *over && !rog_host_role_took_part(&host->role)) {
        rog_host_role_explain(&host->role, &why);
        return rog_fail_again(err, &why);
    }
    if (code || *over)
        return code;
    rog_host_role_explain(&host->role, &why);
    if (!killed_by || host->restarts >= host->spec.restarts ||
        !rog_host_role_can_restart(&host->role))
        return fail_role(host, &why, err);
    host->restarts++;
    snprintf(text, sizeof text, "%s was killed by signal %d and is restarted%s",
             rog_host_role_title(&host->role, title, sizeof title), killed_by,
             host->spec.serves ? " from its last saved state" : "");
    code = rog_host_journal_message(&host->journal, EVENT_RESTART, text, err);
    rog_host_stream_restart(&host->stream);
    return code ? code : start_role(host, err);
}

/* ---- recording ---- */

static int read_stream(struct supervisor *host, struct rog_error *err)
{
    int code = rog_host_stream_read(&host->stream, err);
    if (host->stream.begun && !host->journal.begun)
        rog_host_journal_log(&host->journal, "the run has started");
    host->journal.begun = host->stream.begun;
    host->journal.origin_s = host->stream.origin_s;
    if (host->stream.begun)
        rog_host_replay_begin(&host->replay, host->stream.origin_s);
    return code;
}

static int read_meter(struct supervisor *host, bool last, struct rog_error *err)
{
    struct rog_error why;
    char text[ROG_ERROR_MESSAGE_BYTES + 64];
    double joules = 0;
    int code = rog_host_meter_read(&host->meter, &host->journal, last, &joules, &why);
    if (code != ROG_EFAILED)
        return code ? rog_fail_again(err, &why) : ROG_OK;
    rog_host_stream_unmeasured(&host->stream, joules);
    snprintf(text, sizeof text, "from now on energy is computed by the profile's model: %s",
             why.message);
    return rog_host_journal_message(&host->journal, ROG_EVENT_WARNING, text, err);
}

static int look_at_replay(struct supervisor *host, struct rog_error *err)
{
    rog_host_replay_look(&host->replay);
    if (!host->replay.over)
        return ROG_OK;
    return rog_fail(err, ROG_EFAILED, "the bandwidth replay failed: %s",
                    host->replay.code ? host->replay.why.message : "another process stopped it");
}

/* ---- running ---- */

static int supervise(struct supervisor *host, struct rog_error *err)
{
    bool over = false;
    int code = start_role(host, err);
    if (!code)
        code = rog_host_state_write("running", -1, NULL, err);
    while (!code && !over) {
        wait_a_moment(host, TICK_MS);
        if (is_to_end(host))
            return fail_unwanted(host, err);
        bool ended;
        code = rog_host_role_look(&host->role, &host->spec, &ended, err);
        if (!code)
            code = read_stream(host, err);
        if (!code)
            code = read_meter(host, false, err);
        if (!code)
            code = rog_host_health_tell(&host->health, &host->journal, false, err);
        if (!code)
            code = look_at_replay(host, err);
        if (!code && ended)
            code = judge(host, &over, err);
    }
    return code;
}

/* Reports a replay with an error above the tolerance. */
static int judge_replay(struct supervisor *host, struct rog_error *err)
{
    const struct rog_host_shape *shape = &host->spec.shape;
    char text[160];
    if (isnan(host->replay.error) || fabs(host->replay.error) <= shape->tolerance)
        return ROG_OK;
    snprintf(text, sizeof text,
             "the error of the bandwidth replay on %s was %+.1f%%, more than the tolerance of %g%%",
             shape->iface, 100 * host->replay.error, 100 * shape->tolerance);
    return rog_host_journal_message(&host->journal, ROG_EVENT_WARNING, text, err);
}

/* Stops everything and restores the host. Returns the first error. */
static int finish(struct supervisor *host, int code, struct rog_error *err)
{
    struct rog_error why;
    bool shaped = host->replay.pid != 0;
    int last = rog_host_role_stop(&host->role, &host->spec, &why);
    if (!code && last)
        code = rog_fail_again(err, &why);
    last = host->stream.path ? read_stream(host, &why) : ROG_OK;
    if (!last)
        last = read_meter(host, true, &why);
    if (!last)
        last = rog_host_health_tell(&host->health, &host->journal, true, &why);
    if (!code && last)
        code = rog_fail_again(err, &why);
    last = rog_host_replay_stop(&host->replay, &why);
    if (!last && shaped)
        last = judge_replay(host, &why);
    if (!code && last)
        code = rog_fail_again(err, &why);
    rog_watchdog_end(&host->guard);
    unlink(ROG_HOST_KEY);
    return code;
}

/* Enters the folder and makes sure that no other supervisor works in it. */
static int enter(struct supervisor *host, const char *folder, struct rog_error *err)
{
    pid_t other;
    host->folder = rog_path_real(folder);
    if (!host->folder || chdir(host->folder) != 0)
        return rog_fail(err, ROG_EINVAL, "cannot enter the folder %s: %s", folder, strerror(errno));
    host->lease_path = rog_path_join(host->folder, ROG_HOST_LEASE);
    if (!host->lease_path)
        return rog_fail_nomem(err);
    host->lease.path = host->lease_path;
    int code = rog_host_lock(ROG_HOST_LOCK, &host->lock, &other, err);
    if (!code && rog_file_exists(ROG_HOST_STATE))
        code = rog_fail(err, ROG_EINVAL,
                        "it is already in use (it has a %s): use a new folder, or run rog-trainer "
                        "host --folder %s --stop first",
                        ROG_HOST_STATE, folder);
    return code ? rog_fail_prefix(err, "%s", folder) : ROG_OK;
}

/* Reserves the host for this sweep until the supervisor exits, even if the process that started the
 * run is gone. */
static int hold(struct supervisor *host, struct rog_error *err)
{
    struct rog_claims claims = {0};
    int code = rog_claim_enter(&host->claim, host->spec.claim, host->spec.holder, err);
    if (!code)
        code = rog_claim_look(&claims, err);
    const struct rog_claim_entry *holder = rog_claims_holder(&claims);
    if (!code && holder && strcmp(holder->token, host->spec.claim) != 0)
        code = rog_fail(err, ROG_EBUSY, "this host is held by %s", holder->text);
    rog_claims_release(&claims);
    return code;
}

static int prepare(struct supervisor *host, struct rog_error *err)
{
    const struct rlimit no_core = {0, 0};
    umask(077);
    setrlimit(RLIMIT_CORE, &no_core); /* also for the role: it has the key */
    int code = rog_shape_signals_open(&host->signals, err);
    if (!code && !rog_file_exists(ROG_HOST_LEASE))
        code = rog_file_write(ROG_HOST_LEASE, "", 0, err);
    if (!code)
        code = rog_host_spec_read(&host->spec, ROG_HOST_SPEC, err);
    if (code)
        host->spec.lease_s = ROG_HOST_LEASE_S;
    if (!code && host->spec.claim)
        code = hold(host, err);
    if (!code)
        code = rog_host_journal_open(&host->journal, host->spec.rank, err);
    if (!code)
        code = rog_host_role_init(&host->role, &host->spec, err);
    if (!code)
        code = rog_host_stream_open(&host->stream, host->role.events, host->role.copy, err);
    if (!code && host->spec.power)
        code = rog_host_meter_open(&host->meter, host->spec.sysfs, &host->journal, err);
    host->stream.measured = host->meter.power != NULL;
    if (!code)
        rog_host_health_open(&host->health, &host->spec);
    if (!code)
        rog_host_role_set_environment(&host->spec);
    if (!code && host->spec.shape.iface)
        code = rog_host_replay_start(&host->replay, &host->spec, ROG_HOST_EVENTS, host->lease_path,
                                     err);
    if (!code)
        code = rog_host_guard_start(&host->guard, host->lock, &host->role, &host->spec, err);
    return code;
}

/* Waits until the controller no longer needs the folder. */
static void linger(struct supervisor *host)
{
    while (!is_unwanted(host))
        wait_a_moment(host, IDLE_MS);
}

static void release(struct supervisor *host)
{
    rog_host_stream_close(&host->stream);
    rog_host_meter_close(&host->meter);
    rog_host_health_close(&host->health);
    rog_host_journal_close(&host->journal);
    rog_host_role_release(&host->role);
    rog_claim_leave(&host->claim);
    rog_host_spec_release(&host->spec);
    if (host->signals >= 0)
        close(host->signals);
    if (host->lock >= 0)
        close(host->lock);
    free(host->lease_path);
    free(host->folder);
}

int rog_host_run(const char *folder, struct rog_error *err)
{
    struct supervisor host = {
        .lock = -1,
        .signals = -1,
        .replay = ROG_HOST_REPLAY_NONE,
        .guard = ROG_WATCHDOG_NONE,
        .role = ROG_HOST_ROLE_NONE,
    };
    struct rog_error why = {0}, ignored;
    int code = enter(&host, folder, err);
    if (code)
        goto out;
    code = rog_host_state_write("starting", -1, NULL, &why);
    if (!code)
        code = prepare(&host, &why);
    if (!code)
        code = supervise(&host, &why);
    code = finish(&host, code, &why);
    if (code)
        rog_host_journal_log(&host.journal, "failed: %s", why.message);
    else
        rog_host_journal_log(&host.journal, "ended");
    const char *state = !code ? "ended" : is_to_end(&host) ? "stopped" : "failed";
    rog_host_state_write(state, host.role.process.status, code ? &why : NULL, &ignored);
    linger(&host);
    if (host.lease_is_out && !rog_leash_is_taken(host.folder))
        rog_dir_remove(host.folder, &ignored);
    if (code)
        rog_fail_again(err, &why);
out:
    release(&host);
    return code;
}
