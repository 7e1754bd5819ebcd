/* SPDX-License-Identifier: Apache-2.0 */

/* The messages between a worker and its server. */

#include <librog/net/work_state.h>

#include <stdlib.h>
#include <string.h>

#include <librog/net/bytes.h>
#include <librog/sync/message.h>
#include <rog/events.h>

/* Maximum duration of a run, s; above it a time would have no digits left for seconds */
#define RUN_MAX_S 1e10

/* ---- hooks of rog_dial ---- */

static char *hello_text(void *user)
{
    const struct rog_work *work = user;
    struct rog_json *hello = rog_json_copy(work->options->hello);
    rog_json_put_integer(hello, "rank", work->options->rank);
    rog_json_put_string(hello, "session", work->session);
    rog_json_put_integer(hello, "received", (int64_t)rog_link_received(work->link));
    char *text = rog_json_text(hello);
    rog_json_free(hello);
    return text;
}

/* Sends the layout, before anything else, to a server whose workers provide the model. */
static int put_layout(struct rog_work *work, struct rog_error *err)
{
    size_t size = work->layout_text ? strlen(work->layout_text) : 0;
    int code = ROG_OK;
    work->upload_at = UINT64_MAX;
    for (size_t at = 0; at < size && !code;) {
        size_t most = ROG_LINK_BODY_MAX - ROG_KIND_PIECE_BYTES;
        size_t piece = size - at < most ? size - at : most;
        rog_put_u64(work->message, size);
        rog_put_u64(work->message + 8, at);
        memcpy(work->message + ROG_KIND_PIECE_BYTES, work->layout_text + at, piece);
        code = rog_link_put(work->link, ROG_KIND_LAYOUT, work->message,
                            ROG_KIND_PIECE_BYTES + piece, err);
        at += piece;
    }
    return code;
}

/* The server accepts the worker: `mode` is start, resume or join. */
static int welcomed(void *user, struct rog_conn *conn, const struct rog_json *welcome,
                    struct rog_error *err)
{
    struct rog_work *work = user;
    const char *mode = rog_json_get_string(welcome, "mode", "nothing");
    double t_s = rog_json_get_number(welcome, "t", -1);
    int64_t iteration = rog_json_get_integer(welcome, "iteration", 0);
    int64_t received = rog_json_get_integer(welcome, "received", 0);
    bool resume = strcmp(mode, "resume") == 0, join = strcmp(mode, "join") == 0;
    if ((!resume && !join && strcmp(mode, "start") != 0) || iteration < 0 ||
        iteration > UINT32_MAX || !(t_s <= RUN_MAX_S))
        return rog_fail(err, ROG_EFORMAT, "the server's welcome reads \"%s\", iteration %lld, %g s",
                        mode, (long long)iteration, t_s);
    if (!resume && !join && work->started) {
        struct rog_error why;
        rog_fail(&why, ROG_EFAILED,
                 "the server has restarted the run from the beginning: restart the workers");
        rog_work_fail(work, ROG_EFAILED, &why);
        return rog_fail(err, ROG_EFAILED, "%s", why.message);
    }
    int code = resume ? ROG_OK : rog_link_restart(work->link, err);
    if (!code && !resume)
        code = put_layout(work, err);
    if (!code && join)
        rog_work_join(work, (uint32_t)iteration); /* before the link asks for messages */
    if (!code)
        code = rog_link_attach(work->link, conn, (uint64_t)received, NULL, err);
    if (code)
        return code;
    if (t_s >= 0)
        rog_work_set_clock(work, t_s);
    if (work->welcomed)
        rog_work_warn(work, "reconnected after %.1f s (%s)",
                      rog_link_now() - rog_dial_lost_s(work->dial), mode);
    work->welcomed = true;
    return ROG_OK;
}

static void failed(void *user, int code, const struct rog_error *err)
{
    rog_work_fail(user, code, err);
}

const struct rog_dial_hooks rog_work_dial_hooks = {
    .hello = hello_text, .welcome = welcomed, .failed = failed};

/* ---- messages ---- */

static int take_end(struct rog_work *work, const uint8_t *body, size_t size)
{
    work->ended = true;
    work->ending_s = rog_link_now();
    rog_dial_stop(work->dial);
    if (size == 0 || work->code)
        return ROG_OK;
    work->code = ROG_EFAILED;
    rog_fail(&work->err, ROG_EFAILED, "the server ended the run: %.*s",
             (int)(size < 900 ? size : 900), (const char *)body);
    return ROG_OK;
}

static int begin_upload(struct rog_work *work, struct rog_error *err)
{
    if (work->started || work->value_spans == 0)
        return rog_fail(err, ROG_EFORMAT, "the server requested a model that it cannot need");
    work->upload_at = 0;
    rog_link_wake(work->link);
    return ROG_OK;
}

/* The run starts, once: the caller computes from now on. */
static int take_go(struct rog_work *work, bool model_follows, struct rog_error *err)
{
    if (work->phase != ROG_WORK_WAITING)
        return rog_fail(err, ROG_EFORMAT, "the server started a run that had already started");
    rog_work_set_clock(work, 0);
    if (model_follows)
        rog_work_join(work, 0);
    else
        rog_work_begin(work);
    return ROG_OK;
}

static int message(void *user, uint8_t kind, const uint8_t *body, size_t size,
                   struct rog_error *err)
{
    struct rog_work *work = user;
    int code = ROG_OK;
    switch (kind) {
    case ROG_KIND_PAD:
        break;
    case ROG_KIND_CORE:
        code = rog_work_take_core(work, body, size, err);
        break;
    case ROG_KIND_ADMITTED:
        code = rog_work_take_admitted(work, body, size, err);
        break;
    case ROG_KIND_MODEL:
        code = rog_work_take_model(work, body, size, err);
        break;
    case ROG_KIND_GO:
        code = take_go(work, size > 0, err);
        break;
    case ROG_KIND_UPLOAD:
        code = begin_upload(work, err);
        break;
    case ROG_KIND_END:
        code = take_end(work, body, size);
        break;
    default:
        code = rog_fail(err, ROG_EFORMAT, "the server sent a message of unknown kind %u", kind);
    }
    if (code)
        rog_work_fail(work, code, err); /* the server's messages are invalid: do not reconnect */
    return code;
}

/* Sends the next piece of the model that the server has requested. */
static int put_model(struct rog_work *work, size_t bytes, struct rog_error *err)
{
    size_t size =
        rog_pieces_write(work->values, work->value_spans, &work->upload_at, work->message, bytes);
    if (work->upload_at == rog_pieces_values(work->values, work->value_spans))
        work->upload_at = UINT64_MAX;
    return rog_link_put(work->link, ROG_KIND_MODEL, work->message, size, err);
}

static void produce(void *user, size_t bytes)
{
    struct rog_work *work = user;
    const struct rog_driver_options *options = work->options;
    struct rog_error err;
    size_t size = 0, room = rog_link_core_bytes(options->rows, options->wire_scale, bytes);
    if (work->code)
        return;
    if (work->upload_at != UINT64_MAX) {
        rog_work_check(work, put_model(work, bytes, &err), &err);
        return;
    }
    if (!work->started || work->phase == ROG_WORK_JOINING || work->phase == ROG_WORK_THROUGH)
        return;
    int code = rog_worker_send(work->core, rog_work_time(work), work->message, room, &size, &err);
    work->sent_bytes += code ? 0 : rog_message_wire_bytes(options->rows, work->message, size);
    if (!code && size > 0)
        code = rog_link_put_core(work->link, options->rows, work->message, size,
                                 options->wire_scale, bytes, &err);
    rog_work_check(work, code, &err);
}

/* ---- lost connections ---- */

static void lost(struct rog_work *work, const struct rog_error *why)
{
    if (work->started && !work->ended)
        rog_work_warn(work, ROG_CONNECTION_LOST "%s", why->message);
    rog_dial_lost(work->dial, why);
}

static void down(void *user, const struct rog_error *why)
{
    lost(user, why);
}

void rog_work_watch_link(struct rog_work *work, double now)
{
    struct rog_error why;
    double silent_s = now - rog_link_heard_s(work->link);
    if (!rog_link_up(work->link) || silent_s <= ROG_LINK_SILENT_S)
        return;
    rog_link_detach(work->link);
    rog_fail(&why, ROG_EIO, "no message from the server for %.1f s", silent_s);
    lost(work, &why);
}

const struct rog_link_hooks rog_work_link_hooks = {
    .message = message, .produce = produce, .down = down};
