/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a run and of a worker, with all that anybody has to know of them. */
#include <common/settings.h>

#include <common/run_config.h>
#include <common/trace_name.h>
#include <common/workload.h>
#include <rog/strategy.h>

#define RUN(member) ROG_SETTING_MEMBER(rog_run_config, member)
#define WORKER(member) ROG_SETTING_MEMBER(rog_run_worker, member)

/* What a run is put together from (librog/parts/parts.h). Its settings came after runs had been
 * recorded. */
#define PART (ROG_SETTING_LEFT_OUT | ROG_SETTING_KEPT_BY_REPLAY)
#define PART_OF_BOTH \
    (PART | ROG_SETTING_OF_BOTH_ENDS | ROG_SETTING_OPTION_OF_SERVE | ROG_SETTING_OPTION_OF_LIBRARY)

#define OF_PROCESSES                                                                              \
    (ROG_SETTING_OF_PROGRAMS | ROG_SETTING_ASIDE | ROG_SETTING_NOT_NOTED | ROG_SETTING_LEFT_OUT | \
     ROG_SETTING_OF_PROCESSES)

/* One row, one setting. Where no source is named, the default is the published system's. */
const struct rog_setting rog_run_settings[] = {
    {RUN(library), .type = ROG_SETTING_STRING, .fallback = "ROG",
     .help = "synchronization strategy: a plugin's name, in upper or lower case, or its file",
     .flags = ROG_SETTING_PATH_WITH_SLASH | ROG_SETTING_CONTENT | ROG_SETTING_NOT_NOTED |
              ROG_SETTING_OPTION_OF_RUN | ROG_SETTING_OPTION_OF_REPLAY |
              ROG_SETTING_OPTION_OF_SERVE},
    {RUN(method), .type = ROG_SETTING_STRING,
     .help = "a method of the literature, whose settings hold where none are given; `rogctl "
             "methods` lists them",
     .flags = ROG_SETTING_ASIDE | ROG_SETTING_NOT_NOTED | ROG_SETTING_OPTION_OF_RUN},
    {RUN(compression), .type = ROG_SETTING_STRING, .fallback = "sign",
     .help = "codec of what workers send; `rogctl plugins` lists them; sign: one bit an element; "
             "none: 32 bits, exact",
     .flags = ROG_SETTING_PATH_WITH_SLASH | ROG_SETTING_CONTENT | ROG_SETTING_OF_SIZE |
              ROG_SETTING_KEPT_BY_REPLAY | ROG_SETTING_OF_BOTH_ENDS | ROG_SETTING_OPTION_OF_SERVE |
              ROG_SETTING_OPTION_OF_LIBRARY},
    {RUN(threshold), .type = ROG_SETTING_INT, .min = 0, .max = ROG_THRESHOLD_INFINITE,
     .choices = "inf", .unit = "iterations",
     .help = "staleness threshold; inf: without end; default: the plugin's",
     .flags = ROG_SETTING_NOT_NOTED | ROG_SETTING_OPTION_OF_RUN | ROG_SETTING_OPTION_OF_REPLAY |
              ROG_SETTING_OPTION_OF_SERVE},
    {RUN(parameters), .type = ROG_SETTING_GROUP,
     .help = "the strategy's own parameters; `rogctl plugins NAME` lists them",
     .flags = ROG_SETTING_OPTION_OF_RUN | ROG_SETTING_OPTION_OF_REPLAY |
              ROG_SETTING_OPTION_OF_SERVE | ROG_SETTING_OPTION_OF_LIBRARY},
    {RUN(compression_parameters), .type = ROG_SETTING_GROUP,
     .help = "the codec's own parameters; `rogctl plugins NAME` lists them",
     .option = "compression-parameters", .flags = ROG_SETTING_OF_SIZE | PART_OF_BOTH},
    {RUN(pull_compression), .type = ROG_SETTING_STRING,
     .help = "codec of what the server sends; default: as compression",
     .option = "pull-compression",
     .flags =
         ROG_SETTING_PATH_WITH_SLASH | ROG_SETTING_CONTENT | ROG_SETTING_OF_SIZE | PART_OF_BOTH},
    {RUN(pull_compression_parameters), .type = ROG_SETTING_GROUP,
     .help = "that codec's own parameters; default: those of compression where the codec is the "
             "same",
     .option = "pull-compression-parameters", .flags = ROG_SETTING_OF_SIZE | PART_OF_BOTH},
    {RUN(compression_warmup), .type = ROG_SETTING_INT, .fallback = "0", .min = 0, .max = 1e9,
     .unit = "iterations", .help = "iterations up to this one travel uncompressed, both ways",
     .option = "compression-warmup", .flags = PART_OF_BOTH},
    {RUN(error_feedback), .type = ROG_SETTING_REAL, .fallback = "1", .min = 0, .max = 1,
     .help = "share of what a codec has left out of a row that is added to that row's next update; "
             "0: it is lost; rows that are not sent wait as they are",
     .option = "error-feedback", .flags = PART_OF_BOTH | ROG_SETTING_OF_VALUES},
    {RUN(contribution), .type = ROG_SETTING_STRING, .fallback = "gradient",
     .choices = "gradient|delta",
     .help = "what a worker sends: gradient: the update of its gradient, with momentum; delta: how "
             "far local steps have moved its model",
     .option = "contribution", .flags = ROG_SETTING_OF_STEP | PART_OF_BOTH},
    {RUN(momentum_kind), .type = ROG_SETTING_STRING, .fallback = "block",
     .choices = "block|nesterov|heavy_ball",
     .help = "momentum of a worker's update: block: of Zheng et al., as published; nesterov: as in "
             "PyTorch; heavy_ball: Polyak's",
     .flags = PART | ROG_SETTING_OF_BOTH_ENDS | ROG_SETTING_OF_VALUES},
    {RUN(momentum_masking), .type = ROG_SETTING_FLAG, .fallback = "false",
     .help = "momentum is cleared where nothing is left of an update that was sent",
     .option = "momentum-masking", .flags = PART_OF_BOTH | ROG_SETTING_OF_VALUES},
    {RUN(clip_norm), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "a worker's gradient is scaled down to this 2-norm where it has a larger one, with "
             "contribution delta that of each local step; 0: not",
     .flags = PART | ROG_SETTING_OF_VALUES},
    {RUN(local_optimizer), .type = ROG_SETTING_STRING, .fallback = "sgd",
     .choices = "sgd|nesterov|adamw",
     .help = "contribution delta: what makes a local step, with learning_rate, momentum and "
             "weight_decay",
     .flags = PART | ROG_SETTING_OF_VALUES},
    {RUN(local_optimizer_parameters), .type = ROG_SETTING_GROUP,
     .help = "its own parameters; `rogctl plugins NAME` lists them",
     .flags = PART | ROG_SETTING_OF_VALUES},
    {RUN(merge), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1,
     .help = "contribution delta: share a of a worker's own model in what a pull makes of it, "
             "a w_local + (1 - a) w_global",
     .option = "merge", .flags = PART_OF_BOTH | ROG_SETTING_OF_VALUES},
    {RUN(overlap), .type = ROG_SETTING_FLAG, .fallback = "false",
     .help = "a worker computes its next iteration while it exchanges", .flags = PART},
    {RUN(server_optimizer), .type = ROG_SETTING_STRING, .fallback = "mean",
     .help = "how what arrives changes the server's model; `rogctl plugins` lists what there is; "
             "mean: at once",
     .option = "server-optimizer", .flags = PART | ROG_SETTING_OPTION_OF_SERVE},
    {RUN(server_optimizer_parameters), .type = ROG_SETTING_GROUP,
     .help = "its own parameters; `rogctl plugins NAME` lists them",
     .option = "server-optimizer-parameters", .flags = PART | ROG_SETTING_OPTION_OF_SERVE},
    {RUN(control), .type = ROG_SETTING_STRING, .fallback = "outdoors",
     .help =
         "name of the bandwidth condition; outdoors and indoors have a generator, unlimited has "
         "no limit and is the default with trace = \"unlimited\"",
     .flags = ROG_SETTING_FILE_NAME | ROG_SETTING_KEPT_BY_REPLAY | ROG_SETTING_OPTION_OF_RUN},
    {RUN(trace), .type = ROG_SETTING_STRING, .fallback = "synth:{control}",
     .help = "bandwidth: synth:outdoors, synth:indoors, constant:MBIT, unlimited, or a CSV file "
             "({rank} stands for the worker's rank)",
     .no_path = ROG_TRACE_NO_LIMIT,
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_OF_RANK},
    {RUN(trace_start), .type = ROG_SETTING_STRING, .choices = "spread|seed",
     .help =
         "where workers start in traces from files, in addition to trace_offset: spread: workers "
         "that share a file start evenly apart; seed: the same, and all later by a share that "
         "the seed draws; default: at trace_offset"},
    {RUN(trace_blocks), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "length of the blocks of which each seed makes new traces out of those from files, "
             "cut out at random places; 0, the default: files are replayed as they are"},
    {RUN(trace_blocks_by), .type = ROG_SETTING_STRING, .choices = "run|worker",
     .help = "trace_blocks: run: the blocks of all workers are cut out at the same places, so that "
             "what was recorded together stays together; worker: each draws its own; default: run"},
    {RUN(batchsize), .type = ROG_SETTING_INT, .fallback = "1", .min = 1, .max = 1000,
     .help = "multiplies the local steps between two exchanges",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_OPTION_OF_RUN},
    {RUN(epochs), .type = ROG_SETTING_INT, .fallback = "4", .min = 1, .max = 100000,
     .help = "passes of a worker over its shard; who is through leaves, the last one ends the run",
     .option = "epoch", .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_OPTION_OF_RUN},
    {RUN(seconds), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1e9, .unit = "s",
     .help = "also end the run at this time; 0: only by epochs",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_KEPT_BY_REPLAY | ROG_SETTING_OPTION_OF_SERVE},
    {RUN(note), .type = ROG_SETTING_STRING, .help = "label in figures and tables",
     .flags = ROG_SETTING_ASIDE | ROG_SETTING_OPTION_OF_RUN},
    {.name = ROG_NOTE_GIVEN,
     .type = ROG_SETTING_FLAG, /* nobody who trains needs it */
     .help =
         "the note is somebody's own and stays as it is in labels; set by rogctl where a note is "
         "given",
     .flags = ROG_SETTING_ASIDE | ROG_SETTING_NOT_NOTED},
    {RUN(seed), .type = ROG_SETTING_INT, .fallback = "1", .min = 0, .max = 9007199254740991.0,
     .help = "all random numbers of the run derive from it",
     .flags = ROG_SETTING_NOT_NOTED | ROG_SETTING_KEPT_BY_REPLAY | ROG_SETTING_OPTION_OF_RUN},

    {RUN(workload), .type = ROG_SETTING_STRING, .fallback = "train",
     .choices = "train|none|program",
     .help = "train: real gradients; none: policy and network only; program: one of your own",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_OF_START_MODEL},
    {RUN(command), .type = ROG_SETTING_STRING,
     .help = "workload program: what a worker runs, by /bin/sh, in a folder with the files",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_OF_PROGRAMS},
    {RUN(files), .type = ROG_SETTING_TEXTS, .help = "workload program: the files it needs, texts",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_PROGRAMS},
    {RUN(test), .type = ROG_SETTING_STRING,
     .help = "workload program: prints the accuracy (percent), or what `metric` says, of "
             "$ROG_CHECKPOINT as its last line; "
             "default with ranks: as in workload train",
     .flags = ROG_SETTING_OF_PROGRAMS},
    {RUN(metric), .type = ROG_SETTING_GROUP,
     .help = "workload program: what its test measures: { name; unit; better; }, where better is "
             "higher or lower; default: accuracy in %, higher",
     .flags = ROG_SETTING_OF_PROGRAMS},
    {"options", .type = ROG_SETTING_GROUP,
     .help = "workload program: settings of its own, which the program reads",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_OF_PROGRAMS},
    {RUN(ranks), .type = ROG_SETTING_REALS, .min = 1, .max = 65536,
     .help = "workload program: the workers that run it, []: none; the others, and the server, "
             "have the network of `model`; default: all run it, and it brings the model",
     .flags = ROG_SETTING_OF_PROGRAMS},
    {RUN(program_threads), .type = ROG_SETTING_INT, .fallback = "0", .min = 0, .max = 256,
     .unit = "threads",
     .help = "workload program: threads that a program computes with (OMP_NUM_THREADS and the "
             "like); 0: one on virtual clusters, elsewhere as the program likes",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_PROGRAMS | ROG_SETTING_LEFT_OUT},
    {RUN(workers_per_process), .type = ROG_SETTING_INT, .fallback = "1", .min = 1, .max = 4096,
     .unit = "workers",
     .help = "workload program: how many workers a process hosts, above 1 with a command `PYTHON "
             "SCRIPT ARGUMENTS`, run by rog.worker_host (virtual clusters)",
     .flags = OF_PROCESSES},
    {RUN(step_limit), .type = ROG_SETTING_REAL, .fallback = "600", .min = 0.1, .max = 1e6,
     .unit = "s",
     .help = "workload program: longest real time that a program may take to join, for an "
             "iteration, or to end after the run; then the run has failed (virtual clusters)",
     .flags = OF_PROCESSES},
    {RUN(memory_limit), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1e6,
     .unit = "GiB",
     .help = "workload program: memory that all programs of a run may take together; 0: nine "
             "tenths of what is available when it begins (virtual clusters)",
     .flags = OF_PROCESSES},
    {RUN(sources), .type = ROG_SETTING_TEXTS,
     .help = "workload program: what is in the files; filled in when the run is planned",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_PROGRAMS | ROG_SETTING_FILLED_IN},
    {RUN(executables), .type = ROG_SETTING_TEXTS,
     .help = "workload program: which of the files are executable; filled in when the run is "
             "planned",
     .flags =
         ROG_SETTING_OF_STEP | ROG_SETTING_OF_PROGRAMS | ROG_SETTING_FILLED_IN | ROG_SETTING_ASIDE},
    {RUN(magnitudes), .type = ROG_SETTING_STRING,
     .help = "how large rows are where nothing is trained, for strategies that rank them: a file "
             "that `rog-trainer simulate --magnitudes` wrote for this model; default: all alike "
             "(virtual clusters)",
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(model), .type = ROG_SETTING_STRING, .fallback = "convmlp-nano",
     .choices = "convmlp-nano|convmlp-s|convmlp-m|convmlp-l", .help = "network to train",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_OF_START_MODEL |
              ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(layout), .type = ROG_SETTING_STRING,
     .help = "workload none: a file with the tensors of another model than `model`, a JSON list of "
             "{\"name\": \"fc.weight\", \"shape\": [10, 512]}; a replay of a program's run has one "
             "(virtual clusters)",
     .flags =
         ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_OF_SIZE | ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(wire_model), .type = ROG_SETTING_STRING, .fallback = "convmlp-m",
     .choices = "same|convmlp-nano|convmlp-s|convmlp-m|convmlp-l",
     .help = "whose size on the wire the messages have; same: the trained model's own",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(data), .type = ROG_SETTING_STRING, .fallback = "synth100",
     .help = "synth100, cifar100:FOLDER (train.bin, test.bin), fed-cifar100:FOLDER "
             "(fed_cifar100_train.h5, fed_cifar100_test.h5) or noisy-cifar100:FOLDER "
             "(mixed_fed_cifar100_train.pkl, mixed_fed_cifar100_test.pkl)",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_PATH_AFTER_COLON |
              ROG_SETTING_CONTENT | ROG_SETTING_OF_START_MODEL},
    {RUN(image_size), .type = ROG_SETTING_INT, .fallback = "32", .min = 32, .max = 448,
     .unit = "pixels", .help = "images are scaled to this edge",
     .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE | ROG_SETTING_OF_START_MODEL |
              ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(noise), .type = ROG_SETTING_STRING, .fallback = "mixed",
     .choices = "none|blur|brightness|contrast|translation|scale|shear|rotation|mixed",
     .help = "DeepTest transformation of the images to adapt to"},
    {RUN(test_images), .type = ROG_SETTING_INT, .fallback = "0", .min = 0, .max = 1000000,
     .unit = "images", .help = "how many test images are used, from the first on; 0: all",
     .flags = ROG_SETTING_OF_SIZE},

    {RUN(batch), .type = ROG_SETTING_INT, .fallback = "24", .min = 1, .max = 4096, .unit = "images",
     .help = "images per local step", .flags = ROG_SETTING_OF_STEP | ROG_SETTING_OF_SIZE},
    {RUN(learning_rate), .type = ROG_SETTING_REAL, .fallback = "0.0003", .min = 0, .max = 1000,
     .help = "at the start of the adaptation", .flags = ROG_SETTING_OF_VALUES},
    /* No member: a list of numbers, which run_config.c makes an array of. */
    {.name = "lr_halve_at",
     .type = ROG_SETTING_REALS,
     .fallback = "800,1600,2400,3200",
     .min = 1,
     .max = 1e9,
     .unit = "iterations",
     .help = "iterations at which the learning rate is halved",
     .flags = ROG_SETTING_OF_VALUES},
    {RUN(momentum), .type = ROG_SETTING_REAL, .fallback = "0.9", .min = 0, .max = 0.9999,
     .help = "factor of the momentum, in the rule that momentum_kind or local_optimizer says",
     .flags = ROG_SETTING_OF_VALUES},
    {RUN(weight_decay), .type = ROG_SETTING_REAL, .fallback = "0.0005", .min = 0, .max = 1,
     .help = "L2 penalty", .flags = ROG_SETTING_OF_VALUES},
    {RUN(label_smoothing), .type = ROG_SETTING_REAL, .fallback = "0.1", .min = 0, .max = 0.99,
     .help = "share of the target spread over all classes"},
    {RUN(mixup), .type = ROG_SETTING_REAL, .fallback = "0.2", .min = 0, .max = 100,
     .help = "alpha of the Beta distribution images are mixed by; 0: off"},

    {RUN(pretrain_epochs), .type = ROG_SETTING_INT, .fallback = "4", .min = 0, .max = 10000,
     .help = "epochs on clean images before the run; 0: random weights",
     .flags = ROG_SETTING_OF_START_MODEL},
    {RUN(pretrain_batch), .type = ROG_SETTING_INT, .fallback = "64", .min = 2, .max = 4096,
     .unit = "images", .help = "batch of that training", .flags = ROG_SETTING_OF_START_MODEL},
    {RUN(pretrain_learning_rate), .type = ROG_SETTING_REAL, .fallback = "0.07", .min = 0,
     .max = 1000, .help = "peak learning rate of that training",
     .flags = ROG_SETTING_OF_START_MODEL},
    {RUN(pretrain_seed), .type = ROG_SETTING_INT, .fallback = "1", .min = 0,
     .max = 9007199254740991.0,
     .help = "seed of that training; apart from seed, so that repeats share one start",
     .flags = ROG_SETTING_OF_START_MODEL},
    {RUN(initial_model), .type = ROG_SETTING_STRING,
     .help = "start from this safetensors file instead of pre-training",
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_OF_START_MODEL},

    {RUN(checkpoint_period), .type = ROG_SETTING_REAL, .fallback = "60", .min = 0.001, .max = 1e9,
     .unit = "s", .help = "time between checkpoints at first", .option = "checkpoint-period",
     .flags = ROG_SETTING_OF_SIZE | ROG_SETTING_OPTION_OF_SERVE},
    {RUN(checkpoint_count), .type = ROG_SETTING_INT, .fallback = "20", .min = 1, .max = 1000000,
     .unit = "checkpoints", .help = "number of checkpoints after which the period grows",
     .flags = ROG_SETTING_OF_SIZE},
    {RUN(checkpoint_growth), .type = ROG_SETTING_REAL, .fallback = "3", .min = 1, .max = 1000,
     .help = "factor it grows by", .flags = ROG_SETTING_OF_SIZE},
    {RUN(checkpoint_average), .type = ROG_SETTING_REAL, .min = 0, .max = 1e9, .unit = "iterations",
     .help = "checkpoints have the server's model averaged over about so many iterations, with "
             "weights that fall exponentially; 0, the default: the model itself",
     .option = "checkpoint-average", .flags = ROG_SETTING_OPTION_OF_SERVE},

    {RUN(snapshot_period), .type = ROG_SETTING_REAL, .fallback = "5", .min = 0, .max = 1e9,
     .unit = "s",
     .help = "least real time between two snapshots, from which an interrupted run resumes; 0: no "
             "snapshots (virtual clusters)",
     .flags = ROG_SETTING_ASIDE | ROG_SETTING_NOT_NOTED | ROG_SETTING_OF_PROCESSES},

    {RUN(latency), .type = ROG_SETTING_REAL, .fallback = "0.003", .min = 0, .max = 60, .unit = "s",
     .help = "one-way delay of a link", .flags = ROG_SETTING_KEPT_BY_REPLAY},
    {RUN(record_rows), .type = ROG_SETTING_FLAG, .fallback = "true",
     .help = "record how many of each layer's rows are sent, for microevents --rows",
     .flags = ROG_SETTING_ASIDE},
    {.name = NULL},
};

const struct rog_setting rog_worker_settings[] = {
    {WORKER(host), .type = ROG_SETTING_STRING, .help = "name or address"},
    {WORKER(profile), .type = ROG_SETTING_STRING, .fallback = "jetson-nx",
     .help = "device profile the values below are taken from where they are not given"},
    {WORKER(batch), .type = ROG_SETTING_INT, .fallback = "{batch}", .min = 1, .max = 4096,
     .unit = "images", .help = "images per local step", .flags = ROG_SETTING_RECORDED},
    {WORKER(local_steps), .type = ROG_SETTING_INT, .fallback = "1", .min = 1, .max = 1000,
     .help = "local steps between two exchanges; multiplied by batchsize",
     .flags = ROG_SETTING_RECORDED},
    {WORKER(step_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .choices = ROG_STEP_MEASURED,
     .unit = "s",
     .help = "time of one local step; measured: what the worker's program takes for one here, by "
             "speed (workload program on virtual clusters)",
     .flags = ROG_SETTING_REQUIRED},
    {WORKER(speed), .type = ROG_SETTING_REAL, .min = 1e-6, .max = 1e6,
     .help = "with step_s = \"measured\": how fast the device is, this machine being 1; default: 1 "
             "(virtual clusters)",
     .flags = ROG_SETTING_RECORDED},
    {WORKER(step_times), .type = ROG_SETTING_STRING,
     .help = "file with the time of all local steps of each iteration, instead of step_s: the line "
             "step_s, then a line for each, in s; the last one is the worker's last iteration, or "
             "under `seconds` the first follows; with the line step_s,padding_s also how long it "
             "sleeps then (virtual clusters)",
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT},
    {WORKER(compress_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help =
         "time to compress one push; default: the profile's, but 0 where step_s is measured and "
         "no profile is given",
     .flags = ROG_SETTING_REQUIRED},
    {WORKER(decompress_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "time to unpack one pull; default as that of compress_s",
     .flags = ROG_SETTING_REQUIRED},
    {WORKER(rank_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "time to choose the rows of one push, under strategies that do not send all; default: "
             "none (virtual clusters)"},
    {WORKER(unpack_rows_s), .type = ROG_SETTING_REAL, .fallback = "{decompress_s}", .min = 0,
     .max = 1e6, .unit = "s",
     .help = "decompress_s under strategies that do not send all (virtual clusters)"},
    {WORKER(pace_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "it sleeps until computing, compressing and unpacking have taken so long together, "
             "which is counted as computing; default: no sleep (virtual clusters)"},
    {WORKER(pace_rows_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "the same for computing and compressing alone, under strategies that do not send all; "
             "default: no sleep (virtual clusters)"},
    {WORKER(server_unpack_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "time of the server's processor to unpack a whole push of this worker, a part takes "
             "its share; default: none (virtual clusters)"},
    {WORKER(server_compress_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help =
         "time of the server's processor to compress one pull; default: none (virtual clusters)"},
    {WORKER(server_rank_s), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "s",
     .help = "rank_s of the server, for one pull; default: none (virtual clusters)"},
    {WORKER(packet_headers), .type = ROG_SETTING_REAL, .min = 0, .max = 10,
     .help = "bytes of packet headers on the link for each byte sent; default: none (virtual "
             "clusters)"},
    {WORKER(send_buffer), .type = ROG_SETTING_REAL, .min = 0, .max = 1e12, .unit = "bytes",
     .help = "what a sender without a time budget can leave to its kernel, and counts as sent; "
             "default: none (virtual clusters)"},
    {WORKER(answers), .type = ROG_SETTING_STRING, .choices = "always|waiting|stalled",
     .help =
         "when it is asked for rows by the server: always, only while it waits for its pull, as "
         "a single thread does, or only while it stalls; default: always (virtual clusters)"},
    {WORKER(batch_rows), .type = ROG_SETTING_INT, .min = 1, .max = 1e9, .unit = "rows",
     .help =
         "rows travel in batches of so many (of wire_model), both ways, under strategies that do "
         "not send all: "
         "what must go out is filled up to whole batches, and one that would not be through "
         "within the time budget does not count; default: one by one (virtual clusters)"},
    {WORKER(budget_step_s), .type = ROG_SETTING_REAL, .min = 0, .max = 600, .unit = "s",
     .help = "time budgets are rounded down to multiples of this; default: not rounded (virtual "
             "clusters)"},
    {WORKER(drains), .type = ROG_SETTING_FLAG,
     .help = "whoever has a time budget leaves all to its kernel, up to send_buffer, and when the "
             "time is over the rest still takes its part of the link, for nothing; default: false "
             "(virtual clusters)"},
    {WORKER(server_takes), .type = ROG_SETTING_STRING, .choices = "rows|pushes",
     .help = "what of this worker the server takes at a time: rows as they come, or pushes when "
             "they are whole and unpacked; default: rows (virtual clusters)"},
    {WORKER(zero_mbps), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "Mbit/s",
     .help =
         "what a 0 of the trace stands for; default: 0, nothing gets through (virtual clusters)"},
    {WORKER(watts_compute), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "W",
     .help = "whole board, computing; default: not known, and then the energy is not either"},
    {WORKER(watts_communicate), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "W",
     .help = "whole board, sending or receiving; default: not known, as watts_compute"},
    {WORKER(watts_stall), .type = ROG_SETTING_REAL, .min = 0, .max = 1e6, .unit = "W",
     .help = "whole board, waiting; default: not known, as watts_compute"},
    {WORKER(trace), .type = ROG_SETTING_STRING, .fallback = "{trace}",
     .help = "this worker's own bandwidth", .no_path = ROG_TRACE_NO_LIMIT,
     .flags = ROG_SETTING_PATH | ROG_SETTING_CONTENT | ROG_SETTING_OF_RANK | ROG_SETTING_RECORDED},
    {WORKER(trace_offset), .type = ROG_SETTING_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .unit = "s", .help = "where in the trace the run starts", .flags = ROG_SETTING_RECORDED},
    {WORKER(trace_phase), .type = ROG_SETTING_REAL, .min = 0, .max = 1,
     .help = "share of the trace at which it starts, after trace_offset; default: by trace_start, "
             "otherwise 0",
     .flags = ROG_SETTING_RECORDED},
    {.name = NULL},
};
