/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a run and of a worker: one row has everything about a setting. */
#include <common/settings.h>

#include <common/run_config.h>
#include <common/trace_name.h>
#include <common/workload.h>
#include <rog/strategy.h>

#define RUN(member) ROG_SETTING_MEMBER(rog_run_config, member)
#define WORKER(member) ROG_SETTING_MEMBER(rog_run_worker, member)

/* The parts of a run (librog/parts/parts.h). Their settings were added after runs had been
 * recorded. */
#define PART (ROG_SETTING_LEFT_OUT | ROG_SETTING_KEPT_BY_REPLAY)
#define PART_OF_BOTH \
    (PART | ROG_SETTING_OF_BOTH_ENDS | ROG_SETTING_OPTION_OF_SERVE | ROG_SETTING_OPTION_OF_LIBRARY)

#define OF_PROCESSES                                                                              \
    (ROG_SETTING_OF_PROGRAMS | ROG_SETTING_ASIDE | ROG_SETTING_NOT_NOTED | ROG_SETTING_LEFT_OUT | \
     ROG_SETTING_OF_PROCESSES)

/* One row, one setting. Unless a source is named, the default is that of the published system. */
const struct rog_setting rog_run_settings[] = {
    {RUN(library), .type = ROG_SETTING_STRING, .fallback = "ROG",
     .help = "synchronization strategy: a plugin's name, in upper or lower case, or its file",
     .flags = ROG_SETTING_PATH_WITH_SLASH | ROG_SETTING_CONTENT | ROG_SETTING_NOT_NOTED |
              ROG_SETTING_OPTION_OF_RUN | ROG_SETTING_OPTION_OF_REPLAY |
              ROG_SETTING_OPTION_OF_SERVE},
    {RUN(method), .type = ROG_SETTING_STRING,
     .help = "published method that provides the defaults of a run; `rogctl methods` lists them",
     .flags = ROG_SETTING_ASIDE | ROG_SETTING_NOT_NOTED | ROG_SETTING_OPTION_OF_RUN},
    {RUN(compression), .type = ROG_SETTING_STRING, .fallback = "sign",
     .help = "codec for pushes; `rogctl plugins` lists codecs; sign: one bit per element; none: 32 "
             "bits, exact",
     .flags = ROG_SETTING_PATH_WITH_SLASH | ROG_SETTING_CONTENT | ROG_SETTING_OF_SIZE |
              ROG_SETTING_KEPT_BY_REPLAY | ROG_SETTING_OF_BOTH_ENDS | ROG_SETTING_OPTION_OF_SERVE |
              ROG_SETTING_OPTION_OF_LIBRARY},
    {RUN(threshold), .type = ROG_SETTING_INT, .min = 0, .max = ROG_THRESHOLD_INFINITE,
     .choices = "inf", .unit = "iterations",
     .help = "staleness threshold; inf: unlimited; default: the plugin's",
     .flags = ROG_SETTING_NOT_NOTED | ROG_SETTING_OPTION_OF_RUN | ROG_SETTING_OPTION_OF_REPLAY |
              ROG_SETTING_OPTION_OF_SERVE},
    {RUN(parameters), .type = ROG_SETTING_GROUP,
     .help = "parameters of the strategy; `rogctl plugins NAME` lists them",
     .flags = ROG_SETTING_OPTION_OF_RUN | ROG_SETTING_OPTION_OF_REPLAY |
              ROG_SETTING_OPTION_OF_SERVE | ROG_SETTING_OPTION_OF_LIBRARY},
    {RUN(compression_parameters), .type = ROG_SETTING_GROUP,
     .help = "parameters of the codec; `rogctl plugins NAME` lists them",
     .option = "compression-parameters", .flags = ROG_SETTING_OF_SIZE | PART_OF_BOTH},
    {RUN(pull_compression), .type = ROG_SETTING_STRING,
     .help = "codec for pulls; default: the same as compression", .option = "pull-compression",
     .flags =
         ROG_SETTING_PATH_WITH_SLASH | ROG_SETTING_CONTENT | ROG_SETTING_OF_SIZE | PART_OF_BOTH},
    {RUN(pull_compression_parameters), .type = ROG_SETTING_GROUP,
     .help =
         "parameters of pull_compression; default: compression_parameters if the codec is the same",
     .option = "pull-compression-parameters", .flags = ROG_SETTING_OF_SIZE | PART_OF_BOTH},
    {RUN(compression_warmup), .type = ROG_SETTING_INT, .fallback = "0", .min = 0, .max = 1e9,
     .unit = "iterations",
     .help = "send uncompressed up to and including this iteration, in both directions",
     .option = "compression-warmup", .flags = PART_OF_BOTH},
    {RUN(error_feedback), .type = ROG_SETTING_REAL, .fallback = "1", .min = 0, .max = 1,
     .help = "share of a row's compression error that is added to the row's next update; 0: the "
             "error is dropped; rows that are not sent are kept in full",
     .option = "error-feedback", .flags = PART_OF_BOTH | ROG_SETTING_OF_VALUES},
    {RUN(contribution), .type = ROG_SETTING_STRING, .fallback = "gradient",
     .choices = "gradient|delta",
     .help = "what a worker pushes: gradient: the update from its gradient, with momentum; delta: "
             "the change of its model over its local steps",
     .option = "contribution", .flags = ROG_SETTING_OF_STEP | PART_OF_BOTH},
    {RUN(momentum_kind), .type = ROG_SETTING_STRING, .fallback = "block",
     .choices = "block|nesterov|heavy_ball",
     .help = "momentum of a worker's update: block: Zheng et al., as in the published system; "
             "nesterov: as in PyTorch; heavy_ball: Polyak",
     .flags = PART | ROG_SETTING_OF_BOTH_ENDS | ROG_SETTING_OF_VALUES},
    {RUN(momentum_masking), .type = ROG_SETTING_FLAG, .fallback = "false",
     .help = "clear the momentum of elements that were sent completely",
     .option = "momentum-masking", .flags = PART_OF_BOTH | ROG_SETTING_OF_VALUES},
    {RUN(clip_norm), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "largest 2-norm of a worker's gradient, with contribution delta of each local step's; "
             "larger ones are scaled down; 0: no clipping",
     .flags = PART | ROG_SETTING_OF_VALUES},
    {RUN(local_optimizer), .type = ROG_SETTING_STRING, .fallback = "sgd",
     .choices = "sgd|nesterov|adamw",
     .help = "contribution delta: optimizer of the local steps; it uses learning_rate, momentum "
             "and weight_decay",
     .flags = PART | ROG_SETTING_OF_VALUES},
    {RUN(local_optimizer_parameters), .type = ROG_SETTING_GROUP,
     .help = "its own parameters; `rogctl plugins NAME` lists them",
     .flags = PART | ROG_SETTING_OF_VALUES},
    {RUN(merge), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1,
     .help = "contribution delta: weight a of a worker's own model after a pull, a w_local + (1 - "
             "a) w_global",
     .option = "merge", .flags = PART_OF_BOTH | ROG_SETTING_OF_VALUES},
    {RUN(overlap), .type = ROG_SETTING_FLAG, .fallback = "false",
     .help = "compute the next iteration during the exchange", .flags = PART},
    {RUN(server_optimizer), .type = ROG_SETTING_STRING, .fallback = "mean",
     .help = "how the server applies pushes to its model; `rogctl plugins` lists optimizers; mean: "
             "immediately",
     .option = "server-optimizer", .flags = PART | ROG_SETTING_OPTION_OF_SERVE},
    {RUN(server_optimizer_parameters), .type = ROG_SETTING_GROUP,
     .help = "its own parameters; `rogctl plugins NAME` lists them",
     .option = "server-optimizer-parameters", .flags = PART | ROG_SETTING_OPTION_OF_SERVE},
    {RUN(control), .type = ROG_SETTING_STRING, .fallback = "outdoors",
     .help = "name of the bandwidth condition; outdoors and indoors have generators; unlimited, "
             "the default with trace = \"unlimited\", has no limit",
     .flags = ROG_SETTING_FILE_NAME | ROG_SETTING_KEPT_BY_REPLAY | ROG_SETTING_OPTION_OF_RUN},
    {RUN(trace), .type = ROG_SETTING_STRING, .fallback = "synth:{control}",
     .help = "bandwidth: synth:outdoors, synth:indoors, constant:MBIT, unlimited, or a CSV file "
             "({rank} stands for the worker's rank)",
     .no_path = ROG_TRACE_NO_LIMIT,
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_OF_RANK},
    {RUN(trace_start), .type = ROG_SETTING_STRING, .choices = "spread|seed",
     .help = "where workers start in traces from files, added to trace_offset: spread: workers "
             "that share a file start evenly spaced; seed: as spread, and all shifted by a random "
             "share drawn from the seed; default: at trace_offset"},
    {RUN(trace_blocks), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "block length for resampling: each seed builds new traces from random blocks of the "
             "trace files; 0, the default: files are replayed unchanged"},
    {RUN(trace_blocks_by), .type = ROG_SETTING_STRING, .choices = "run|worker",
     .help = "trace_blocks: run: all workers use blocks from the same times, which keeps their "
             "correlation; worker: each worker draws its own; default: run"},
    {RUN(batchsize), .type = ROG_SETTING_INT, .fallback = "1", .min = 1, .max = 1000,
     .help = "factor for the local steps between two exchanges",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_OPTION_OF_RUN},
    {RUN(epochs), .type = ROG_SETTING_INT, .fallback = "4", .min = 1, .max = 100000,
     .help = "passes of a worker over its shard; a worker that has finished leaves, and the last "
             "one ends the run",
     .option = "epoch", .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_OPTION_OF_RUN},
    {RUN(seconds), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1e9, .unit = "s",
     .help = "also end the run at this time; 0: end it only by epochs",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_KEPT_BY_REPLAY | ROG_SETTING_OPTION_OF_SERVE},
    {RUN(note), .type = ROG_SETTING_STRING, .help = "label in figures and tables",
     .flags = ROG_SETTING_ASIDE | ROG_SETTING_OPTION_OF_RUN},
    {.name = ROG_NOTE_GIVEN,
     .type = ROG_SETTING_FLAG, /* not used for training */
     .help = "the note was given by the user and is used as the label unchanged; set by rogctl",
     .flags = ROG_SETTING_ASIDE | ROG_SETTING_NOT_NOTED},
    {RUN(seed), .type = ROG_SETTING_INT, .fallback = "1", .min = 0, .max = 9007199254740991.0,
     .help = "seed of all random numbers of the run",
     .flags = ROG_SETTING_NOT_NOTED | ROG_SETTING_KEPT_BY_REPLAY | ROG_SETTING_OPTION_OF_RUN},

    {RUN(workload), .type = ROG_SETTING_STRING, .fallback = "train",
     .choices = "train|none|program",
     .help = "train: real gradients; none: strategy and network only, nothing is trained; program: "
             "your own training program",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_OF_START_MODEL},
    {RUN(command), .type = ROG_SETTING_STRING,
     .help =
         "workload program: shell command of a worker, run by /bin/sh in a folder with the files",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_OF_PROGRAMS},
    {RUN(files), .type = ROG_SETTING_TEXTS,
     .help = "workload program: text files that the program needs",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_PROGRAMS},
    {RUN(test), .type = ROG_SETTING_STRING,
     .help = "workload program: test command; its last line of output is the accuracy (percent), "
             "or the `metric`, of $ROG_CHECKPOINT; default with ranks: as in workload train",
     .flags = ROG_SETTING_OF_PROGRAMS},
    {RUN(metric), .type = ROG_SETTING_GROUP,
     .help = "workload program: what the test measures: { name; unit; better; }; better is higher "
             "or lower; default: accuracy in %, higher",
     .flags = ROG_SETTING_OF_PROGRAMS},
    {"options", .type = ROG_SETTING_GROUP,
     .help = "workload program: settings for the program itself",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_OF_PROGRAMS},
    {RUN(ranks), .type = ROG_SETTING_REALS, .min = 1, .max = 65536,
     .help = "workload program: ranks of the workers that run the program; []: none; the server "
             "and the other workers use the network of `model`; default: all workers, and the "
             "program defines the model",
     .flags = ROG_SETTING_OF_PROGRAMS},
    {RUN(program_threads), .type = ROG_SETTING_INT, .fallback = "0", .min = 0, .max = 256,
     .unit = "threads",
     .help = "workload program: threads of each program (OMP_NUM_THREADS and similar); 0: one on "
             "virtual clusters, elsewhere the program decides",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_PROGRAMS | ROG_SETTING_LEFT_OUT},
    {RUN(workers_per_process), .type = ROG_SETTING_INT, .fallback = "1", .min = 1, .max = 4096,
     .unit = "workers",
     .help = "workload program: workers per process; more than 1 needs a command `PYTHON SCRIPT "
             "ARGUMENTS`, which rog.worker_host runs (virtual clusters)",
     .flags = OF_PROCESSES},
    {RUN(step_limit), .type = ROG_SETTING_REAL, .fallback = "600", .min = 0.1, .max = 1e6,
     .unit = "s",
     .help = "workload program: limit in real time for a program to join, to compute an iteration, "
             "or to exit after the run; beyond it the run fails (virtual clusters)",
     .flags = OF_PROCESSES},
    {RUN(memory_limit), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1e6,
     .unit = "GiB",
     .help = "workload program: memory limit for all programs of a run together; 0: nine tenths of "
             "the memory available when the run starts (virtual clusters)",
     .flags = OF_PROCESSES},
    {RUN(sources), .type = ROG_SETTING_TEXTS,
     .help = "workload program: contents of the files; filled in when the run is planned",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_PROGRAMS | ROG_SETTING_FILLED_IN},
    {RUN(executables), .type = ROG_SETTING_TEXTS,
     .help = "workload program: which of the files are executable; filled in when the run is "
             "planned",
     .flags =
         ROG_SETTING_OF_STEP | ROG_SETTING_OF_PROGRAMS | ROG_SETTING_FILLED_IN | ROG_SETTING_ASIDE},
    {RUN(magnitudes), .type = ROG_SETTING_STRING,
     .help = "magnitudes of rows if nothing is trained, for strategies that rank rows: a file "
             "that `rog-trainer simulate --magnitudes` wrote for this model; default: all equal "
             "(virtual clusters)",
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(model), .type = ROG_SETTING_STRING, .fallback = "convmlp-nano",
     .choices = "convmlp-nano|convmlp-s|convmlp-m|convmlp-l", .help = "network to train",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_OF_START_MODEL |
              ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(layout), .type = ROG_SETTING_STRING,
     .help = "workload none: file with the tensors of a model other than `model`, a JSON list of "
             "{\"name\": \"fc.weight\", \"shape\": [10, 512]}; a replay of a program's run has one "
             "(virtual clusters)",
     .flags =
         ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_OF_SIZE | ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(wire_model), .type = ROG_SETTING_STRING, .fallback = "convmlp-m",
     .choices = "same|convmlp-nano|convmlp-s|convmlp-m|convmlp-l",
     .help = "model whose message sizes are used on the link; same: the trained model",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(data), .type = ROG_SETTING_STRING, .fallback = "synth100",
     .help = "synth100, cifar100:FOLDER (train.bin, test.bin), fed-cifar100:FOLDER "
             "(fed_cifar100_train.h5, fed_cifar100_test.h5) or noisy-cifar100:FOLDER "
             "(mixed_fed_cifar100_train.pkl, mixed_fed_cifar100_test.pkl)",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_PATH_AFTER_COLON |
              ROG_SETTING_CONTENT | ROG_SETTING_OF_START_MODEL},
    {RUN(image_size), .type = ROG_SETTING_INT, .fallback = "32", .min = 32, .max = 448,
     .unit = "pixels", .help = "images are scaled to this width and height",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_OF_START_MODEL |
              ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(noise), .type = ROG_SETTING_STRING, .fallback = "mixed",
     .choices = "none|blur|brightness|contrast|translation|scale|shear|rotation|mixed",
     .help = "DeepTest transformation of the images that the run adapts to"},
    {RUN(test_images), .type = ROG_SETTING_INT, .fallback = "0", .min = 0, .max = 1000000,
     .unit = "images", .help = "number of test images, from the first one; 0: all",
     .flags = ROG_SETTING_OF_SIZE},

    {RUN(batch), .type = ROG_SETTING_INT, .fallback = "24", .min = 1, .max = 4096, .unit = "images",
     .help = "images per local step", .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE},
    {RUN(learning_rate), .type = ROG_SETTING_REAL, .fallback = "0.0003", .min = 0, .max = 1000,
     .help = "learning rate at the start of the run", .flags = ROG_SETTING_OF_VALUES},
    /* No member: run_config.c turns the list of numbers into an array. */
    {.name = "lr_halve_at",
     .type = ROG_SETTING_REALS,
     .fallback = "800,1600,2400,3200",
     .min = 1,
     .max = 1e9,
     .unit = "iterations",
     .help = "iterations at which the learning rate is halved",
     .flags = ROG_SETTING_OF_VALUES},
    {RUN(momentum), .type = ROG_SETTING_REAL, .fallback = "0.9", .min = 0, .max = 0.9999,
     .help = "momentum factor, for the rule set by momentum_kind or local_optimizer",
     .flags = ROG_SETTING_OF_VALUES},
    {RUN(weight_decay), .type = ROG_SETTING_REAL, .fallback = "0.0005", .min = 0, .max = 1,
     .help = "L2 penalty", .flags = ROG_SETTING_OF_VALUES},
    {RUN(label_smoothing), .type = ROG_SETTING_REAL, .fallback = "0.1", .min = 0, .max = 0.99,
     .help = "label smoothing: share of the target spread over all classes"},
    {RUN(mixup), .type = ROG_SETTING_REAL, .fallback = "0.2", .min = 0, .max = 100,
     .help = "mixup: alpha of the Beta distribution; 0: off"},

    {RUN(pretrain_epochs), .type = ROG_SETTING_INT, .fallback = "4", .min = 0, .max = 10000,
     .help = "epochs of pre-training on clean images; 0: start from random weights",
     .flags = ROG_SETTING_OF_START_MODEL},
    {RUN(pretrain_batch), .type = ROG_SETTING_INT, .fallback = "64", .min = 2, .max = 4096,
     .unit = "images", .help = "batch size of pre-training", .flags = ROG_SETTING_OF_START_MODEL},
    {RUN(pretrain_learning_rate), .type = ROG_SETTING_REAL, .fallback = "0.07", .min = 0,
     .max = 1000, .help = "peak learning rate of pre-training",
     .flags = ROG_SETTING_OF_START_MODEL},
    {RUN(pretrain_seed), .type = ROG_SETTING_INT, .fallback = "1", .min = 0,
     .max = 9007199254740991.0,
     .help = "seed of pre-training; independent of seed, so that repeats share one starting model",
     .flags = ROG_SETTING_OF_START_MODEL},
    {RUN(initial_model), .type = ROG_SETTING_STRING,
     .help = "start from this safetensors file instead of pre-training",
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_OF_START_MODEL},

    {RUN(checkpoint_period), .type = ROG_SETTING_REAL, .fallback = "60", .min = 0.001, .max = 1e9,
     .unit = "s", .help = "time between checkpoints at the beginning",
     .option = "checkpoint-period", .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_OPTION_OF_SERVE},
    {RUN(checkpoint_count), .type = ROG_SETTING_INT, .fallback = "20", .min = 1, .max = 1000000,
     .unit = "checkpoints", .help = "number of checkpoints after which the period is multiplied",
     .flags = ROG_SETTING_OF_SIZE},
    {RUN(checkpoint_growth), .type = ROG_SETTING_REAL, .fallback = "3", .min = 1, .max = 1000,
     .help = "factor by which the period grows", .flags = ROG_SETTING_OF_SIZE},
    {RUN(checkpoint_average), .type = ROG_SETTING_REAL, .min = 0, .max = 1e9, .unit = "iterations",
     .help = "checkpoints hold an exponential moving average of the server's model over about this "
             "many iterations; 0, the default: the model itself",
     .option = "checkpoint-average", .flags = ROG_SETTING_OPTION_OF_SERVE},

    {RUN(snapshot_period), .type = ROG_SETTING_REAL, .fallback = "5", .min = 0, .max = 1e9,
     .unit = "s",
     .help = "minimum real time between snapshots; an interrupted run resumes from the last one; "
             "0: no snapshots (virtual clusters)",
     .flags = ROG_SETTING_ASIDE | ROG_SETTING_NOT_NOTED | ROG_SETTING_OF_PROCESSES},

    {RUN(latency), .type = ROG_SETTING_REAL, .fallback = "0.003", .min = 0, .max = 60, .unit = "s",
     .help = "one-way delay of a link", .flags = ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(record_rows), .type = ROG_SETTING_FLAG, .fallback = "true",
     .help = "record how many rows of each layer are sent, for microevents --rows",
     .flags = ROG_SETTING_ASIDE},
    {.name = NULL},
};

const struct rog_setting rog_worker_settings[] = {
    {WORKER(host), .type = ROG_SETTING_STRING, .help = "name or address"},
    {WORKER(profile), .type = ROG_SETTING_STRING, .fallback = "jetson-nx",
     .help = "device profile for the values below that are not given"},
    {WORKER(batch), .type = ROG_SETTING_INT, .fallback = "{batch}", .min = 1, .max = 4096,
     .unit = "images", .help = "images per local step", .flags = ROG_SETTING_RECORDED},
    {WORKER(local_steps), .type = ROG_SETTING_INT, .fallback = "1", .min = 1, .max = 1000,
     .help = "local steps between two exchanges, before the factor batchsize",
     .flags = ROG_SETTING_RECORDED},
    {WORKER(step_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .choices = ROG_STEP_MEASURED,
     .unit = "s",
     .help = "time of one local step; measured: the time that the worker's program takes on this "
             "machine, divided by speed (workload program on virtual clusters)",
     .flags = ROG_SETTING_REQUIRED},
    {WORKER(speed), .type = ROG_SETTING_REAL, .min = 1e-6, .max = 1e6,
     .help = "with step_s = \"measured\": speed of the device relative to this machine; default: 1 "
             "(virtual clusters)",
     .flags = ROG_SETTING_RECORDED},
    {WORKER(step_times), .type = ROG_SETTING_STRING,
     .help = "file with the total time of the local steps of each iteration, instead of step_s: "
             "the header step_s, then one line per iteration, in s; after the last line the worker "
             "ends, or with `seconds` the file repeats; the header step_s,padding_s adds the sleep "
             "after them (virtual clusters)",
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT},
    {WORKER(compress_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "time to compress one push; default: that of the profile, or 0 if step_s is measured "
             "and no profile is given",
     .flags = ROG_SETTING_REQUIRED},
    {WORKER(decompress_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "time to decompress one pull; default: as for compress_s",
     .flags = ROG_SETTING_REQUIRED},
    {WORKER(rank_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "time to rank the rows of one push, for strategies that do not send all rows; "
             "default: none (virtual clusters)"},
    {WORKER(unpack_rows_s), .type = ROG_SETTING_REAL, .fallback = "{decompress_s}", .min = 0,
     .max = 1e6, .unit = "s",
     .help = "decompress_s for strategies that do not send all rows (virtual clusters)"},
    {WORKER(pace_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help =
         "minimum time for computing, compressing and decompressing together; the worker sleeps "
         "for the rest, which counts as computing; default: no sleep (virtual clusters)"},
    {WORKER(pace_rows_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "minimum time for computing and compressing, for strategies that do not send all "
             "rows; default: no sleep (virtual clusters)"},
    {WORKER(server_unpack_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "server CPU time to decompress a full push of this worker, proportionally less for a "
             "partial one; default: none (virtual clusters)"},
    {WORKER(server_compress_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "server CPU time to compress one pull; default: none (virtual clusters)"},
    {WORKER(server_rank_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "server CPU time to rank the rows of one pull; default: none (virtual clusters)"},
    {WORKER(packet_headers), .type = ROG_SETTING_REAL, .min = 0, .max = 10,
     .help = "packet header bytes per byte sent; default: none (virtual clusters)"},
    {WORKER(send_buffer), .type = ROG_SETTING_REAL, .min = 0, .max = 1e12, .unit = "bytes",
     .help = "size of the kernel's send buffer; a sender without a time budget counts buffered "
             "bytes as sent; default: none (virtual clusters)"},
    {WORKER(answers), .type = ROG_SETTING_STRING, .choices = "always|waiting|stalled",
     .help = "when the worker answers the server's requests for rows: always, only while it waits "
             "for its pull (as a single thread does), or only while it stalls; default: always "
             "(virtual clusters)"},
    {WORKER(batch_rows), .type = ROG_SETTING_INT, .min = 1, .max = 1e9, .unit = "rows",
     .help = "send rows in batches of this many rows of wire_model, in both directions, for "
             "strategies that do not send all rows; mandatory rows are padded to full batches, and "
             "a batch that does not finish within the time budget does not count; default: row by "
             "row (virtual clusters)"},
    {WORKER(budget_step_s), .type = ROG_SETTING_REAL, .min = 0, .max = 600, .unit = "s",
     .help =
         "round time budgets down to multiples of this; default: no rounding (virtual clusters)"},
    {WORKER(drains), .type = ROG_SETTING_FLAG,
     .help =
         "senders with a time budget also fill the kernel's send_buffer; what is left in it after "
         "the budget still uses the link and is discarded; default: false (virtual clusters)"},
    {WORKER(server_takes), .type = ROG_SETTING_STRING, .choices = "rows|pushes",
     .help = "what the server applies at a time from this worker: rows as they arrive, or pushes "
             "once they are complete and decompressed; default: rows (virtual clusters)"},
    {WORKER(zero_mbps), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "Mbit/s",
     .help = "rate to use while the trace is 0; default: 0, no transmission (virtual clusters)"},
    {WORKER(watts_compute), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "W",
     .help = "power of the whole board while computing; default: unknown, so that energy is "
             "unknown too"},
    {WORKER(watts_communicate), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "W",
     .help =
         "power of the whole board while sending or receiving; default: unknown, as watts_compute"},
    {WORKER(watts_stall), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "W",
     .help = "power of the whole board while waiting; default: unknown, as watts_compute"},
    {WORKER(trace), .type = ROG_SETTING_STRING, .fallback = "{trace}",
     .help = "bandwidth trace of this worker", .no_path = ROG_TRACE_NO_LIMIT,
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_OF_RANK | ROG_SETTING_RECORDED},
    {WORKER(trace_offset), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .unit = "s", .help = "time in the trace at which the run starts",
     .flags = ROG_SETTING_RECORDED},
    {WORKER(trace_phase), .type = ROG_SETTING_REAL, .min = 0, .max = 1,
     .help = "where in the trace the worker starts, as a share of its length, after trace_offset; "
             "default: by trace_start, otherwise 0",
     .flags = ROG_SETTING_RECORDED},
    {.name = NULL},
};
