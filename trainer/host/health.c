/* SPDX-License-Identifier: Apache-2.0 */
/* Reports a host's health as events. */
#include <trainer/host/health.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <rog/events.h>
#include <trainer/host/route.h>

#define PERIOD_S 5.0
#define SILENCE_S 15.0 /* an event is written at least this often */
#define SHORTEST_S 1.0 /* rates over less time are not computed */

void rog_host_health_open(struct rog_host_health *health, const struct rog_host_spec *spec)
{
    *health =
        (struct rog_host_health){.sysfs = spec->sysfs, .up = (double)NAN, .down = (double)NAN};
    const char *named = spec->iface ? spec->iface : spec->shape.iface;
    if (named)
        snprintf(health->iface, sizeof health->iface, "%s", named);
    for (size_t i = 0; !named && i + 1 < rog_json_size(spec->arguments); i++)
        if (strcmp(rog_json_string(rog_json_at(spec->arguments, i), ""), "--server") == 0)
            rog_host_route(rog_json_string(rog_json_at(spec->arguments, i + 1), ""), health->iface);
}

void rog_host_health_close(struct rog_host_health *health)
{
    free(health->said);
    *health = (struct rog_host_health){0};
}

static double rounded(double value, double step)
{
    return rint(value / step) * step;
}

/* Counts traffic; rates are means since the last count, over at least a second. */
static void count(struct rog_host_health *health, double now_s)
{
    double sent, received, elapsed_s = now_s - health->counted_s;
    if (health->counted_s > 0 && elapsed_s < SHORTEST_S)
        return;
    bool known =
        health->iface[0] && rog_health_traffic(health->sysfs, health->iface, &sent, &received);
    /* An interface that was recreated counts from 0. */
    bool continues =
        known && health->counted_s > 0 && sent >= health->sent && received >= health->received;
    health->up = continues ? 8e-6 * (sent - health->sent) / elapsed_s : (double)NAN;
    health->down = continues ? 8e-6 * (received - health->received) / elapsed_s : (double)NAN;
    if (!known)
        return;
    health->counted_s = now_s;
    health->sent = sent;
    health->received = received;
}

static int make_body(struct rog_host_health *health, double now_s, struct rog_json **body,
                     struct rog_error *err)
{
    struct rog_health found;
    int code = rog_health_read(health->sysfs, &found, err);
    if (code == ROG_EIO) /* sysfs is hidden from this user: no values are known */
        found = (struct rog_health){.battery = (double)NAN, .celsius = (double)NAN};
    else if (code)
        return code;
    *body = rog_json_object();
    count(health, now_s);
    if (!isnan(health->up)) {
        rog_json_put_number(*body, "mbps_up", rounded(health->up, 0.01));
        rog_json_put_number(*body, "mbps_down", rounded(health->down, 0.01));
    }
    if (!isnan(found.battery))
        rog_json_put_number(*body, "battery", rounded(found.battery, 0.01));
    if (!isnan(found.celsius))
        rog_json_put_number(*body, "celsius", rounded(found.celsius, 0.1));
    if (found.can_throttle)
        rog_json_put_bool(*body, "throttled", found.throttled);
    return *body ? ROG_OK : rog_fail_nomem(err);
}

int rog_host_health_tell(struct rog_host_health *health, const struct rog_host_journal *journal,
                         bool last, struct rog_error *err)
{
    struct rog_json *body = NULL;
    double now_s = rog_clock_s();
    if (!health->sysfs || (!last && now_s < health->next_s))
        return ROG_OK;
    health->next_s = now_s + PERIOD_S;
    int code = make_body(health, now_s, &body, err);
    if (code)
        return code;
    char *text = rog_json_text(body);
    if (!text) {
        rog_json_free(body);
        return rog_fail_nomem(err);
    }
    bool news = !health->said || strcmp(health->said, text) != 0;
    free(health->said);
    health->said = text;
    if (!news && !last && now_s < health->said_s + SILENCE_S) {
        rog_json_free(body);
        return ROG_OK;
    }
    health->said_s = now_s;
    return rog_host_journal_event(journal, ROG_EVENT_HEALTH, body, err);
}
