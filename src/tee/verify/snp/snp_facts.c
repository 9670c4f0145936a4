#include "tee/verify/snp/snp_job.h"

#include <inttypes.h>

static void tell_firmware(struct evidence_job *j, const char *name, const struct snp_firmware *f)
{
    evidence_fact(j, name, "%u.%u.%u", f->major, f->minor, f->build);
}

/* As the three bytes stand in the report; zero before version 3. */
static void tell_processor(struct evidence_job *j, const struct snp_fields *f)
{
    evidence_fact(j, "fms", "%02x%02x%02x", f->family, f->model, f->stepping);
    if (!f->has_mitigations)
        return;
    evidence_fact(j, "launch_mitigations", "0x%" PRIx64, f->launch_mitigations);
    evidence_fact(j, "current_mitigations", "0x%" PRIx64, f->current_mitigations);
}

static void tell_numbers(struct evidence_job *j, const struct snp_fields *f)
{
    evidence_fact(j, "version", "%" PRIu32, f->version);
    evidence_fact(j, "svn", "%" PRIu32, f->guest_svn);
    evidence_fact(j, "policy", "0x%" PRIx64, f->policy);
    evidence_fact(j, "vmpl", "%" PRIu32, f->vmpl);
    evidence_fact(j, "sigalgo", "%" PRIu32, f->signature_algo);
    evidence_fact(j, "platform_info", "0x%" PRIx64, f->platform_info);
    evidence_fact(j, "author_key_en", "%u", f->is_author_key_used);
    evidence_fact(j, "signing_key", "%u", f->signing_key);
}

void snp_tell_report(struct evidence_job *j, const struct snp_fields *f)
{
    tell_numbers(j, f);
    evidence_fact_hex(j, "cur_tcb", f->current_tcb);
    evidence_fact_hex(j, "platinfo", bytes_of(j->evidence.p + 0x40, 8));
    evidence_fact(j, "authorkeyflags", "%u", j->evidence.p[0x48]);
    evidence_fact_hex(j, "reportdata", f->report_data);
    evidence_fact_hex(j, "measurement", f->measurement);
    evidence_fact_hex(j, "reported_tcb", f->reported_tcb);
    evidence_fact_hex(j, "chipid", f->chip_id);
    tell_processor(j, f);
    evidence_fact_hex(j, "committed", f->committed_tcb);
    evidence_fact_hex(j, "launch_tcb", f->launch_tcb);
    evidence_fact_hex(j, "host_data", f->host_data);
    evidence_fact_hex(j, "id_key_digest", f->id_key_digest);
    evidence_fact_hex(j, "author_key_digest", f->author_key_digest);
    evidence_fact_hex(j, "family_id", f->family_id);
    evidence_fact_hex(j, "image_id", f->image_id);
    evidence_fact_hex(j, "report_id", f->report_id);
    evidence_fact_hex(j, "report_id_ma", f->report_id_ma);
    tell_firmware(j, "current_firmware", &f->current);
    tell_firmware(j, "committed_firmware", &f->committed);
}

void snp_tell_certificate(struct evidence_job *j, const struct snp_cert *c)
{
    char tcb[SNP_TCB_TEXT_MAX];
    snp_tcb_text(&c->tcb, c->product, tcb);
    evidence_fact(j, "product", "%s", snp_product_name(c->product));
    evidence_fact(j, "product_name", "%.*s", (int)c->product_name.n,
                  (const char *)c->product_name.p);
    evidence_fact(j, "certificate_tcb", "%s", tcb);
    if (c->kind == SNP_KEY_VCEK)
        evidence_fact_hex(j, "hwid", c->hwid);
    else
        evidence_fact(j, "csp_id", "%.*s", (int)c->csp_id.n, (const char *)c->csp_id.p);
}
