/* SPDX-License-Identifier: Apache-2.0 */
#include <librog/net/serve_state.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <librog/net/bytes.h>

/*
 * A model that the workers bring. Every worker tells its layout when its session begins; the first
 * whose layout is complete is asked for its values, the others must have the same layout. The run
 * begins when all that is there. The layout is kept in layout.json, for a server that goes on.
 *
 * Where some workers have the network of the configuration the server has it too: layout and values
 * are known from the beginning, and workers whose values are others are given these.
 */

#define LAYOUT_NAME "layout.json"

static uint64_t values_of(const struct rog_train *train)
{
    return train->arch->params + train->arch->buffers;
}

/* ---- the layout ---- */

static char *layout_path(const struct rog_serve *serve)
{
    return rog_path_join(serve->options->out_dir, LAYOUT_NAME);
}

static int keep_layout(const struct rog_serve *serve, struct rog_error *err)
{
    char *text = rog_layout_text(serve->upload.layout), *path = layout_path(serve);
    int code = text && path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(path);
    free(text);
    return code;
}

static int adopt_layout(struct rog_serve *serve, struct rog_layout *layout, struct rog_error *err)
{
    serve->upload.layout = layout;
    snprintf(serve->upload.owner, sizeof serve->upload.owner, "the first worker");
    int code = rog_train_learn(&serve->train, layout, err);
    return code ? code : rog_link_check_rows(serve->train.rows, err);
}

int rog_model_upload_own(struct rog_serve *serve, struct rog_error *err)
{
    struct rog_model_upload *upload = &serve->upload;
    snprintf(upload->owner, sizeof upload->owner, "the network %s", serve->train.arch->name);
    int code = rog_train_layout(&serve->train, &upload->layout, err);
    if (!code)
        code = rog_train_model_sha256(&serve->train, upload->model_sha256, err);
    upload->known = code == ROG_OK;
    return code;
}

int rog_model_upload_restore(struct rog_serve *serve, struct rog_error *err)
{
    struct rog_layout *layout = NULL;
    char *path = layout_path(serve), *text = NULL;
    size_t size;
    int code =
        path ? rog_file_read(path, ROG_LAYOUT_TEXT_BYTES, &text, &size, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_layout_parse(&layout, text, size, err);
    if (!code)
        code = adopt_layout(serve, layout, err);
    serve->upload.known = code == ROG_OK;
    free(text);
    free(path);
    return code;
}

/* Asks a worker for its values: the first that can be asked. */
static int ask(struct rog_serve *serve, struct rog_error *err)
{
    struct rog_model_upload *upload = &serve->upload;
    upload->model_at = 0;
    upload->uploader = NULL;
    for (uint32_t i = 0; i < serve->workers && !upload->uploader; i++)
        if (serve->peers[i].session[0] && serve->peers[i].layout_known)
            upload->uploader = &serve->peers[i];
    return upload->uploader ? rog_link_put(upload->uploader->link, ROG_KIND_UPLOAD, NULL, 0, err)
                            : ROG_OK;
}

/* A whole layout has come. */
static int take_layout(struct rog_serve_peer *peer, struct rog_layout *layout,
                       struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    char who[32];
    snprintf(who, sizeof who, "worker %u", peer->worker + 1);
    if (serve->upload.layout) {
        int code = rog_layout_compare(serve->upload.layout, serve->upload.owner, layout, who, err);
        rog_layout_free(layout);
        if (code)
            return code;
    } else {
        int code = adopt_layout(serve, layout, err);
        if (!code)
            code = keep_layout(serve, err);
        if (code)
            return code;
    }
    peer->layout_known = true;
    rog_link_wake(peer->link);
    return serve->upload.known || serve->upload.uploader ? ROG_OK : ask(serve, err);
}

/* A model that does not fit ends a run that has not begun: it would never be whole. Later only the
 * worker is turned away. */
static int refuse(struct rog_serve_peer *peer, int code, const struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    struct rog_error again;
    if (!serve->started || code != ROG_EINVAL) {
        rog_serve_fail(serve, code, err);
        return ROG_OK;
    }
    rog_serve_warn(serve, peer->worker, "turned away: %s", err->message);
    rog_serve_peer_leave(peer, "it has another model");
    return rog_link_put(peer->link, ROG_KIND_END, (const uint8_t *)err->message,
                        strlen(err->message), &again);
}

int rog_model_upload_layout(struct rog_serve_peer *peer, const uint8_t *body, size_t size,
                            struct rog_error *err)
{
    uint64_t all = size < ROG_KIND_PIECE_BYTES ? 0 : rog_get_u64(body);
    size_t piece = size - ROG_KIND_PIECE_BYTES;
    if (!peer->serve->upload.wanted || peer->layout_known || size < ROG_KIND_PIECE_BYTES ||
        all > ROG_LAYOUT_TEXT_BYTES || rog_get_u64(body + 8) != peer->layout_at ||
        (peer->layout && all != peer->layout_bytes) || piece > all - peer->layout_at)
        return rog_fail(err, ROG_EFORMAT, "a piece of a model's layout that does not fit");
    if (!peer->layout)
        peer->layout = malloc(all + 1);
    if (!peer->layout)
        return rog_fail_nomem(err);
    peer->layout_bytes = all;
    memcpy(peer->layout + peer->layout_at, body + ROG_KIND_PIECE_BYTES, piece);
    peer->layout_at += piece;
    if (peer->layout_at < all)
        return ROG_OK;
    struct rog_layout *layout = NULL;
    int code = rog_layout_parse(&layout, peer->layout, peer->layout_at, err);
    free(peer->layout);
    peer->layout = NULL;
    peer->layout_at = 0;
    if (code)
        return code;
    struct rog_error why;
    code = take_layout(peer, layout, &why);
    return code ? refuse(peer, code, &why) : ROG_OK;
}

void rog_model_upload_forget(struct rog_serve_peer *peer)
{
    struct rog_serve *serve = peer->serve;
    struct rog_error err;
    free(peer->layout);
    peer->layout = NULL;
    peer->layout_at = 0;
    peer->layout_known = false;
    if (serve->upload.uploader == peer && !serve->upload.known)
        rog_serve_check(serve, ask(serve, &err), &err);
}

/* ---- the values ---- */

static int complete(struct rog_serve *serve, struct rog_error *err)
{
    int code = rog_serve_make_core(serve, err);
    if (!code)
        code = rog_train_model_sha256(&serve->train, serve->upload.model_sha256, err);
    serve->upload.known = code == ROG_OK;
    return code;
}

int rog_model_upload_values(struct rog_serve_peer *peer, const uint8_t *body, size_t size,
                            struct rog_error *err)
{
    struct rog_serve *serve = peer->serve;
    struct rog_model_upload *upload = &serve->upload;
    struct rog_train *train = &serve->train;
    if (upload->known || upload->uploader != peer || size < ROG_KIND_PIECE_BYTES)
        return rog_fail(err, ROG_EFORMAT, "a piece of a model that was not asked for");
    uint64_t values = values_of(train), count = (size - ROG_KIND_PIECE_BYTES) / sizeof(float);
    if ((size - ROG_KIND_PIECE_BYTES) % sizeof(float) || rog_get_u64(body) != values ||
        rog_get_u64(body + 8) != upload->model_at || count > values - upload->model_at)
        return rog_fail(err, ROG_EFORMAT, "a piece of a model that does not fit");
    for (uint64_t i = 0; i < count; i++, upload->model_at++) {
        uint32_t bits = rog_get_u32(body + ROG_KIND_PIECE_BYTES + 4 * i);
        uint64_t params = train->arch->params, at = upload->model_at;
        float *to = at < params ? &train->params[at] : &train->buffers[at - params];
        memcpy(to, &bits, sizeof bits);
        if (isfinite(*to))
            continue;
        struct rog_error why;
        rog_fail(&why, ROG_EINVAL, "the starting model of worker %u has a value that is not finite",
                 peer->worker + 1);
        return refuse(peer, ROG_EINVAL, &why);
    }
    if (upload->model_at < values)
        return ROG_OK;
    struct rog_error why;
    int code = complete(serve, &why);
    rog_serve_check(serve, code, &why);
    return ROG_OK;
}

bool rog_model_upload_differs(const struct rog_serve_peer *peer)
{
    const struct rog_model_upload *upload = &peer->serve->upload;
    return upload->wanted && strcmp(peer->model_sha256, upload->model_sha256) != 0;
}

void rog_model_upload_release(struct rog_serve *serve)
{
    for (uint32_t i = 0; serve->peers && i < serve->workers; i++)
        free(serve->peers[i].layout);
    rog_layout_free(serve->upload.layout);
}
