/* SPDX-License-Identifier: Apache-2.0 */
#include <common/settings.h>

#include <rog/strategy.h>

/* One row, one setting. Where no source is named, the default is the published system's. */
const struct rog_setting rog_run_settings[] = {
    /* name, type, default, min, max, choices, unit, help, letter */
    {"library", ROG_SETTING_STRING, "ROG", 0, 0, NULL, NULL,
     "synchronization strategy: a plugin's name", 0},
    {"compression", ROG_SETTING_STRING, "sign", 0, 0, "sign|none", NULL,
     "how gradients and updates travel: sign: one bit an element; none: 32 bits, exact", 0},
    {"threshold", ROG_SETTING_INT, NULL, 0, ROG_THRESHOLD_INFINITE, "inf", "iterations",
     "staleness threshold; inf: without end; default: the plugin's", 0},
    {"control", ROG_SETTING_STRING, "outdoors", 0, 0, NULL, NULL,
     "name of the bandwidth condition; outdoors and indoors have a generator", 0},
    {"trace", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL,
     "bandwidth: synth:outdoors, synth:indoors, constant:MBIT, or a CSV file ({rank} stands for "
     "the "
     "worker's rank); default: synth:CONTROL",
     0},
    {"batchsize", ROG_SETTING_INT, "1", 1, 1000, NULL, NULL,
     "multiplies the local steps between two exchanges", 0},
    {"epochs", ROG_SETTING_INT, "4", 1, 100000, NULL, NULL,
     "passes of a worker over its shard; who is through leaves, the last one ends the run", 0},
    {"seconds", ROG_SETTING_REAL, "0", 0, 1e9, NULL, "s",
     "also end the run at this time; 0: only by epochs", 0},
    {"note", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL, "label in figures and tables", 0},
    {"seed", ROG_SETTING_INT, "1", 0, 9007199254740991.0, NULL, NULL,
     "all random numbers of the run derive from it", 0},

    {"workload", ROG_SETTING_STRING, "train", 0, 0, "train|none|program", NULL,
     "train: real gradients; none: policy and network only; program: one of your own", 0},
    {"command", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL,
     "workload program: what a worker runs, by /bin/sh, in a folder with the files", 0},
    {"files", ROG_SETTING_TEXTS, NULL, 0, 0, NULL, NULL,
     "workload program: the files it needs, texts", 0},
    {"test", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL,
     "workload program: prints the accuracy (percent) of $ROG_CHECKPOINT as its last line; default "
     "with ranks: as in workload train",
     0},
    {"ranks", ROG_SETTING_REALS, NULL, 1, 65536, NULL, NULL,
     "workload program: the workers that run it, []: none; the others, and the server, have the "
     "network of `model`; default: all run it, and it brings the model",
     0},
    {"sources", ROG_SETTING_TEXTS, NULL, 0, 0, NULL, NULL,
     "workload program: what is in the files; filled in when the run is planned", 0},
    {"model", ROG_SETTING_STRING, "convmlp-nano", 0, 0, "convmlp-nano|convmlp-s|convmlp-m", NULL,
     "network to train", 0},
    {"wire_model", ROG_SETTING_STRING, "convmlp-m", 0, 0, "same|convmlp-nano|convmlp-s|convmlp-m",
     NULL, "whose size on the wire the messages have; same: the trained model's own", 0},
    {"data", ROG_SETTING_STRING, "synth100", 0, 0, NULL, NULL,
     "synth100, cifar100:FOLDER (train.bin, test.bin) "
     "or fed-cifar100:FOLDER (fed_cifar100_train.h5, fed_cifar100_test.h5)",
     0},
    {"image_size", ROG_SETTING_INT, "32", 32, 448, NULL, "pixels", "images are scaled to this edge",
     0},
    {"noise", ROG_SETTING_STRING, "mixed", 0, 0,
     "none|blur|brightness|contrast|translation|scale|shear|rotation|mixed", NULL,
     "DeepTest transformation of the images to adapt to", 0},
    {"test_images", ROG_SETTING_INT, "0", 0, 1000000, NULL, "images",
     "test on the first so many images; 0: all", 0},

    {"batch", ROG_SETTING_INT, "24", 1, 4096, NULL, "images", "images per local step", 0},
    {"learning_rate", ROG_SETTING_REAL, "0.003", 0, 1000, NULL, NULL,
     "at the start of the adaptation", 0},
    {"lr_halve_at", ROG_SETTING_REALS, "800,1600,2400,3200", 1, 1e9, NULL, "iterations",
     "iterations at which the learning rate is halved", 0},
    {"momentum", ROG_SETTING_REAL, "0.9", 0, 0.9999, NULL, NULL, "Nesterov momentum", 0},
    {"weight_decay", ROG_SETTING_REAL, "0.0005", 0, 1, NULL, NULL, "L2 penalty", 0},
    {"label_smoothing", ROG_SETTING_REAL, "0.1", 0, 0.99, NULL, NULL,
     "share of the target spread over all classes", 0},
    {"mixup", ROG_SETTING_REAL, "0.2", 0, 100, NULL, NULL,
     "alpha of the Beta distribution images are mixed by; 0: off", 0},

    {"pretrain_epochs", ROG_SETTING_INT, "4", 0, 10000, NULL, NULL,
     "epochs on clean images before the run; 0: random weights", 0},
    {"pretrain_batch", ROG_SETTING_INT, "64", 2, 4096, NULL, "images", "batch of that training", 0},
    {"pretrain_learning_rate", ROG_SETTING_REAL, "0.07", 0, 1000, NULL, NULL,
     "peak learning rate of that training", 0},
    {"pretrain_seed", ROG_SETTING_INT, "1", 0, 9007199254740991.0, NULL, NULL,
     "seed of that training; apart from seed, so that repeats share one start", 0},
    {"initial_model", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL,
     "start from this safetensors file instead of pre-training", 0},

    {"checkpoint_period", ROG_SETTING_REAL, "60", 0.001, 1e9, NULL, "s",
     "time between checkpoints at first", 0},
    {"checkpoint_count", ROG_SETTING_INT, "20", 1, 1000000, NULL, "checkpoints",
     "after so many the period grows", 0},
    {"checkpoint_growth", ROG_SETTING_REAL, "3", 1, 1000, NULL, NULL, "factor it grows by", 0},

    {"latency", ROG_SETTING_REAL, "0.003", 0, 60, NULL, "s", "one-way delay of a link", 0},
    {"record_rows", ROG_SETTING_FLAG, "true", 0, 0, NULL, NULL,
     "record how many of each layer's rows are sent, for microevents --rows", 0},
    {NULL, ROG_SETTING_FLAG, NULL, 0, 0, NULL, NULL, NULL, 0},
};

const struct rog_setting rog_worker_settings[] = {
    {"host", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL, "name or address", 0},
    {"profile", ROG_SETTING_STRING, "jetson-nx", 0, 0, NULL, NULL,
     "device profile the values below are taken from where they are not given", 0},
    {"batch", ROG_SETTING_INT, NULL, 1, 4096, NULL, "images", "images per local step", 0},
    {"local_steps", ROG_SETTING_INT, "1", 1, 1000, NULL, NULL,
     "local steps between two exchanges; multiplied by batchsize", 0},
    {"step_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s", "time of one local step", 0},
    {"step_times", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL,
     "file with the time of all local steps of each iteration, instead of step_s: the line step_s, "
     "then a line for each, in s; the last one is the worker's last iteration, or under `seconds` "
     "the first follows (virtual clusters)",
     0},
    {"compress_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s", "time to compress one push", 0},
    {"decompress_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s", "time to unpack one pull", 0},
    {"rank_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s",
     "time to choose the rows of one push, under strategies that do not send all; default: none "
     "(virtual clusters)",
     0},
    {"unpack_rows_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s",
     "decompress_s under strategies that do not send all; default: decompress_s (virtual clusters)",
     0},
    {"pace_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s",
     "it sleeps until computing, compressing and unpacking have taken so long together, which is "
     "counted as computing; default: no sleep (virtual clusters)",
     0},
    {"pace_rows_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s",
     "the same for computing and compressing alone, under strategies that do not send all; "
     "default: "
     "no sleep (virtual clusters)",
     0},
    {"server_unpack_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s",
     "time of the server's processor to unpack a whole push of this worker, a part takes its "
     "share; default: none (virtual clusters)",
     0},
    {"server_compress_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s",
     "time of the server's processor to compress one pull; default: none (virtual clusters)", 0},
    {"server_rank_s", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "s",
     "rank_s of the server, for one pull; default: none (virtual clusters)", 0},
    {"packet_headers", ROG_SETTING_REAL, NULL, 0, 10, NULL, NULL,
     "bytes of packet headers on the link for each byte sent; default: none (virtual clusters)", 0},
    {"send_buffer", ROG_SETTING_REAL, NULL, 0, 1e12, NULL, "bytes",
     "what a sender without a time budget can leave to its kernel, and counts as sent; default: "
     "none (virtual clusters)",
     0},
    {"answers", ROG_SETTING_STRING, NULL, 0, 0, "always|waiting", NULL,
     "when it hears the server's requests for rows: always, or only while it waits for its pull, "
     "as "
     "a single thread does; default: always (virtual clusters)",
     0},
    {"zero_mbps", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "Mbit/s",
     "what a 0 of the trace stands for; default: 0, nothing gets through (virtual clusters)", 0},
    {"watts_compute", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "W", "whole board, computing", 0},
    {"watts_communicate", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "W",
     "whole board, sending or receiving", 0},
    {"watts_stall", ROG_SETTING_REAL, NULL, 0, 1e6, NULL, "W", "whole board, waiting", 0},
    {"trace", ROG_SETTING_STRING, NULL, 0, 0, NULL, NULL,
     "this worker's own bandwidth; default: the run's trace", 0},
    {"trace_offset", ROG_SETTING_REAL, "0", 0, 1e9, NULL, "s", "where in the trace the run starts",
     0},
    {NULL, ROG_SETTING_FLAG, NULL, 0, 0, NULL, NULL, NULL, 0},
};
