/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_LAYOUT_H
#define ROG_LINK_LAYOUT_H

/*
 * A model as workers and server talk about it: the names and shapes of its tensors. Those that are
 * trained come first, in their order; then constants, which every worker and every checkpoint has
 * as the first worker had them at the start (running statistics, for example).
 *
 * As text it is a JSON array of {"name", "shape"}, and "constant": true where it is one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/sync/rows.h>
#include <rog/error.h>

#define ROG_LAYOUT_DIMS 8
#define ROG_LAYOUT_NAME_BYTES 192
#define ROG_LAYOUT_TENSORS 16384
/* Longest text that is accepted. */
#define ROG_LAYOUT_TEXT_BYTES (8u << 20)

struct rog_layout_tensor {
    char name[ROG_LAYOUT_NAME_BYTES];
    uint32_t dims; /* 1..ROG_LAYOUT_DIMS */
    uint32_t shape[ROG_LAYOUT_DIMS];
    uint64_t size; /* elements */
    bool constant;
};

struct rog_layout {
    uint32_t count, trained;    /* tensors, and how many of them are trained */
    uint64_t params, constants; /* elements of either kind */
    struct rog_layout_tensor *tensors;
    uint32_t *by_name, places; /* a table of them by the hash of their names: number + 1, 0: none */
};

int rog_layout_new(struct rog_layout **layout, struct rog_error *err);
void rog_layout_free(struct rog_layout *layout);

/* Appends a tensor. ROG_EINVAL: a name that is empty, too long, or taken; a shape without elements
 * or with too many dimensions; one that is trained behind a constant; more elements than can be
 * counted. */
int rog_layout_add(struct rog_layout *layout, const char *name, uint32_t dims,
                   const uint32_t *shape, bool constant, struct rog_error *err);

/* A list of {name, shape, constant}, and that as text, heap memory; NULL when there is none. */
struct rog_json *rog_layout_json(const struct rog_layout *layout);
char *rog_layout_text(const struct rog_layout *layout);
/* ROG_EFORMAT for text that is no layout. */
int rog_layout_parse(struct rog_layout **layout, const char *text, size_t size,
                     struct rog_error *err);

/* ROG_EINVAL names the first tensor that differs, with both shapes: `who` has `other`, `owner` has
 * `known`. */
int rog_layout_compare(const struct rog_layout *known, const char *owner,
                       const struct rog_layout *other, const char *who, struct rog_error *err);

/* What a server of so many workers needs for it, about, in bytes: the model, what has been added to
 * it, that again for each worker and for a checkpoint that is written, `arrays` more of its
 * optimizer and what is written of those, and the tables of rows. pushes_kept: also a push of each
 * worker, uncompressed and with a message for each row (librog/sync/server_rounds.c). */
double rog_layout_server_bytes(const struct rog_layout *layout, uint32_t workers, uint32_t arrays,
                               bool pushes_kept);

/* The row table of what is trained; its names are the layout's, which must live as long,
 * as must the codecs' parameters (rog_rows_set_codecs). */
int rog_layout_rows(const struct rog_layout *layout, const struct rog_rows_codecs *codecs,
                    struct rog_rows **rows, struct rog_error *err);

#endif
