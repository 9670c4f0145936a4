#include "tee/verify/nvidia/nvidia.h"

#include <stdio.h>

#include "base/text.h"

static void unreadable(struct evidence_job *j, status s, size_t device)
{
    evidence_unreadable(j, status_context(s, "device %zu", device));
}

void nvidia_check_evidence(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    status s = gpu_list_read(j->evidence, j->expect->beside.certs, &st->list);
    evidence_shows(j, "evidence", j->evidence);
    if (failed(s)) {
        evidence_unreadable(j, s);
        return;
    }
    evidence_fact(j, "devices", "%zu", st->list.n);
    evidence_pass(j, "evidence of %zu device%s, %zu bytes", st->list.n, st->list.n == 1 ? "" : "s",
                  j->evidence.n);
    evidence_reach(j, NEEDS_LISTED);
}

void nvidia_check_request(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        struct bytes rest = st->list.v[i].report;
        status s = spdm_request_parse(&rest, &st->v[i].request);
        if (failed(s)) {
            unreadable(j, s, i);
            return;
        }
        st->v[i].response.all = rest;
        evidence_shows(j, "request", st->v[i].request.all);
    }
    evidence_fact_hex(j, "request_nonce", st->v[0].request.nonce);
    evidence_pass(j, "GET_MEASUREMENTS of SPDM 1.1, signed, all blocks");
    evidence_reach(j, NEEDS_REQUESTS);
}

void nvidia_check_response(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        struct nvidia_device *d = &st->v[i];
        struct bytes all = d->response.all;
        evidence_shows(j, "response", all);
        status s = spdm_response_parse(all, &d->request, &d->response);
        if (failed(s)) {
            unreadable(j, s, i);
            return;
        }
    }
    evidence_fact(j, "report_bytes", "%zu", st->list.v[0].report.n);
    evidence_fact(j, "measurement_blocks", "%zu", st->v[0].response.n_blocks);
    evidence_pass(j, "MEASUREMENTS of SPDM 1.1, %zu blocks, %zu bytes of opaque data",
                  st->v[0].response.n_blocks, st->v[0].response.opaque.n);
    evidence_reach(j, NEEDS_RESPONSES);
}

void nvidia_check_leaf(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        const struct cert_list *certs = &st->list.v[i].certs;
        if (certs->n == 0) {
            evidence_skip(j, true, NULL, "device %zu: no certificates were given", i);
            return;
        }
        evidence_shows(j, "leaf certificate", certs->der[0]);
        if (failed(gpu_leaf_read(certs->der[0], &st->v[i].leaf))) {
            evidence_fail(j, NULL, "device %zu: %s", i, status_detail());
            return;
        }
    }
    evidence_fact(j, "chip", "%s", st->v[0].leaf.chip);
    evidence_pass(j, "%s %s%s", gpu_leaf_arch_name(st->v[0].leaf.arch), st->v[0].leaf.serial,
                  st->list.n > 1 ? " and others" : "");
    evidence_reach(j, NEEDS_LEAVES);
}

/* "HOPPER/550.90.07/96.00.9F.00.01", each tuple once. */
static void tell_releases(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    char all[EVIDENCE_FACT_MAX] = "";
    for (size_t i = 0; i < st->list.n; i++) {
        const struct nvidia_device *d = &st->v[i];
        char one[3 * GPU_VERSION_TEXT_MAX];
        size_t n = strlen(all);
        (void)snprintf(one, sizeof(one), "%s/%s/%s", gpu_leaf_arch_name(d->leaf.arch),
                       d->opaque.has_driver ? d->opaque.driver.text : "-", d->opaque.vbios.text);
        if (strstr(all, one) == NULL)
            (void)snprintf(all + n, sizeof(all) - n, "%s%s", n > 0 ? " " : "", one);
    }
    evidence_fact(j, "releases", "%s", all);
}

static void tell_device_ids(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    char all[GPU_DEVICES_MAX * (GPU_SERIAL_LEN + 1) + 1] = "";
    size_t n = 0, n_switches = 0;
    for (size_t i = 0; i < st->list.n; i++) {
        n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", n > 0 ? " " : "",
                              st->v[i].leaf.serial);
        n_switches += nvidia_is_switch(&st->v[i]);
    }
    evidence_fact(j, "device_ids", "%s", all);
    evidence_fact(j, "gpus", "%zu", st->list.n - n_switches);
    evidence_fact(j, "nvswitches", "%zu", n_switches);
}

static void tell_modes(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    char all[EVIDENCE_FACT_MAX] = "";
    for (size_t i = 0; i < st->list.n; i++) {
        enum gpu_feature f = st->v[i].opaque.feature;
        const char *name = gpu_opaque_feature_name(f);
        size_t n = strlen(all);
        if (f != GPU_FEATURE_UNSTATED && strstr(all, name) == NULL)
            (void)snprintf(all + n, sizeof(all) - n, "%s%s", n > 0 ? " " : "", name);
    }
    if (all[0] != 0)
        evidence_fact(j, "modes", "%s", all);
}

/* Single values are the first device's; the lists name all of them. */
static void tell(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct gpu_opaque *o = &st->v[0].opaque;
    if (o->has_driver)
        evidence_fact(j, "driver", "%s", o->driver.text);
    evidence_fact(j, "vbios", "%s", o->vbios.text);
    if (o->fwid.p != NULL)
        evidence_fact_hex(j, "fwid", o->fwid);
    tell_releases(j);
    tell_device_ids(j);
    tell_modes(j);
}

void nvidia_check_opaque(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        struct nvidia_device *d = &st->v[i];
        evidence_shows(j, "opaque data", d->response.opaque);
        status s = gpu_opaque_parse(d->response.opaque, nvidia_is_switch(d), &d->opaque);
        if (failed(s)) {
            unreadable(j, s, i);
            return;
        }
        /* A GPU's driver stands in its report; a switch has none of its own. */
        if (d->opaque.has_driver == nvidia_is_switch(d)) {
            unreadable(j, FAIL(ST_FORMAT, "driver version where none belongs, or none"), i);
            return;
        }
    }
    tell(j);
    evidence_pass(j, "%s%s%sVBIOS %s%s", st->v[0].opaque.has_driver ? "driver " : "",
                  st->v[0].opaque.driver.text, st->v[0].opaque.has_driver ? ", " : "",
                  st->v[0].opaque.vbios.text, st->list.n > 1 ? ", and others" : "");
    evidence_reach(j, NEEDS_PARSED);
}

void nvidia_check_root(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        const struct cert_list *certs = &st->list.v[i].certs;
        evidence_shows(j, "root certificate", certs->der[certs->n - 1]);
        if (failed(gpu_chain_root(certs))) {
            evidence_fail(j, NULL, "device %zu: %s", i, status_detail());
            return;
        }
    }
    evidence_pass(j, "the NVIDIA Device Identity CA");
    evidence_reach(j, NEEDS_ROOT);
}

void nvidia_check_chain(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    bool is_known = true;
    for (size_t i = 0; i < st->list.n; i++) {
        const struct cert_list *certs = &st->list.v[i].certs;
        struct gpu_chain_proof *proof = &st->v[i].chain;
        for (size_t k = 0; k < certs->n; k++)
            evidence_shows(j, "certificate", certs->der[k]);
        status s = gpu_chain_verify(certs, j->expect->at_unix_s, j->expect->cache, proof);
        if (failed(s)) {
            evidence_fail(j, s.code == ST_EXPIRED ? "GPU_CERT_TIME_INVALID" : NULL,
                          "device %zu: %s", i, status_detail());
            return;
        }
        is_known = is_known && proof->is_known;
    }
    evidence_pass(j, "%zu certificates lead to the pinned root%s%s", st->list.v[0].certs.n,
                  st->list.n > 1 ? ", for each device" : "", is_known ? " (proven before)" : "");
    evidence_reach(j, NEEDS_CHAIN);
}

/* Every device's chain against the CRLs, also behind one that names none: *out_bare is then the
 * first of those. */
static status find_revoked(struct evidence_job *j, size_t *out_n_named, size_t *out_bare)
{
    const struct nvidia_state *st = j->state;
    const struct evidence_inputs *in = &j->expect->beside;
    *out_n_named = 0;
    *out_bare = st->list.n;
    for (size_t i = 0; i < st->list.n; i++) {
        size_t n = 0;
        TRY(status_context(gpu_chain_revocation(&st->list.v[i].certs, j->expect->at_unix_s,
                                                in->crls, in->n_crls, &n),
                           "device %zu", i));
        *out_n_named += n;
        if (n == 0 && *out_bare == st->list.n)
            *out_bare = i;
    }
    return OK;
}

/* NVIDIA's certificate authorities name CRLs. The two certificates of the device itself do not:
 * NVIDIA says by OCSP whether a single device is revoked or on hold, which nothing offline tells.
 */
void nvidia_check_revocation(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct nvidia_policy *rules = nvidia_rules(j);
    const struct evidence_inputs *in = &j->expect->beside;
    bool is_required = rules != NULL && rules->is_crl_required;
    size_t n_named, bare;
    for (size_t i = 0; i < in->n_crls; i++)
        evidence_shows(j, "CRL", in->crls[i]);
    if (in->n_crls == 0) {
        evidence_skip(j, is_required, NULL, "no CRL was given; OCSP is not asked");
        return;
    }
    status s = find_revoked(j, &n_named, &bare);
    if (failed(s))
        evidence_fail(j, s.code == ST_REVOKED ? "GPU_CERT_REVOKED" : NULL, "%s", status_detail());
    else if (bare < st->list.n)
        evidence_skip(j, is_required, NULL,
                      "device %zu: no CRL of its authorities was given, or none is named; OCSP is "
                      "not asked",
                      bare);
    else
        evidence_pass(j, "%zu authorities are on none of %zu CRLs; OCSP is not asked", n_named,
                      in->n_crls);
}

void nvidia_check_signature(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        const struct nvidia_device *d = &st->v[i];
        struct bytes report = st->list.v[i].report;
        evidence_shows(j, "signed", bytes_of(report.p, report.n - SPDM_SIGNATURE_LEN));
        evidence_shows(j, "signature", d->response.signature);
        if (failed(spdm_verify(&d->request, &d->response, d->chain.leaf_spki))) {
            evidence_fail(j, NULL, "device %zu: %s", i, status_detail());
            return;
        }
    }
    evidence_pass(j, "ECDSA P-384 signature by the device's attestation key");
    evidence_reach(j, NEEDS_SIGNED);
}

static bool has_fwid(const struct gpu_leaf *l, struct bytes fwid)
{
    for (size_t i = 0; i < l->n_fwids; i++) {
        if (bytes_equal(l->fwids[i], fwid))
            return true;
    }
    return false;
}

/* Hopper's DICE extension repeats the key that issued it: that of the certificate behind it. */
static bool is_issuer_right(const struct nvidia_device *d, const struct cert_list *certs)
{
    struct bytes spki;
    if (d->leaf.issuer_key.p == NULL)
        return true;
    return ok(x509_spki(certs->der[1], &spki)) && bytes_equal(spki, d->leaf.issuer_key);
}

/* "GH100 A01 GSP BROM": a boot ROM speaks for its own chip. */
static bool is_brom_of(const struct nvidia_device *d, const struct cert_list *certs)
{
    struct bytes cn;
    size_t n = strlen(d->leaf.chip);
    return ok(x509_subject_cn(certs->der[1], &cn)) && cn.n > n &&
           memcmp(cn.p, d->leaf.chip, n) == 0 && cn.p[n] == ' ';
}

void nvidia_check_genuine(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    size_t n_compared = 0;
    for (size_t i = 0; i < st->list.n; i++) {
        const struct nvidia_device *d = &st->v[i];
        if (!is_issuer_right(d, &st->list.v[i].certs)) {
            evidence_fail(j, "GPU_DICE_KEY_MISMATCH",
                          "device %zu: the leaf names another key of the boot ROM", i);
            return;
        }
        if (!is_brom_of(d, &st->list.v[i].certs)) {
            evidence_fail(j, "GPU_CHIP_MISMATCH",
                          "device %zu: the boot ROM of another chip certified the key", i);
            return;
        }
        if (d->opaque.fwid.p == NULL)
            continue;
        evidence_shows(j, "firmware id", d->opaque.fwid);
        if (!has_fwid(&d->leaf, d->opaque.fwid)) {
            evidence_fail(j, NULL, "device %zu: the report names other firmware than its key", i);
            return;
        }
        n_compared++;
    }
    evidence_pass(j,
                  "NVIDIA's boot ROM certified the key; %zu of %zu reports name the same firmware",
                  n_compared, st->list.n);
}

void nvidia_check_arch(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct nvidia_policy *rules = nvidia_rules(j);
    nvidia_shows_leaves(j);
    for (size_t i = 0; i < st->list.n; i++) {
        enum gpu_arch is = st->v[i].leaf.arch;
        struct bytes said = st->list.v[i].arch;
        if (said.p != NULL && !bytes_equal(said, bytes_str(gpu_leaf_arch_name(is)))) {
            evidence_fail(j, NULL, "device %zu is a %s and is called otherwise", i,
                          gpu_leaf_arch_name(is));
            return;
        }
        if (rules != NULL && (rules->arch_mask >> is & 1u) == 0) {
            evidence_fail(j, "GPU_ARCH_REFUSED", "device %zu is a %s", i, gpu_leaf_arch_name(is));
            return;
        }
    }
    evidence_fact(j, "arch", "%s", gpu_leaf_arch_name(st->v[0].leaf.arch));
    evidence_pass(j, "%s%s", gpu_leaf_arch_name(st->v[0].leaf.arch),
                  st->list.n > 1 ? " and what the list calls the others" : "");
}

/* NVIDIA certifies one boot ROM for each device; that certifies whatever name its firmware asks
 * for. */
static bool are_one(const struct nvidia_state *st, size_t i, size_t k)
{
    struct bytes a, b;
    return bytes_equal(st->v[i].chain.leaf_spki, st->v[k].chain.leaf_spki) ||
           strcmp(st->v[i].leaf.serial, st->v[k].leaf.serial) == 0 ||
           failed(x509_spki(st->list.v[i].certs.der[1], &a)) ||
           failed(x509_spki(st->list.v[k].certs.der[1], &b)) || bytes_equal(a, b);
}

void nvidia_check_duplicates(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        evidence_shows(j, "device's key", st->v[i].chain.leaf_spki);
        for (size_t k = 0; k < i; k++) {
            if (!are_one(st, i, k))
                continue;
            evidence_fail(j, NULL, "devices %zu and %zu are one: %s", k, i, st->v[i].leaf.serial);
            return;
        }
    }
    evidence_pass(j, "%zu device%s, each once", st->list.n, st->list.n == 1 ? "" : "s");
}
