#include "tee/verify/dcap/tcb_status.h"

#include "base/clock.h"

static const char *const NAMES[] = {
    [TCB_UP_TO_DATE] = "UpToDate",
    [TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
    [TCB_OUT_OF_DATE] = "OutOfDate",
    [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [TCB_REVOKED] = "Revoked",
};

const char *tcb_status_name(enum tcb_status s)
{
    return NAMES[s];
}

bool tcb_status_of(struct bytes name, enum tcb_status *out)
{
    for (unsigned i = 0; i < TCB_STATUS_COUNT; i++) {
        if (bytes_equal(name, bytes_str(NAMES[i]))) {
            *out = (enum tcb_status)i;
            return true;
        }
    }
    return false;
}

bool tcb_status_is_advisory(struct bytes id)
{
    struct bytes prefix = BYTES_LIT("INTEL-SA-");
    if (id.n != prefix.n + 5 || memcmp(id.p, prefix.p, prefix.n) != 0)
        return false;
    for (size_t i = prefix.n; i < id.n; i++) {
        if (id.p[i] < '0' || id.p[i] > '9')
            return false;
    }
    return true;
}

static const json_t *read_advisories(struct json_obj *level)
{
    const json_t *list = json_list(level, "advisoryIDs", false, TCB_STATUS_ADVISORIES_MAX);
    for (size_t i = 0; list != NULL && i < json_len(list); i++) {
        struct bytes id;
        if (!json_is_text(json_at(list, i), &id) || !tcb_status_is_advisory(id))
            json_error(level, ST_FORMAT, "\"advisoryIDs\" holds no advisory's id at %zu", i);
    }
    return list;
}

struct tcb_status_word tcb_status_read(struct json_obj *level)
{
    struct tcb_status_word w = {.status = TCB_REVOKED};
    struct bytes name = json_text(level, "tcbStatus", true);
    if (name.p != NULL && !tcb_status_of(name, &w.status))
        json_error(level, ST_FORMAT, "unknown tcbStatus \"%.*s\"", (int)(name.n < 40 ? name.n : 40),
                   (const char *)name.p);
    (void)tcb_status_read_time(level, "tcbDate", &w.date);
    w.advisories = read_advisories(level);
    return w;
}

struct tcb_status_word tcb_status_read_part(struct json_obj *level)
{
    struct tcb_status_word w = tcb_status_read(level);
    if (w.status != TCB_UP_TO_DATE && w.status != TCB_OUT_OF_DATE && w.status != TCB_REVOKED)
        json_error(level, ST_FORMAT, "tcbStatus %s has no meaning for this part",
                   tcb_status_name(w.status));
    return w;
}

enum tcb_status tcb_status_merge(enum tcb_status platform, enum tcb_status part)
{
    if (part == TCB_UP_TO_DATE || platform == TCB_REVOKED)
        return platform;
    if (part != TCB_OUT_OF_DATE)
        return TCB_REVOKED;
    switch (platform) {
    case TCB_UP_TO_DATE:
    case TCB_SW_HARDENING_NEEDED:
        return TCB_OUT_OF_DATE;
    case TCB_CONFIGURATION_NEEDED:
    case TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
        return TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    default:
        return platform;
    }
}

int64_t tcb_status_read_time(struct json_obj *o, const char *key, struct bytes *out_text)
{
    int64_t t = 0;
    *out_text = json_text(o, key, true);
    if (out_text->p != NULL && failed(clock_parse(*out_text, &t)))
        json_error(o, ST_FORMAT, "\"%s\": %s", key, status_detail());
    return t;
}
