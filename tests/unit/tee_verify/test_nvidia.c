/* Every check of NVIDIA evidence: one row for each way in which it can fail, under a test root. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "support/forge_gpu.h"
#include "tee/verify/evidence.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/gpu_reference.h"
#include "tee/verify/nvidia/gpu_root.h"

enum { N_CHECKS = 24, POLICY_ROOM = 4096 };

/* In the place of NVIDIA's: this program is linked with it. */
struct bytes gpu_root(void)
{
    return forge_gpu_root();
}

struct scene {
    struct forge_gpu forge;
    struct statement cpu;
    struct evidence_expect expect;
    struct buf evidence, reference, certs, crl[3];
    struct bytes crls[3];
    const char *rules; /* members of "nvidia_gpu"; %s is the reference's digest. NULL: no policy */
    struct checks checks;
    struct evidence_claimed claimed;
    struct evidence_verified verified;
};

#define ACCEPTED_RULES                                                                  \
    "\"gpus\": 1, \"reference_sha256\": [\"%s\"], \"min_driver\": \"550.90.07\","       \
    "\"min_vbios\": {\"HOPPER\": \"96.00.9F.00.01\"}, \"architectures\": [\"HOPPER\"]," \
    "\"device_ids\": [\"48B02D92494BADF4\"], \"releases\": [{\"name\": \"r1\","         \
    "\"arch\": \"HOPPER\", \"driver\": \"550.90.07\", \"vbios\": \"96.00.9F.00.01\"}]"

static struct statement cpu_statement(void)
{
    struct statement s = {.platform = BYTES_LIT("intel-tdx"),
                          .service = BYTES_LIT("gpu.example"),
                          .freshness = FRESH_SESSION};
    memset(s.nonce, 1, sizeof(s.nonce));
    memset(s.identity_key, 2, sizeof(s.identity_key));
    memset(s.receipt_key, 3, sizeof(s.receipt_key));
    return s;
}

/* What a row may edit: the devices, then what is known beside the finished evidence. */
struct row {
    const char *name, *id, *code; /* code NULL: a SKIP, or with id NULL an accept */
    void (*forge)(struct forge_gpu *f);
    void (*scene)(struct scene *s);
    const char *rules; /* NULL: ACCEPTED_RULES */
    bool has_no_policy, is_skip_required;
};

static void build(struct scene *s, const struct row *row)
{
    uint8_t nonce[32];
    *s = (struct scene){.rules = row->rules != NULL ? row->rules : ACCEPTED_RULES};
    forge_gpu_init(&s->forge);
    s->cpu = cpu_statement();
    assert_ok(statement_device_nonce(&s->cpu, nonce));
    forge_gpu_set_nonce(&s->forge, nonce);
    s->reference = forge_gpu_reference(&s->forge);
    if (row->forge != NULL)
        row->forge(&s->forge);
    s->evidence = forge_gpu_list(&s->forge);
    assert_ok(sha256(buf_view(&s->evidence), s->cpu.device_digest));
    s->expect = (struct evidence_expect){
        .at_unix_s = FORGE_GPU_NOW,
        .cpu_statement = &s->cpu,
        .beside.reference_values = buf_view(&s->reference),
    };
    if (row->scene != NULL)
        row->scene(s);
}

static void scene_done(struct scene *s)
{
    forge_gpu_done(&s->forge);
    buf_done(&s->evidence);
    buf_done(&s->reference);
    buf_done(&s->certs);
    for (size_t i = 0; i < sizeof(s->crl) / sizeof(s->crl[0]); i++)
        buf_done(&s->crl[i]);
}

static struct evidence_policy *policy_of(const struct scene *s)
{
    char text[POLICY_ROOM + 64], member[POLICY_ROOM], hex[65];
    uint8_t digest[32];
    struct evidence_policy *p = NULL;
    assert_ok(sha256(buf_view(&s->reference), digest));
    hex_encode(BYTES_OF(digest), hex);
    const char *at = strstr(s->rules, "%s");
    int n = at != NULL ? (int)(at - s->rules) : (int)strlen(s->rules);
    (void)snprintf(member, sizeof(member), "%.*s%s%s", n, s->rules, at != NULL ? hex : "",
                   at != NULL ? at + 2 : "");
    (void)snprintf(text, sizeof(text), "{\"version\": 1, \"nvidia_gpu\": {%s}}", member);
    assert_ok(evidence_policy_parse(bytes_str(text), &p));
    return p;
}

static status judge(struct scene *s, const struct evidence_policy *p)
{
    struct bytes in = test_exact(buf_view(&s->evidence));
    memset(&s->checks, 0, sizeof(s->checks));
    status st = evidence_verify(in, EVIDENCE_NVIDIA_GPU, p, &s->expect, &s->checks, &s->claimed,
                                &s->verified);
    test_exact_free(in);
    return st;
}

/* ---- edits of devices ---- */

#define FORGE(name) static void name(struct forge_gpu *f)
#define D           (&f->v[0])

FORGE(request_code)
{
    D->request[1] = 0xe1;
}
FORGE(request_version)
{
    D->request[0] = 0x12;
}
FORGE(response_trailing)
{
    D->n_trailing = 1;
}
FORGE(response_slot)
{
    D->response[3] = 1;
}
FORGE(leaf_names_another_chip)
{
    (void)snprintf(D->device_name, sizeof(D->device_name), "NVIDIA:GH101:48B02D92494BADF4");
    forge_gpu_issue(f);
}
FORGE(leaf_of_unknown_chip)
{
    (void)snprintf(D->names[FORGE_GPU_LEAF], sizeof(D->names[0]), "GA100 A01 GSP FMC LF");
    (void)snprintf(D->device_name, sizeof(D->device_name), "NVIDIA:GA100:48B02D92494BADF4");
    forge_gpu_issue(f);
}
FORGE(leaf_without_dice)
{
    D->dice = FORGE_GPU_NO_DICE;
    forge_gpu_issue(f);
}
FORGE(only_a_root)
{
    D->omitted_certs = 0xff & ~(1u << FORGE_GPU_ROOT);
}
FORGE(opaque_twice)
{
    forge_gpu_field(D, 77, BYTES_LIT("x"));
    D->fields[D->n_fields - 1].type = GPU_OPAQUE_DRIVER_VERSION;
}
FORGE(opaque_without_driver)
{
    forge_gpu_drop(D, GPU_OPAQUE_DRIVER_VERSION);
}
FORGE(no_root)
{
    D->omitted_certs = 1u << FORGE_GPU_ROOT;
}
FORGE(no_provisioner)
{
    D->omitted_certs = 1u << FORGE_GPU_PROVISIONER;
}
FORGE(brom_is_no_authority)
{
    D->requests[FORGE_GPU_BROM].is_ca = false;
    forge_gpu_issue(f);
}
FORGE(leaf_signed_by_another)
{
    D->requests[FORGE_GPU_LEAF].issuer_key = D->keys[FORGE_GPU_LEAF];
    forge_gpu_issue(f);
}
FORGE(brom_not_begun)
{
    D->requests[FORGE_GPU_BROM].not_before_unix_s = FORGE_GPU_NOW + 1;
    forge_gpu_issue(f);
}
FORGE(brom_ended)
{
    D->requests[FORGE_GPU_BROM].not_after_unix_s = FORGE_GPU_NOW - 1;
    forge_gpu_issue(f);
}
FORGE(signature_flipped)
{
    D->is_signature_flipped = true;
}
FORGE(signed_by_boot_rom)
{
    D->report_key = D->keys[FORGE_GPU_BROM];
}
FORGE(other_firmware_id)
{
    forge_gpu_field(D, GPU_OPAQUE_FWID, BYTES_OF((uint8_t[48]){9}));
}
FORGE(dice_names_another_key)
{
    D->dice_key = D->keys[FORGE_GPU_LEAF];
    forge_gpu_issue(f);
}
FORGE(boot_rom_of_a_switch)
{
    (void)snprintf(D->names[FORGE_GPU_BROM], sizeof(D->names[0]), "LS_10 A01 FSP BROM");
    forge_gpu_issue(f);
}
FORGE(called_blackwell)
{
    D->arch = "BLACKWELL";
}
FORGE(with_a_second)
{
    uint8_t nonce[32];
    memcpy(nonce, D->list_nonce, sizeof(nonce));
    forge_gpu_add(f, "GH100", "48B02D9249400002");
    forge_gpu_issue(f);
    forge_gpu_set_nonce(f, nonce);
}
FORGE(issued_by_root)
{
    forge_gpu_issue_by_root(D);
    forge_gpu_issue(f);
}
FORGE(second_issued_by_root)
{
    with_a_second(f);
    forge_gpu_issue_by_root(&f->v[1]);
    forge_gpu_issue(f);
}
FORGE(first_of_two_issued_by_root)
{
    with_a_second(f);
    issued_by_root(f);
}
FORGE(with_an_older_second)
{
    with_a_second(f);
    forge_gpu_field(&f->v[1], GPU_OPAQUE_DRIVER_VERSION, bytes_of("550.54.15", 10));
}
/* Of firmware that the reference values do not speak of. */
FORGE(with_an_uncovered_second)
{
    static const uint8_t vbios[8] = {0x00, 0x9e, 0x00, 0x96, 0x01};
    with_an_older_second(f);
    forge_gpu_field(&f->v[1], GPU_OPAQUE_VBIOS_VERSION, BYTES_OF(vbios));
}
FORGE(with_a_switch)
{
    uint8_t nonce[32];
    memcpy(nonce, D->list_nonce, sizeof(nonce));
    forge_gpu_add(f, "LS_10", "48B02DFE0092CDDB");
    forge_gpu_issue(f);
    forge_gpu_set_nonce(f, nonce);
}
FORGE(with_the_same_twice)
{
    with_a_second(f);
    (void)snprintf(f->v[1].device_name, sizeof(f->v[1].device_name),
                   "NVIDIA:GH100:48B02D92494BADF4");
    forge_gpu_issue(f);
}
FORGE(with_one_key_twice)
{
    with_a_second(f);
    f->v[1].requests[FORGE_GPU_LEAF].subject_key = f->v[0].keys[FORGE_GPU_LEAF];
    f->v[1].report_key = f->v[0].keys[FORGE_GPU_LEAF];
    forge_gpu_issue(f);
}
/* Who has one boot ROM's key makes leaves of any name. */
FORGE(with_one_boot_rom_twice)
{
    with_a_second(f);
    struct x509_request *leaf = &f->v[1].requests[FORGE_GPU_LEAF];
    f->v[1].requests[FORGE_GPU_BROM].subject_key = f->v[0].keys[FORGE_GPU_BROM];
    leaf->issuer_key = f->v[1].dice_key = f->v[0].keys[FORGE_GPU_BROM];
    forge_gpu_issue(f);
}
FORGE(other_driver)
{
    forge_gpu_field(D, GPU_OPAQUE_DRIVER_VERSION, bytes_of("550.90.08", 10));
}
FORGE(measurement_changed)
{
    D->blocks[2].value[0] ^= 1;
}
FORGE(driver_measurement_changed)
{
    D->blocks[7].value[47] ^= 1;
}
FORGE(measurement_missing)
{
    memmove(&D->blocks[2], &D->blocks[3], 61 * sizeof(D->blocks[0]));
    D->n_blocks = 63;
}
FORGE(list_nonce_differs)
{
    D->list_nonce[0] ^= 1;
}
FORGE(another_nonce)
{
    D->list_nonce[0] ^= 1;
    D->request[4] ^= 1;
}
FORGE(mode_protected_pcie)
{
    static const uint8_t on = 0xaa;
    forge_gpu_field(D, GPU_OPAQUE_PCIE_STATUS, bytes_of(&on, 1));
}
FORGE(mode_unstated)
{
    forge_gpu_drop(D, GPU_OPAQUE_PCIE_STATUS);
}
static void make_blackwell(struct forge_gpu *f, uint32_t flags)
{
    D->dice = FORGE_GPU_TCB_INFO;
    D->flags = flags;
    forge_gpu_issue(f);
}
FORGE(flag_debug)
{
    make_blackwell(f, 1u << 3);
}
FORGE(flag_not_secure)
{
    make_blackwell(f, 1u << 1);
}
FORGE(flag_recovery)
{
    make_blackwell(f, 1u << 2);
}
FORGE(flag_not_configured)
{
    make_blackwell(f, 1u << 0 | 1u << 31);
}

/* ---- edits of what stands beside ---- */

#define SCENE(name) static void name(struct scene *s)

SCENE(no_cpu)
{
    s->expect.cpu_statement = NULL;
}
SCENE(no_cpu_in_a_session)
{
    s->expect.cpu_statement = NULL;
    s->expect.is_session = true;
}
SCENE(cpu_names_other_evidence)
{
    s->cpu.device_digest[0] ^= 1;
}
SCENE(cpu_has_other_keys)
{
    s->cpu.identity_key[0] ^= 1;
}
SCENE(nonce_expected)
{
    s->expect.nonce = BYTES_OF(s->forge.v[0].list_nonce);
}
SCENE(other_nonce_expected)
{
    static const uint8_t other[32] = {7};
    s->expect.nonce = BYTES_OF(other);
}
SCENE(report_data_expected)
{
    static const uint8_t data[64] = {7};
    s->expect.report_data = BYTES_OF(data);
}
SCENE(no_reference)
{
    s->expect.beside.reference_values = (struct bytes){0};
}
SCENE(broken_reference)
{
    s->reference.p[0] ^= 0xff;
}
/* One manifest more takes over what the other answers for. */
SCENE(conflicting_reference)
{
    struct gpu_reference_draft d = {
        .kind = GPU_MANIFEST_DRIVER,
        .product = "GH100",
        .version = "550.90.07",
        .entries = {{.index = 0,
                     .values = {BYTES_OF(s->forge.v[0].blocks[0].value)},
                     .n_values = 1}},
        .n_entries = 1,
    };
    struct gpu_reference_draft v = d;
    const struct gpu_reference_draft *drafts[] = {&d, &v};
    v.kind = GPU_MANIFEST_VBIOS;
    memcpy(v.version, "96.00.9F.00.01", 15);
    buf_clear(&s->reference);
    assert_ok(gpu_reference_write(drafts, 2, &s->reference));
    s->expect.beside.reference_values = buf_view(&s->reference);
}
/* The driver's values, the VBIOS's and those of a driver that runs nowhere here, until these times.
 */
static void reference_until(struct scene *s, int64_t driver, int64_t vbios, int64_t other)
{
    const struct forge_gpu_block *blocks = s->forge.v[0].blocks;
    const struct gpu_reference_draft v[] = {
        {GPU_MANIFEST_DRIVER, "GH100", "550.90.07", .not_after_unix_s = driver,
         .entries = {{4, {BYTES_OF(blocks[4].value)}, 1}}, .n_entries = 1},
        {GPU_MANIFEST_VBIOS, "GH100", "96.00.9F.00.01", .not_after_unix_s = vbios,
         .entries = {{0, {BYTES_OF(blocks[0].value)}, 1}}, .n_entries = 1},
        {GPU_MANIFEST_DRIVER, "GH100", "535.1", .not_after_unix_s = other,
         .entries = {{4, {BYTES_OF(blocks[5].value)}, 1}}, .n_entries = 1},
    };
    const struct gpu_reference_draft *drafts[] = {&v[0], &v[1], &v[2]};
    buf_clear(&s->reference);
    assert_ok(gpu_reference_write(drafts, 3, &s->reference));
    s->expect.beside.reference_values = buf_view(&s->reference);
}
SCENE(reference_on_its_last_second)
{
    reference_until(s, FORGE_GPU_NOW, FORGE_GPU_NOW, FORGE_GPU_NOW - 1);
}
SCENE(reference_of_driver_ended)
{
    reference_until(s, FORGE_GPU_NOW - 1, FORGE_GPU_NOW, FORGE_GPU_NOW);
}
SCENE(reference_of_vbios_ended)
{
    reference_until(s, FORGE_GPU_NOW, FORGE_GPU_NOW - 1, FORGE_GPU_NOW);
}
static void with_crl(struct scene *s, enum forge_gpu_cert issuer, const struct bytes *revoked,
                     size_t n)
{
    size_t i = s->expect.beside.n_crls++;
    s->crl[i] = forge_gpu_crl(&s->forge, issuer, revoked, n);
    s->crls[i] = buf_view(&s->crl[i]);
    s->expect.beside.crls = s->crls;
}
SCENE(crl_of_one_authority)
{
    with_crl(s, FORGE_GPU_ROOT, NULL, 0);
}
SCENE(crls)
{
    with_crl(s, FORGE_GPU_ROOT, NULL, 0);
    with_crl(s, FORGE_GPU_FAMILY, NULL, 0);
}
/* Of another platform, or made up: nothing that it says is about this chain. */
static void with_foreign_crl(struct scene *s)
{
    static const char ours[] = "forge device root";
    size_t i = s->expect.beside.n_crls;
    with_crl(s, FORGE_GPU_ROOT, NULL, 0);
    uint8_t *name = memmem(s->crl[i].p, s->crl[i].n, ours, sizeof(ours) - 1);
    assert_non_null(name);
    memcpy(name, "other", 5);
}
SCENE(foreign_crl)
{
    with_foreign_crl(s);
}
SCENE(crls_and_a_foreign_one)
{
    with_foreign_crl(s);
    with_crl(s, FORGE_GPU_ROOT, NULL, 0);
    with_crl(s, FORGE_GPU_FAMILY, NULL, 0);
}
SCENE(provisioner_revoked)
{
    struct buf pem CLEANUP(buf_done) = forge_gpu_chain(&s->forge.v[s->forge.n - 1]);
    struct cert_list certs;
    assert_ok(cert_list_read(buf_view(&pem), &certs));
    with_crl(s, FORGE_GPU_ROOT, NULL, 0);
    with_crl(s, FORGE_GPU_FAMILY, &certs.der[2], 1);
    cert_list_done(&certs);
}
SCENE(raw_report)
{
    struct buf report = forge_gpu_report(&s->forge.v[0]);
    buf_done(&s->evidence);
    s->evidence = report;
    s->certs = forge_gpu_chain(&s->forge.v[0]);
    s->expect.beside.certs = buf_view(&s->certs);
    assert_ok(sha256(buf_view(&s->evidence), s->cpu.device_digest));
}
SCENE(raw_report_alone)
{
    raw_report(s);
    s->expect.beside.certs = (struct bytes){0};
}
SCENE(not_a_list)
{
    s->evidence.p[0] = '{';
}

#define RULES_PLUS(more) \
    "\"gpus\": 1, \"reference_sha256\": [\"%s\"], \"min_driver\": \"550.90.07\"" more
#define TWO(more) "\"gpus\": 2, \"reference_sha256\": [\"%s\"]" more
#define RELEASE(name, driver)                                              \
    "{\"name\": \"" name "\", \"arch\": \"HOPPER\", \"driver\": \"" driver \
    "\", \"vbios\": \"96.00.9F.00.01\"}"

static const struct row ROWS[] = {
    {.name = "accepted"},
    {.name = "accepted: raw report with its chain", .scene = raw_report},
    {.name = "accepted: the expected nonce", .scene = nonce_expected},
    {.name = "accepted: flags that say nothing bad", .forge = flag_not_configured},
    {.name = "accepted: unstated mode, bound", .forge = mode_unstated},
    {.name = "accepted: a mode that is listed",
     .forge = mode_protected_pcie,
     .rules = RULES_PLUS(", \"modes\": [\"protected-pcie\"]")},
    {.name = "accepted: CRLs required and there",
     .scene = crls,
     .rules = RULES_PLUS(", \"crl_required\": true")},
    {.name = "accepted: CRLs required and there, beside another platform's",
     .scene = crls_and_a_foreign_one,
     .rules = RULES_PLUS(", \"crl_required\": true")},
    {.name = "accepted: another platform's CRL alone", .scene = foreign_crl},
    {.name = "accepted: by leave of the policy, without the CPU",
     .scene = no_cpu,
     .rules = RULES_PLUS(", \"may_skip\": [\"gpu.bound\", \"gpu.devtools\"]")},
    {.name = "accepted: by leave of the policy, without reference values",
     .scene = no_reference,
     .rules = RULES_PLUS(", \"may_skip\": [\"gpu.reference\", \"gpu.measurements\"]")},
    {.name = "accepted: reference values on their last second, others ended",
     .scene = reference_on_its_last_second},
    {.name = "accepted: by leave of the policy, a driver without reference values",
     .forge = other_driver,
     .rules = RULES_PLUS(", \"may_skip\": [\"gpu.reference\"]")},
    {.name = "accepted: two devices of one release",
     .forge = with_a_second,
     .rules =
         "\"gpus\": 2, \"releases\": [" RELEASE("a", "550.90.07") "],"
                                                                  "\"reference_sha256\": [\"%s\"]"},

    {"not a list", "gpu.evidence", "GPU_EVIDENCE_PARSE_FAILED", .scene = not_a_list},
    {"request code", "spdm.request", "GPU_SPDM_REQUEST_INVALID", .forge = request_code},
    {"request of version 1.2", "spdm.request", "GPU_SPDM_REQUEST_INVALID",
     .forge = request_version},
    {"trailing byte", "spdm.response", "GPU_SPDM_RESPONSE_INVALID", .forge = response_trailing},
    {"another slot", "spdm.response", "GPU_SPDM_RESPONSE_INVALID", .forge = response_slot},
    {"two names of the chip", "gpu.leaf", "GPU_LEAF_INVALID", .forge = leaf_names_another_chip},
    {"unknown chip", "gpu.leaf", "GPU_LEAF_INVALID", .forge = leaf_of_unknown_chip},
    {"leaf without DICE", "gpu.leaf", "GPU_LEAF_INVALID", .forge = leaf_without_dice},
    {"only a root", "gpu.leaf", "GPU_LEAF_INVALID", .forge = only_a_root},
    {"no certificates", "gpu.leaf", NULL, .scene = raw_report_alone, .is_skip_required = true},
    {"a field twice", "gpu.opaque", "GPU_OPAQUE_INVALID", .forge = opaque_twice},
    {"a GPU without driver", "gpu.opaque", "GPU_OPAQUE_INVALID", .forge = opaque_without_driver},
    {"no root", "gpu.root", "GPU_ROOT_UNTRUSTED", .forge = no_root},
    {"an authority is missing", "gpu.chain", "GPU_CHAIN_INVALID", .forge = no_provisioner},
    {"boot ROM is no authority", "gpu.chain", "GPU_CHAIN_INVALID", .forge = brom_is_no_authority},
    {"leaf signed by itself", "gpu.chain", "GPU_CHAIN_INVALID", .forge = leaf_signed_by_another},
    {"not yet valid", "gpu.chain", "GPU_CERT_TIME_INVALID", .forge = brom_not_begun},
    {"no longer valid", "gpu.chain", "GPU_CERT_TIME_INVALID", .forge = brom_ended},
    {"one CRL of two", "gpu.revocation", "REVOCATION_CHECK_UNAVAILABLE",
     .scene = crl_of_one_authority},
    {"revoked", "gpu.revocation", "GPU_CERT_REVOKED", .scene = provisioner_revoked},
    {"revoked, behind a device that names no CRL", "gpu.revocation", "GPU_CERT_REVOKED",
     .forge = first_of_two_issued_by_root, .scene = provisioner_revoked, .rules = TWO("")},
    {"CRL required", "gpu.revocation", NULL, .rules = RULES_PLUS(", \"crl_required\": true"),
     .is_skip_required = true},
    {"CRL required, and another platform's given", "gpu.revocation", NULL, .scene = foreign_crl,
     .rules = RULES_PLUS(", \"crl_required\": true"), .is_skip_required = true},
    {"CRL required, and no certificate names one", "gpu.revocation", NULL, .forge = issued_by_root,
     .scene = crls, .rules = RULES_PLUS(", \"crl_required\": true"), .is_skip_required = true},
    {"CRL required, and the first device's certificates name none", "gpu.revocation", NULL,
     .forge = first_of_two_issued_by_root, .scene = crls, .rules = TWO(", \"crl_required\": true"),
     .is_skip_required = true},
    {"CRL required, and the second device's certificates name none", "gpu.revocation", NULL,
     .forge = second_issued_by_root, .scene = crls, .rules = TWO(", \"crl_required\": true"),
     .is_skip_required = true},
    {"signature", "gpu.signature", "GPU_SIGNATURE_INVALID", .forge = signature_flipped},
    {"signed by another key", "gpu.signature", "GPU_SIGNATURE_INVALID",
     .forge = signed_by_boot_rom},
    {"firmware id", "gpu.genuine", "GPU_FWID_MISMATCH", .forge = other_firmware_id},
    {"boot ROM's key", "gpu.genuine", "GPU_DICE_KEY_MISMATCH", .forge = dice_names_another_key},
    {"another chip's boot ROM", "gpu.genuine", "GPU_CHIP_MISMATCH", .forge = boot_rom_of_a_switch},
    {"list's architecture", "gpu.arch", "GPU_ARCH_MISMATCH", .forge = called_blackwell},
    {"architecture refused", "gpu.arch", "GPU_ARCH_REFUSED",
     .rules = RULES_PLUS(", \"architectures\": [\"BLACKWELL\"]")},
    {"one device as two", "gpu.duplicates", "GPU_DUPLICATE", .forge = with_the_same_twice,
     .rules = TWO("")},
    {"one key as two", "gpu.duplicates", "GPU_DUPLICATE", .forge = with_one_key_twice,
     .rules = TWO("")},
    {"one boot ROM as two", "gpu.duplicates", "GPU_DUPLICATE", .forge = with_one_boot_rom_twice,
     .rules = TWO("")},
    {"no policy", "policy", NULL, .has_no_policy = true, .is_skip_required = true},
    {"one device too many", "gpu.count", "GPU_COUNT_MISMATCH", .forge = with_a_second,
     .rules = RULES_PLUS("")},
    {"a switch too many", "gpu.count", "GPU_COUNT_MISMATCH", .forge = with_a_switch,
     .rules = RULES_PLUS("")},
    {"another device", "gpu.device", "GPU_DEVICE_REFUSED",
     .rules = RULES_PLUS(", \"device_ids\": [\"48B02D9249400001\"]")},
    {"another release", "gpu.release", "GPU_RELEASE_MISMATCH",
     .rules = RULES_PLUS(", \"releases\": [" RELEASE("a", "550.90.08") "]")},
    {"releases mixed", "gpu.release", "GPU_RELEASE_MISMATCH", .forge = with_an_older_second,
     .rules = "\"gpus\": 2, \"releases\": [" RELEASE("a", "550.90.07") "," RELEASE(
         "b", "550.54.15") "], \"reference_sha256\": [\"%s\"]"},
    {"floors of another architecture alone", "gpu.release", "GPU_RELEASE_MISMATCH",
     .scene = no_reference,
     .rules = "\"gpus\": 1, \"min_vbios\": {\"BLACKWELL\": \"97.00.00.00.00\"},"
              "\"may_skip\": [\"gpu.reference\", \"gpu.measurements\"]"},
    {"reference values that may be missing alone", "gpu.release", "GPU_RELEASE_MISMATCH",
     .scene = no_reference,
     .rules = "\"gpus\": 1, \"min_vbios\": {\"BLACKWELL\": \"97.00.00.00.00\"},"
              "\"reference_sha256\": [\"%s\"],"
              "\"may_skip\": [\"gpu.reference\", \"gpu.measurements\"]"},
    {"driver too old", "gpu.driver", "GPU_DRIVER_TOO_OLD",
     .rules = "\"gpus\": 1, \"reference_sha256\": [\"%s\"], \"min_driver\": \"550.100\""},
    {"VBIOS too old", "gpu.vbios", "GPU_VBIOS_TOO_OLD",
     .rules = RULES_PLUS(", \"min_vbios\": {\"HOPPER\": \"96.00.A0.00.00\"}")},
    {"no reference values", "gpu.reference", NULL, .scene = no_reference, .is_skip_required = true},
    {"no reference values, no comparison", "gpu.measurements", NULL, .scene = no_reference,
     .is_skip_required = true},
    {"reference values of another driver", "gpu.reference", NULL, .forge = other_driver,
     .rules = RULES_PLUS(""), .is_skip_required = true},
    {"broken reference values", "gpu.reference", "GPU_REFERENCE_INVALID",
     .scene = broken_reference},
    {"unpinned reference values", "gpu.reference", "GPU_REFERENCE_NOT_PINNED",
     .rules = "\"gpus\": 1, \"min_driver\": \"550.90.07\""},
    {"conflicting reference values", "gpu.reference", "GPU_REFERENCE_CONFLICT",
     .scene = conflicting_reference},
    {"driver's reference values ended", "gpu.reference", "GPU_REFERENCE_EXPIRED",
     .scene = reference_of_driver_ended},
    {"VBIOS's reference values ended", "gpu.reference", "GPU_REFERENCE_EXPIRED",
     .scene = reference_of_vbios_ended},
    {"reference values ended, and the policy lets them be missing", "gpu.reference",
     "GPU_REFERENCE_EXPIRED", .scene = reference_of_vbios_ended,
     .rules = RULES_PLUS(", \"may_skip\": [\"gpu.reference\"]")},
    {"a measurement", "gpu.measurements", "GPU_MEASUREMENT_MISMATCH", .forge = measurement_changed},
    {"a driver's measurement", "gpu.measurements", "GPU_MEASUREMENT_MISMATCH",
     .forge = driver_measurement_changed},
    {"a measurement is missing", "gpu.measurements", "GPU_MEASUREMENT_MISMATCH",
     .forge = measurement_missing},
    {"one device compared, another not", "gpu.measurements", NULL,
     .forge = with_an_uncovered_second,
     .rules = "\"gpus\": 2, \"min_driver\": \"550.54\", \"reference_sha256\": [\"%s\"],"
              "\"may_skip\": [\"gpu.reference\"]",
     .is_skip_required = true},
    {"list's nonce", "gpu.nonce", "GPU_NONCE_CONTRADICTION", .forge = list_nonce_differs},
    {"another nonce", "gpu.nonce", "GPU_NONCE_MISMATCH", .scene = other_nonce_expected},
    {"report data, which a device has none of", "gpu.nonce", "GPU_NONCE_MISMATCH",
     .scene = report_data_expected},
    {"no nonce in a session", "gpu.nonce", NULL, .scene = no_cpu_in_a_session,
     .is_skip_required = true},
    {"no CPU evidence", "gpu.bound", NULL, .scene = no_cpu, .is_skip_required = true},
    {"CPU states other evidence", "gpu.bound", "GPU_NOT_BOUND", .scene = cpu_names_other_evidence},
    {"CPU states other keys", "gpu.bound", "GPU_NOT_BOUND", .scene = cpu_has_other_keys},
    {"nonce not from the CPU", "gpu.bound", "GPU_NOT_BOUND", .forge = another_nonce},
    {"mode not listed", "gpu.mode", "GPU_MODE_REFUSED", .forge = mode_protected_pcie},
    {"mode unstated and unbound", "gpu.mode", NULL, .forge = mode_unstated, .scene = no_cpu,
     .is_skip_required = true},
    {"developer tools unstated and unbound", "gpu.devtools", NULL, .scene = no_cpu,
     .is_skip_required = true},
    {"debug firmware", "gpu.devtools", "GPU_DEBUG_ENABLED", .forge = flag_debug},
    {"not secure", "gpu.devtools", "GPU_DEBUG_ENABLED", .forge = flag_not_secure},
    {"recovery firmware", "gpu.devtools", "GPU_DEBUG_ENABLED", .forge = flag_recovery},
};

static void check_outcome(const struct row *row, const struct scene *s, status st)
{
    if (row->id == NULL) {
        if (failed(st))
            fail_msg("%s: refused: %s", row->name, status_detail());
        assert_int_equal(s->verified.type, EVIDENCE_NVIDIA_GPU);
        assert_non_null(s->verified.release);
        return;
    }
    const struct check *c = checks_find(&s->checks, row->id);
    assert_non_null(c);
    assert_true(failed(st));
    if (row->code == NULL) {
        if (c->result != CHECK_SKIP || c->is_required != row->is_skip_required)
            fail_msg("%s: %s is %d: %s", row->name, row->id, c->result, c->reason);
        return;
    }
    const struct check *first = checks_first_failure(&s->checks);
    if (c->result != CHECK_FAIL || strcmp(c->code, row->code) != 0)
        fail_msg("%s: %s is %d %s: %s", row->name, row->id, c->result, c->code ? c->code : "",
                 c->reason);
    if (first != c)
        fail_msg("%s: %s failed first: %s", row->name, first->id, first->reason);
}

static void each_check_notices(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct scene s;
        build(&s, &ROWS[i]);
        struct evidence_policy *p = ROWS[i].has_no_policy ? NULL : policy_of(&s);
        status st = judge(&s, p);
        assert_int_equal(s.checks.n, N_CHECKS);
        check_outcome(&ROWS[i], &s, st);
        evidence_policy_freep(&p);
        scene_done(&s);
    }
    print_message("%zu rows\n", sizeof(ROWS) / sizeof(ROWS[0]));
}

static void crls_that_nothing_names_are_no_pass(void **state)
{
    (void)state;
    const struct row row = {.forge = issued_by_root, .scene = crls};
    struct scene s;
    build(&s, &row);
    struct evidence_policy *p = policy_of(&s);
    assert_ok(judge(&s, p));
    const struct check *c = checks_find(&s.checks, "gpu.revocation");
    assert_int_equal(c->result, CHECK_SKIP);
    assert_false(c->is_required);
    evidence_policy_freep(&p);
    scene_done(&s);
}

static void policy_without_rules_for_gpus_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct evidence_policy p = {.freshness_mask = 1};
    build(&s, &(struct row){0});
    assert_code(judge(&s, &p), ST_POLICY);
    assert_string_equal(checks_find(&s.checks, "policy")->code, "POLICY_PLATFORM_REFUSED");
    scene_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_check_notices),
        cmocka_unit_test(crls_that_nothing_names_are_no_pass),
        cmocka_unit_test(policy_without_rules_for_gpus_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
