/* SPDX-License-Identifier: Apache-2.0 */

/* Receives the layout and values of a model from the workers, in pieces. */

#include <librog/net/model_upload.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <librog/net/bytes.h>
#include <librog/net/hello.h>
#include <librog/net/pieces.h>

#define LAYOUT_NAME "layout.json"
#define NOBODY UINT32_MAX

/* What has been received from a worker. */
struct source {
    char sha256[ROG_SHA256_HEX_BYTES]; /* of its initial values */
    char *layout;                      /* the received part of its layout's text, heap */
    uint64_t layout_at, layout_bytes;  /* bytes of it so far, and in total */
    bool agrees;                       /* its layout is equal to that of the run */
};

struct rog_model_upload {
    const char *folder;
    const struct rog_model_upload_hooks *hooks;
    void *user;
    uint32_t workers;
    struct source *sources; /* [workers] */

    struct rog_model model;
    bool known;                      /* the whole model is known */
    const struct rog_layout *layout; /* NULL: none has been received */
    struct rog_layout *brought;      /* the same, if it was received from a worker; else NULL */
    const char *owner;               /* the origin of the layout, for messages */
    uint32_t uploader;               /* the worker that sends the values */
    uint64_t value_at;               /* next value to receive */
    char sha256[ROG_SHA256_HEX_BYTES];
};

int rog_model_upload_new(struct rog_model_upload **out, uint32_t workers, const char *folder,
                         const struct rog_model_upload_hooks *hooks, void *user,
                         struct rog_error *err)
{
    struct rog_model_upload *upload = calloc(1, sizeof *upload);
    *out = upload;
    if (!upload)
        return rog_fail_nomem(err);
    upload->folder = folder;
    upload->hooks = hooks;
    upload->user = user;
    upload->workers = workers;
    upload->uploader = NOBODY;
    upload->sources = calloc(workers, sizeof *upload->sources);
    return upload->sources ? ROG_OK : rog_fail_nomem(err);
}

void rog_model_upload_free(struct rog_model_upload *upload)
{
    if (!upload)
        return;
    for (uint32_t i = 0; upload->sources && i < upload->workers; i++)
        free(upload->sources[i].layout);
    rog_layout_free(upload->brought);
    free(upload->sources);
    free(upload);
}

bool rog_model_upload_known(const struct rog_model_upload *upload)
{
    return upload->known;
}

bool rog_model_upload_agrees(const struct rog_model_upload *upload, uint32_t worker)
{
    return upload->sources[worker].agrees;
}

bool rog_model_upload_differs(const struct rog_model_upload *upload, uint32_t worker)
{
    return strcmp(upload->sources[worker].sha256, upload->sha256) != 0;
}

static int hash(struct rog_model_upload *upload, struct rog_error *err)
{
    const struct rog_model *model = &upload->model;
    return rog_sha256_two(model->params, model->rows->params * sizeof *model->params,
                          model->constants, model->constant_count * sizeof *model->constants,
                          upload->sha256, err);
}

/* ---- the layout ---- */

static int keep_layout(const struct rog_model_upload *upload, struct rog_error *err)
{
    char *text = rog_layout_text(upload->layout);
    char *path = rog_path_join(upload->folder, LAYOUT_NAME);
    int code = text && path ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(path);
    free(text);
    return code;
}

static int adopt(struct rog_model_upload *upload, struct rog_layout *layout, struct rog_error *err)
{
    upload->layout = upload->brought = layout;
    upload->owner = "the first worker";
    return upload->hooks->adopt(upload->user, layout, &upload->model, err);
}

int rog_model_upload_own(struct rog_model_upload *upload, const struct rog_layout *layout,
                         const char *owner, const struct rog_model *model, struct rog_error *err)
{
    upload->layout = layout;
    upload->owner = owner;
    upload->model = *model;
    int code = hash(upload, err);
    upload->known = code == ROG_OK;
    return code;
}

int rog_model_upload_restore(struct rog_model_upload *upload, struct rog_error *err)
{
    struct rog_layout *layout = NULL;
    char *path = rog_path_join(upload->folder, LAYOUT_NAME), *text = NULL;
    size_t size;
    int code =
        path ? rog_file_read(path, ROG_LAYOUT_TEXT_BYTES, &text, &size, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_layout_parse(&layout, text, size, err);
    if (!code)
        code = adopt(upload, layout, err);
    upload->known = code == ROG_OK;
    free(text);
    free(path);
    return code;
}

/* Requests the values from the first worker that can be asked. */
static int ask(struct rog_model_upload *upload, struct rog_error *err)
{
    upload->value_at = 0;
    upload->uploader = NOBODY;
    for (uint32_t i = 0; i < upload->workers && upload->uploader == NOBODY; i++)
        if (upload->sources[i].agrees)
            upload->uploader = i;
    return upload->uploader == NOBODY ? ROG_OK
                                      : upload->hooks->ask(upload->user, upload->uploader, err);
}

/* Accepts a complete layout. */
static int take_layout(struct rog_model_upload *upload, uint32_t worker, struct rog_layout *layout,
                       struct rog_error *err)
{
    char who[32];
    int code;
    snprintf(who, sizeof who, "worker %u", worker + 1);
    if (upload->layout) {
        code = rog_layout_compare(upload->layout, upload->owner, layout, who, err);
        rog_layout_free(layout);
    } else {
        code = adopt(upload, layout, err);
        if (!code)
            code = keep_layout(upload, err);
    }
    if (code)
        return code;
    upload->sources[worker].agrees = true;
    upload->hooks->accepted(upload->user, worker);
    return upload->known || upload->uploader != NOBODY ? ROG_OK : ask(upload, err);
}

int rog_model_upload_layout(struct rog_model_upload *upload, uint32_t worker, const uint8_t *body,
                            size_t size, struct rog_error *err)
{
    struct source *source = &upload->sources[worker];
    uint64_t all = size < ROG_KIND_PIECE_BYTES ? 0 : rog_get_u64(body);
    size_t piece = size - ROG_KIND_PIECE_BYTES;
    if (source->agrees || size < ROG_KIND_PIECE_BYTES || all > ROG_LAYOUT_TEXT_BYTES ||
        rog_get_u64(body + 8) != source->layout_at ||
        (source->layout && all != source->layout_bytes) || piece > all - source->layout_at)
        return rog_fail(err, ROG_EFORMAT, "a part of a model's layout that does not fit");
    if (!source->layout)
        source->layout = malloc(all + 1);
    if (!source->layout)
        return rog_fail_nomem(err);
    source->layout_bytes = all;
    memcpy(source->layout + source->layout_at, body + ROG_KIND_PIECE_BYTES, piece);
    source->layout_at += piece;
    if (source->layout_at < all)
        return ROG_OK;
    struct rog_layout *layout = NULL;
    int code = rog_layout_parse(&layout, source->layout, source->layout_at, err);
    free(source->layout);
    source->layout = NULL;
    source->layout_at = 0;
    if (code)
        return code;
    struct rog_error why;
    code = take_layout(upload, worker, layout, &why);
    if (code)
        upload->hooks->refuse(upload->user, worker, code, &why);
    return ROG_OK;
}

void rog_model_upload_enter(struct rog_model_upload *upload, uint32_t worker, const char *sha256)
{
    struct source *source = &upload->sources[worker];
    rog_model_upload_forget(upload, worker);
    snprintf(source->sha256, sizeof source->sha256, "%s", sha256);
}

void rog_model_upload_forget(struct rog_model_upload *upload, uint32_t worker)
{
    struct source *source = &upload->sources[worker];
    struct rog_error err;
    free(source->layout);
    source->layout = NULL;
    source->layout_at = 0;
    source->agrees = false;
    if (upload->uploader != worker || upload->known)
        return;
    int code = ask(upload, &err);
    if (code)
        upload->hooks->refuse(upload->user, worker, code, &err);
}

/* ---- the values ---- */

static int complete(struct rog_model_upload *upload, struct rog_error *err)
{
    int code = upload->hooks->complete(upload->user, err);
    if (!code)
        code = hash(upload, err);
    upload->known = code == ROG_OK;
    return code;
}

/* ROG_EINVAL: a value in a piece that was read is not finite. */
static int check_finite(const uint8_t *body, size_t size, uint32_t worker, struct rog_error *err)
{
    for (size_t at = ROG_KIND_PIECE_BYTES; at < size; at += 4) {
        uint32_t bits = rog_get_u32(body + at);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            return rog_fail(err, ROG_EINVAL,
                            "the starting model of worker %u has a value that is not finite",
                            worker + 1);
    }
    return ROG_OK;
}

int rog_model_upload_values(struct rog_model_upload *upload, uint32_t worker, const uint8_t *body,
                            size_t size, struct rog_error *err)
{
    const struct rog_model *model = &upload->model;
    if (upload->known || upload->uploader != worker)
        return rog_fail(err, ROG_EFORMAT, "a part of a model that was not requested");
    const struct rog_span spans[] = {{model->params, model->rows->params, NULL},
                                     {model->constants, model->constant_count, NULL}};
    int code = rog_pieces_read(spans, 2, &upload->value_at, body, size, err);
    if (code)
        return code;
    struct rog_error why;
    code = check_finite(body, size, worker, &why);
    if (!code && upload->value_at == rog_pieces_values(spans, 2))
        code = complete(upload, &why);
    if (code)
        upload->hooks->refuse(upload->user, worker, code, &why);
    return ROG_OK;
}
