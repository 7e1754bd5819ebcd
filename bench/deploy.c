/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-deploy TRAINER SSH_CONFIG HOST...: the time to deploy the trainer to all hosts at once,
 * from the first connection to the last verified tree: to hosts without deployed files, then again
 * without changes. Prints "HOSTS <tab> s first <tab> s again <tab> MB on each link <tab> CPU s of
 * this side, first". Deployed files on the hosts are removed before. bench/deploy-lab runs it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include <bench/measure.h>
#include <orchestrator/deploy/bundle.h>
#include <orchestrator/deploy/deploy.h>
#include <orchestrator/ssh/ssh.h>

struct job {
    const char *host, *config;
    const struct rog_bundle *bundle;
    struct rog_deploy_report report;
    struct rog_error err;
    bool clean; /* only remove deployed files */
    int code;
};

static void *work(void *user)
{
    struct job *job = user;
    struct rog_connection *ssh = NULL;
    char *folder = NULL;
    size_t count = 0;
    const struct rog_deploy_item *items = rog_bundle_items(job->bundle, &count);
    const struct rog_ssh_options options = {
        .host = job->host, .config = job->config, .timeout_s = 30};
    job->code = rog_ssh_connect(&ssh, &options, &job->err);
    if (!job->code)
        job->code = job->clean
                        ? rog_deploy_clean(ssh, NULL, &job->err)
                        : rog_deploy_tree(ssh, items, count, &folder, &job->report, &job->err);
    free(folder);
    rog_connection_free(ssh);
    return NULL;
}

/* Runs the jobs of all hosts at once; returns the time in seconds, or a negative code. */
static double all(struct job *jobs, size_t count, bool clean)
{
    pthread_t *thread = calloc(count, sizeof *thread);
    double begin_s = rog_bench_wall_s(), took_s = 0;
    for (size_t i = 0; thread && i < count; i++) {
        jobs[i].clean = clean;
        if (pthread_create(&thread[i], NULL, work, &jobs[i]) != 0)
            exit(1);
    }
    for (size_t i = 0; thread && i < count; i++)
        pthread_join(thread[i], NULL);
    took_s = thread ? rog_bench_wall_s() - begin_s : -1;
    for (size_t i = 0; i < count; i++)
        if (jobs[i].code) {
            fprintf(stderr, "bench-deploy: %s\n", jobs[i].err.message);
            took_s = -1;
        }
    free(thread);
    return took_s;
}

int main(int argc, char **argv)
{
    struct rog_bundle *bundle = NULL;
    struct rog_error err = {0};
    struct utsname here;
    if (argc < 4) {
        fprintf(stderr, "usage: bench-deploy TRAINER SSH_CONFIG HOST...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    const struct rog_bundle_programs programs = {.trainer = argv[1]};
    if (uname(&here) != 0 || rog_bundle_open(&bundle, &programs, here.machine, &err)) {
        fprintf(stderr, "bench-deploy: %s\n", err.message);
        return 1;
    }
    size_t count = (size_t)argc - 3;
    struct job *jobs = calloc(count, sizeof *jobs);
    for (size_t i = 0; jobs && i < count; i++)
        jobs[i] = (struct job){.host = argv[3 + i], .config = argv[2], .bundle = bundle};
    bool good = jobs && all(jobs, count, true) >= 0;
    double cpu_s = rog_bench_cpu_s();
    double first_s = good ? all(jobs, count, false) : -1;
    cpu_s = rog_bench_cpu_s() - cpu_s;
    double link_mb = good ? 1e-6 * (double)jobs[0].report.bytes_on_link : 0;
    double again_s = first_s >= 0 ? all(jobs, count, false) : -1;
    if (again_s >= 0)
        printf("%zu\t%.2f\t%.2f\t%.1f\t%.2f\n", count, first_s, again_s, link_mb, cpu_s);
    free(jobs);
    rog_bundle_free(bundle);
    return again_s >= 0 ? 0 : 1;
}
