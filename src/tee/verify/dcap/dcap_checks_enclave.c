#include "tee/verify/dcap/dcap_job.h"

#include "base/text.h"

enum { SGX_DEBUG = 0x02 }; /* of the first byte of ATTRIBUTES */

void dcap_check_enclave_debug(struct evidence_job *j)
{
    const struct quote_enclave *e = &dcap_state_of(j)->quote.enclave;
    evidence_shows(j, "ATTRIBUTES", e->attributes);
    if ((e->attributes.p[0] & SGX_DEBUG) != 0)
        evidence_fail(j, NULL, "a debug enclave: its memory can be read");
    else
        evidence_pass(j, "not a debug enclave");
}

void dcap_check_enclave_attributes(struct evidence_job *j)
{
    const struct dcap_policy *rules = dcap_state_of(j)->rules;
    const struct quote_enclave *e = &dcap_state_of(j)->quote.enclave;
    uint8_t difference = 0;
    if (rules == NULL || !rules->has_attributes) {
        evidence_skip(j, false, "Set attributes in the policy, to have them checked.",
                      "the policy names no attributes");
        return;
    }
    for (size_t i = 0; i < sizeof(rules->attributes); i++)
        difference |=
            (uint8_t)((e->attributes.p[i] & rules->attributes_mask[i]) ^ rules->attributes[i]);
    evidence_shows(j, "ATTRIBUTES", e->attributes);
    if (difference != 0)
        evidence_fail(j, NULL, "ATTRIBUTES are not those of the policy");
    else
        evidence_pass(j, "ATTRIBUTES are those of the policy");
}

/* ---- for both ---- */

void dcap_check_measurements(struct evidence_job *j)
{
    const struct dcap_state *d = dcap_state_of(j);
    bool is_td = d->quote.tee == QUOTE_TDX;
    struct bytes own = is_td ? d->quote.td.mrtd : d->quote.enclave.mrenclave;
    char hex[2 * DCAP_POLICY_MEASUREMENT_LEN + 1];
    hex_encode(own, hex);
    evidence_shows(j, is_td ? "MRTD" : "MRENCLAVE", own);
    if (d->rules == NULL) {
        evidence_skip(j, true, "Give a policy that says what to accept: docs/POLICY.md.",
                      "no release to compare with; %s is %s", is_td ? "MRTD" : "MRENCLAVE", hex);
        return;
    }
    const struct dcap_policy_release *release = dcap_policy_match(d->rules, &d->quote);
    if (release == NULL) {
        evidence_fail(j, NULL, "no release of the policy matches as a whole; %s is %s",
                      is_td ? "MRTD" : "MRENCLAVE", hex);
        return;
    }
    j->release = release->name;
    evidence_pass(j, "every measurement of release %s matches", release->name);
}

void dcap_check_report_data(struct evidence_job *j)
{
    struct bytes got = quote_report_data(&dcap_state_of(j)->quote);
    struct bytes want = j->expect->report_data;
    evidence_shows(j, "REPORTDATA", got);
    if (want.p == NULL)
        evidence_skip(j, false, "Give the report data that you expect, if you know it.",
                      "no report data to compare with");
    else if (!bytes_equal(got, want))
        evidence_fail(j, NULL, "REPORTDATA is not the expected one");
    else
        evidence_pass(j, "REPORTDATA is the expected one");
}
