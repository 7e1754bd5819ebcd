/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A row as a codec sends it, for codecs.py to compare with:
 *
 *     reference-codec NAME PARAMETERS ELEMENTS WIDTH LEVEL < VALUES > SENT
 *
 * PARAMETERS: as in `compression_parameters`, as JSON. VALUES: float32, of one exchange after the
 * other; of each ELEMENTS are added to what the one before has left. SENT: of each exchange, which
 * has as its seed its number, from 1 on, u32 bytes of the row, these, and as float32 what they say
 * and what they leave.
 */

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/json.h>
#include <common/parameters.h>
#include <librog/codecs/codecs.h>

struct sender {
    const struct rog_codec *codec;
    struct rog_codec_row row;
    void *parameters;
    float *left, *said;
    uint8_t *bytes;
    size_t most;
};

static void *or_die(void *memory)
{
    if (memory)
        return memory;
    fprintf(stderr, "reference-codec: no memory\n");
    exit(1);
}

static int read_parameters(struct sender *sender, const char *text, struct rog_error *err)
{
    struct rog_json *given = NULL;
    const struct rog_codec *codec = sender->codec;
    int code = rog_json_parse(text, strlen(text), "PARAMETERS", &given, err);
    if (!code)
        code = rog_parameters_make(codec->parameters, codec->parameter_bytes, codec->name, given,
                                   NULL, &sender->parameters, err);
    rog_json_free(given);
    return code;
}

static void prepare(struct sender *sender, char **argv)
{
    const struct rog_codec *codec = sender->codec;
    struct rog_codec_bytes bytes;
    struct rog_codec_row *row = &sender->row;
    row->parameters = sender->parameters;
    row->elements = (uint32_t)strtoul(argv[3], NULL, 10);
    row->width = (uint32_t)strtoul(argv[4], NULL, 10);
    row->level = (uint32_t)strtoul(argv[5], NULL, 10);
    row->limit = FLT_MAX;
    codec->bytes(row, &bytes);
    sender->most = bytes.most;
    row->memory = or_die(calloc(1 + (codec->memory ? codec->memory(row) : 0), sizeof(float)));
    row->scratch = or_die(malloc(1 + (codec->scratch ? codec->scratch(row) : 0)));
    sender->left = or_die(calloc(row->elements, sizeof(float)));
    sender->said = or_die(calloc(row->elements, sizeof(float)));
    sender->bytes = or_die(malloc(bytes.most));
}

static float scale_of(const struct sender *sender)
{
    const struct rog_codec *codec = sender->codec;
    const struct rog_codec_row *row = &sender->row;
    double sum = 0;
    for (uint32_t i = 0; i < row->elements; i++)
        sum += (double)(sender->left[i] < 0 ? -sender->left[i] : sender->left[i]);
    if (!codec->whole_scale || (codec->is_whole && !codec->is_whole(row->parameters)))
        return codec->scale(sum, row->elements);
    size_t bytes = codec->whole_scratch ? codec->whole_scratch(row->parameters, row->elements) : 0;
    struct rog_codec_whole whole = {.parameters = row->parameters,
                                    .iteration = row->iteration,
                                    .seed = row->seed,
                                    .values = sender->left,
                                    .count = row->elements,
                                    .scratch = or_die(malloc(1 + bytes))};
    float scale = codec->whole_scale(&whole);
    free(whole.scratch);
    return scale;
}

static int exchange(struct sender *sender, const float *values)
{
    struct rog_codec_row *row = &sender->row;
    const char *why = "";
    row->iteration++;
    row->seed = row->iteration;
    for (uint32_t i = 0; i < row->elements; i++)
        sender->left[i] += values[i];
    memset(sender->said, 0, row->elements * sizeof(float));
    row->scale = scale_of(sender);
    uint32_t size = (uint32_t)sender->codec->encode(row, sender->left, sender->bytes);
    if (size > sender->most || sender->codec->check(row, sender->bytes, size, &why) != size) {
        fprintf(stderr, "reference-codec: the row has %s\n", why);
        return 1;
    }
    sender->codec->decode(row, -1, sender->bytes, sender->said);
    return fwrite(&size, sizeof size, 1, stdout) != 1 ||
           fwrite(sender->bytes, 1, size, stdout) != size ||
           fwrite(sender->said, sizeof(float), row->elements, stdout) != row->elements ||
           fwrite(sender->left, sizeof(float), row->elements, stdout) != row->elements;
}

int main(int argc, char **argv)
{
    struct sender sender = {0};
    struct rog_error err;
    if (argc != 6) {
        fprintf(stderr, "usage: reference-codec NAME PARAMETERS ELEMENTS WIDTH LEVEL\n");
        return 2;
    }
    int code = rog_codec_find(argv[1], &sender.codec, &err);
    if (!code)
        code = read_parameters(&sender, argv[2], &err);
    if (code) {
        fprintf(stderr, "reference-codec: %s\n", err.message);
        return 1;
    }
    prepare(&sender, argv);
    float *values = or_die(malloc(sender.row.elements * sizeof *values));
    while (!code &&
           fread(values, sizeof *values, sender.row.elements, stdin) == sender.row.elements)
        code = exchange(&sender, values);
    free(values);
    free(sender.bytes);
    free(sender.said);
    free(sender.left);
    free(sender.row.scratch);
    free(sender.row.memory);
    free(sender.parameters);
    return code;
}
