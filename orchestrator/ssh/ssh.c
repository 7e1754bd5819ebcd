/* SPDX-License-Identifier: Apache-2.0 */
/* Connects to a host, checks its key, and runs commands on it. */
#include <orchestrator/ssh/ssh.h>

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/ssh/dial.h>
#include <orchestrator/ssh/proxy.h>
#include <orchestrator/ssh/quote.h>
#include <orchestrator/ssh/resolve.h>
#include <orchestrator/ssh/ssh_state.h>

#define POLL_MS 20
#define AHEAD_BYTES ((size_t)256 << 10)
#define SILENCE_S 0.2
#define START_TIMEOUT_S 30
#define LATE_S 1.0 /* seconds after its own limit until a command is cut */
#define BYE_S 1.0  /* seconds for closing the connection */
#define PIECE_BYTES 65536

int rog_ssh_fail(struct rog_ssh *ssh, struct rog_error *err, const char *what)
{
    const char *cause = ssh_get_error(ssh->session);
    enum rog_ssh_cut cut = rog_ssh_watch_cut(ssh->watch);
    ssh->lost = ssh->lost || cut;
    if (cut == ROG_SSH_STOPPED)
        return rog_fail(err, ROG_EINTR, "%s: interrupted", ssh->name);
    if (cut) /* whatever operation was interrupted */
        return rog_fail(err, ROG_EFAILED, "%s: the host did not answer in time", ssh->name);
    return rog_fail(err, ROG_EFAILED, "%s: %s: %s", ssh->name, what,
                    cause && cause[0] ? cause : "the connection is lost");
}

/* --- connecting --- */

int rog_ssh_fail_unsupported(const struct rog_ssh *ssh, struct rog_error *err)
{
    const struct rog_error why = *err;
    const char *words = ssh->settings.not_understood;
    return words
               ? rog_fail(err, why.code,
                          "%s. Not supported by rogctl, and ignored, in the ssh configuration: %s",
                          why.message, words)
               : why.code;
}

/* Passes a value of the configuration to libssh. NULL leaves libssh's default. */
static int hand_over(struct rog_ssh *ssh, const char *word, enum ssh_options_e option,
                     const char *value, struct rog_error *err)
{
    if (!value || ssh_options_set(ssh->session, option, value) == SSH_OK)
        return ROG_OK;
    return rog_fail(err, ROG_EINVAL,
                    "libssh supports nothing of \"%s %s\" in the ssh configuration", word, value);
}

static int set_choices(struct rog_ssh *ssh, struct rog_error *err)
{
    const struct rog_ssh_settings *settings = &ssh->settings;
    const struct {
        const char *word;
        enum ssh_options_e option;
        const char *value;
    } choices[] = {
        {"User", SSH_OPTIONS_USER, settings->user},
        {"Ciphers", SSH_OPTIONS_CIPHERS_C_S, settings->ciphers},
        {"Ciphers", SSH_OPTIONS_CIPHERS_S_C, settings->ciphers},
        {"MACs", SSH_OPTIONS_HMAC_C_S, settings->macs},
        {"MACs", SSH_OPTIONS_HMAC_S_C, settings->macs},
        {"KexAlgorithms", SSH_OPTIONS_KEY_EXCHANGE, settings->key_exchange},
        {"PubkeyAcceptedAlgorithms", SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES,
         settings->public_key_algorithms},
        {"Compression", SSH_OPTIONS_COMPRESSION, settings->compression},
    };
    int code = ROG_OK;
    for (size_t i = 0; !code && i < sizeof choices / sizeof *choices; i++)
        code = hand_over(ssh, choices[i].word, choices[i].option, choices[i].value, err);
    return code;
}

static int configure(struct rog_ssh *ssh, const struct rog_ssh_options *options,
                     struct rog_error *err)
{
    ssh_session session = ssh->session;
    long timeout_s = (long)ceil(options->timeout_s);
    bool process = false;
    if (options->config && access(options->config, R_OK) != 0)
        return rog_fail(err, ROG_EINVAL, "cannot read the ssh configuration %s: %s",
                        options->config, strerror(errno));
    const struct rog_ssh_target target = {.host = options->host,
                                          .user = options->user,
                                          .port = options->port,
                                          .config = options->config,
                                          .stopped = options->stopped,
                                          .stopped_user = options->stopped_user};
    int code = rog_ssh_settings_read(&ssh->settings, &target, err);
    if (code)
        return code;
    if (!rog_ssh_is_user_name(ssh->settings.user))
        return rog_fail(err, ROG_EINVAL, "\"%s\" is not the name of a user", ssh->settings.user);
    if (!rog_ssh_is_host_name(ssh->settings.host_name))
        return rog_fail(err, ROG_EINVAL, "\"%s\" is not a valid host name or address",
                        ssh->settings.host_name);
    if (ssh_options_set(session, SSH_OPTIONS_HOST, ssh->settings.host_name) != SSH_OK ||
        ssh_options_set(session, SSH_OPTIONS_PORT, &ssh->settings.port) != SSH_OK ||
        ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &process) != SSH_OK ||
        ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &timeout_s) != SSH_OK)
        return rog_ssh_fail(ssh, err, "the ssh configuration is not usable");
    code = set_choices(ssh, err);
    return code ? code : rog_ssh_order_host_keys(ssh, err);
}

/* Makes the kernel detect a host that does not answer. Has no effect behind a proxy command. */
static void set_keepalive(const struct rog_ssh *ssh, int fd)
{
    int yes = 1, idle_s = (int)fmax(ssh->timeout_s / 2, 1);
    unsigned limit_ms = (unsigned)(1000 * ssh->timeout_s);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

/* Opens the socket. libssh takes ownership of it and closes it. */
static int open_socket(struct rog_ssh *ssh, struct rog_error *err)
{
    const struct rog_ssh_dial dial = {.settings = &ssh->settings,
                                      .timeout_s = ssh->timeout_s,
                                      .stopped = ssh->connection.stopped,
                                      .user = ssh->connection.stopped_user};
    int fd = -1, code = rog_ssh_dial(&dial, &fd, &ssh->proxy, err);
    if (code == ROG_EFAILED) {
        const struct rog_error why = *err;
        rog_fail(err, code, "%s: cannot connect: %s", ssh->name, why.message);
        return rog_ssh_fail_unsupported(ssh, err);
    }
    if (!code)
        code = rog_ssh_watch_socket(ssh->watch, fd, err);
    if (!code && ssh_options_set(ssh->session, SSH_OPTIONS_FD, &fd) != SSH_OK)
        code = rog_ssh_fail(ssh, err, "the socket is not usable");
    if (code && fd >= 0)
        close(fd);
    else if (!code)
        set_keepalive(ssh, fd);
    return code;
}

/* Connects and exchanges keys. */
static int exchange_keys(struct rog_ssh *ssh, struct rog_error *err)
{
    rog_ssh_watch_begin(ssh->watch, ssh->timeout_s);
    int result = ssh_connect(ssh->session);
    rog_ssh_watch_end(ssh->watch);
    if (result == SSH_OK)
        return ROG_OK;
    int code = rog_ssh_fail(ssh, err, "cannot connect");
    return code == ROG_EINTR ? code : rog_ssh_fail_unsupported(ssh, err);
}

/* --- commands --- */

/* Returns the allocated size for an output of that many bytes, including the final NUL. */
static size_t room_for(size_t bytes)
{
    size_t room = PIECE_BYTES;
    while (room <= bytes)
        room *= 2;
    return room;
}

/* Appends what is available of one of the two outputs. *got becomes the number of bytes. */
static int take_output(ssh_channel channel, int is_errors, char **text, size_t *used, size_t *got,
                       struct rog_error *err)
{
    char piece[PIECE_BYTES];
    int size = ssh_channel_read_nonblocking(channel, piece, sizeof piece, is_errors);
    *got = size > 0 ? (size_t)size : 0;
    if (size == SSH_ERROR)
        return ROG_EIO; /* the caller writes the message */
    if (*used + *got > ROG_CONNECTION_OUTPUT_MAX_BYTES)
        return rog_fail(err, ROG_EFORMAT, "it writes more than %zu bytes",
                        ROG_CONNECTION_OUTPUT_MAX_BYTES);
    if (!*text || *used + *got >= room_for(*used)) {
        char *more = realloc(*text, room_for(*used + *got));
        if (!more)
            return rog_fail_nomem(err);
        *text = more;
    }
    memcpy(*text + *used, piece, *got);
    *used += *got;
    (*text)[*used] = '\0';
    return ROG_OK;
}

/* The input of a command, and its time limits. */
struct flow {
    const struct rog_command_input *input; /* NULL when all of it has been sent */
    const char *data;                      /* rest of the current piece */
    size_t left;
    double until_s, patience_s; /* patience_s 0: progress does not extend until_s */
    size_t widest, ahead_bytes; /* see input_allowance */
};

/* Returns how much input to send now. The host's window is usually 2 MB, but sshd copies what its
 * command has not read yet again and again as more arrives. So no more than ahead_bytes are sent
 * ahead. If that is too little for the round-trip time, or to make the host open its window, no
 * progress is made, and ahead_bytes is doubled. */
static size_t input_allowance(ssh_channel channel, struct flow *flow)
{
    size_t window = ssh_channel_window_size(channel);
    if (window > flow->widest)
        flow->widest = window;
    size_t ahead = flow->widest - window;
    if (ahead >= flow->ahead_bytes && ahead < flow->widest &&
        rog_clock_s() > flow->until_s - flow->patience_s + SILENCE_S)
        flow->ahead_bytes *= 2;
    size_t rest = ahead < flow->ahead_bytes ? flow->ahead_bytes - ahead : 0;
    return rest < window ? rest : window;
}

/* Sends as much input as the host accepts now. *moved becomes the number of bytes. */
static int give_input(struct rog_ssh *ssh, ssh_channel channel, struct flow *flow, size_t *moved,
                      struct rog_error *err)
{
    const void *data;
    int code = ROG_OK;
    while (flow->input && !code && *moved < PIECE_BYTES) {
        size_t most = input_allowance(channel, flow);
        if (ssh_channel_is_eof(channel) || ssh_channel_is_closed(channel)) {
            flow->input = NULL; /* the command exited without reading all of it */
            break;
        }
        if (!flow->left) {
            code = flow->input->give(flow->input->user, &data, &flow->left, err);
            flow->data = data;
            if (!code && !flow->left) {
                flow->input = NULL;
                if (ssh_channel_send_eof(channel) != SSH_OK)
                    code = rog_ssh_fail(ssh, err, "cannot close the input of a command");
            }
            continue;
        }
        size_t size = flow->left < most ? flow->left : most;
        if (!size)
            break;
        int taken = ssh_channel_write(channel, flow->data,
                                      (uint32_t)(size < PIECE_BYTES ? size : PIECE_BYTES));
        if (taken <= 0 && ssh_channel_is_closed(channel))
            continue;
        if (taken <= 0) {
            ssh->lost = true;
            return rog_ssh_fail(ssh, err, "the connection was lost during a command");
        }
        flow->data += taken;
        flow->left -= (size_t)taken;
        *moved += (size_t)taken;
    }
    return code;
}

static int not_in_time(struct rog_ssh *ssh, struct rog_error *err)
{
    if (rog_ssh_watch_cut(ssh->watch) == ROG_SSH_STOPPED)
        return rog_ssh_fail(ssh, err, "a command");
    ssh->lost = true;
    return rog_fail(err, ROG_EFAILED, "%s: a command timed out", ssh->name);
}

/* Sends the input and reads both outputs until the command has closed them. */
static int converse(struct rog_ssh *ssh, ssh_channel channel, struct flow *flow,
                    struct rog_command_result *result, struct rog_error *err)
{
    for (;;) {
        bool ended = ssh_channel_is_eof(channel);
        size_t out = 0, errors = 0, given = 0;
        int code = take_output(channel, 0, &result->output, &result->output_bytes, &out, err);
        if (!code)
            code = take_output(channel, 1, &result->errors, &result->errors_bytes, &errors, err);
        if (code == ROG_EIO || !ssh_is_connected(ssh->session)) {
            ssh->lost = true;
            return rog_ssh_fail(ssh, err, "the connection was lost during a command");
        }
        if (!code)
            code = give_input(ssh, channel, flow, &given, err);
        if (code)
            return code;
        if (ended && !out && !errors)
            return ROG_OK;
        if (flow->patience_s > 0 && (out || errors || given))
            flow->until_s = rog_clock_s() + flow->patience_s;
        if (rog_clock_s() > flow->until_s)
            return not_in_time(ssh, err);
        rog_ssh_watch_begin(ssh->watch, flow->until_s - rog_clock_s() + LATE_S);
        struct pollfd end = {.fd = ssh_get_fd(ssh->session), .events = POLLIN};
        if (!out && !errors && !given && !ended)
            poll(&end, 1, POLL_MS);
    }
}

/* Waits for the exit status. A command may close its outputs and keep running. */
static int await_status(struct rog_ssh *ssh, ssh_channel channel, double until_s, int *status,
                        struct rog_error *err)
{
    int code = ROG_OK;
    ssh_set_blocking(ssh->session, 0);
    for (;;) {
        *status = ssh_channel_get_exit_status(channel);
        if (*status >= 0)
            break;
        if (ssh_channel_is_closed(channel)) {
            *status = 128; /* no status: killed by a signal */
            break;
        }
        if (rog_clock_s() > until_s || !ssh_is_connected(ssh->session)) {
            code = not_in_time(ssh, err);
            break;
        }
        struct pollfd end = {.fd = ssh_get_fd(ssh->session), .events = POLLIN};
        poll(&end, 1, POLL_MS);
    }
    ssh_set_blocking(ssh->session, 1);
    return code;
}

/* Starts the command. A working host answers at once. */
static int begin_command(struct rog_ssh *ssh, ssh_channel channel, const char *line,
                         const struct flow *flow, struct rog_error *err)
{
    rog_ssh_watch_begin(ssh->watch, fmin(ssh->timeout_s, flow->until_s - rog_clock_s() + LATE_S));
    if (ssh_channel_open_session(channel) != SSH_OK ||
        ssh_channel_request_exec(channel, line) != SSH_OK ||
        (!flow->input && ssh_channel_send_eof(channel) != SSH_OK))
        return rog_ssh_fail(ssh, err, "cannot run a command");
    return ROG_OK;
}

static int run(struct rog_ssh *ssh, const char *const *argv, struct flow *flow,
               struct rog_command_result *result, struct rog_error *err)
{
    *result = (struct rog_command_result){0};
    if (ssh->lost)
        return rog_fail(err, ROG_EFAILED, "%s: the connection was abandoned", ssh->name);
    char *line = rog_ssh_command_line(argv);
    ssh_channel channel = line ? ssh_channel_new(ssh->session) : NULL;
    if (!channel) {
        free(line);
        return rog_fail_nomem(err);
    }
    int code = begin_command(ssh, channel, line, flow, err);
    if (!code)
        code = converse(ssh, channel, flow, result, err);
    if (!code)
        code = await_status(ssh, channel, flow->until_s, &result->status, err);
    if (code)
        rog_command_result_release(result);
    rog_ssh_watch_begin(ssh->watch, BYE_S);
    if (!ssh->lost)
        ssh_channel_close(channel);
    ssh_channel_free(channel);
    rog_ssh_watch_end(ssh->watch);
    free(line);
    return code;
}

static int run_command(struct rog_connection *connection, const char *const *argv,
                       const struct rog_command_input *input, double limit_s,
                       struct rog_command_result *result, struct rog_error *err)
{
    struct flow flow = {.input = input,
                        .until_s = rog_clock_s() + limit_s,
                        .patience_s = input ? limit_s : 0,
                        .ahead_bytes = input ? AHEAD_BYTES : 0};
    return run(rog_ssh_of(connection), argv, &flow, result, err);
}

static int start_program(struct rog_connection *connection, const char *const *argv,
                         const char *log, long *pid, struct rog_error *err)
{
    static const char script[] =
        "log=$1; shift; : >>\"$log\" || exit 1; command -v \"$1\" >/dev/null || { echo \"program "
        "not found: $1\" >&2; exit 127; }; setsid \"$@\" >>\"$log\" 2>&1 </dev/null & echo $!";
    size_t count = 0;
    *pid = 0;
    while (argv[count])
        count++;
    const char **all = calloc(count + 6, sizeof *all);
    if (!all)
        return rog_fail_nomem(err);
    all[0] = "sh";
    all[1] = "-c";
    all[2] = script;
    all[3] = "sh";
    all[4] = log;
    memcpy(all + 5, argv, count * sizeof *all);
    char *output = NULL;
    int code = rog_connection_command(connection, all, START_TIMEOUT_S, &output, err);
    if (code == ROG_EFAILED)
        rog_fail_prefix(err, "cannot start %s", argv[0]);
    if (!code) {
        *pid = strtol(output, NULL, 10);
        if (*pid <= 1)
            code = rog_fail(err, ROG_EFAILED, "%s did not say which process %s is",
                            connection->name, argv[0]);
    }
    free(output);
    free(all);
    return code;
}

/* --- end --- */

static void free_ssh(struct rog_connection *connection)
{
    struct rog_ssh *ssh = rog_ssh_of(connection);
    if (ssh->watch)
        rog_ssh_watch_begin(ssh->watch, BYE_S);
    if (ssh->sftp)
        sftp_free(ssh->sftp);
    if (ssh->session && !ssh->lost)
        ssh_disconnect(ssh->session);
    else if (ssh->session)
        ssh_silent_disconnect(ssh->session);
    ssh_free(ssh->session);
    rog_process_kill(&ssh->proxy);
    rog_ssh_watch_free(ssh->watch);
    rog_ssh_settings_release(&ssh->settings);
    free(ssh->name);
    free(ssh);
}

static bool lost(const struct rog_connection *connection)
{
    const struct rog_ssh *ssh = (const struct rog_ssh *)connection;
    return ssh->lost || !ssh_is_connected(ssh->session);
}

static const struct rog_connection_ops operations = {
    .free = free_ssh,
    .lost = lost,
    .run = run_command,
    .start = start_program,
    .upload = rog_ssh_upload,
    .size = rog_ssh_size,
    .download = rog_ssh_download,
};

int rog_ssh_connect(struct rog_connection **out, const struct rog_ssh_options *options,
                    struct rog_error *err)
{
    *out = NULL;
    if (!rog_ssh_is_host_name(options->host))
        return rog_fail(err, ROG_EINVAL, "\"%s\" is not a valid host name or address",
                        options->host ? options->host : "");
    struct rog_ssh *ssh = calloc(1, sizeof *ssh);
    if (!ssh)
        return rog_fail_nomem(err);
    ssh->connection.ops = &operations;
    ssh->timeout_s = options->timeout_s;
    ssh->connection.stopped = options->stopped;
    ssh->connection.stopped_user = options->stopped_user;
    ssh->proxy = ROG_PROCESS_NONE;
    int code =
        rog_ssh_watch_new(&ssh->watch, ssh->connection.stopped, ssh->connection.stopped_user, err);
    ssh->session = ssh_new();
    ssh->name = rog_strdup(options->host);
    if (!code && (!ssh->session || !ssh->name))
        code = rog_fail_nomem(err);
    ssh->connection.name = ssh->name;
    if (!code)
        code = configure(ssh, options, err);
    ssh->connection.address = ssh->settings.host_name;
    if (!code && ssh->settings.user) {
        free(ssh->name);
        ssh->name = rog_format("%s@%s", ssh->settings.user, options->host);
        ssh->connection.name = ssh->name;
        if (!ssh->name)
            code = rog_fail_nomem(err);
    }
    if (!code)
        code = open_socket(ssh, err);
    if (!code)
        code = exchange_keys(ssh, err);
    if (!code)
        code = rog_ssh_check_host_key(ssh, err);
    if (!code)
        code = rog_ssh_log_in(ssh, options, err);
    if (!code)
        code = rog_ssh_check_shell(ssh, err);
    if (code)
        free_ssh(&ssh->connection);
    else
        *out = &ssh->connection;
    return code;
}
