/* The member nvidia_gpu of a policy: one row for each rule of docs/POLICY.md. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "tee/verify/nvidia/nvidia_policy.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define R(name, arch, driver) \
    "{\"name\": \"" name "\", \"arch\": \"" arch "\"" driver ", \"vbios\": \"96.00.9F.00.01\"}"
#define D ", \"driver\": \"550.90.07\""

static status read_policy(const char *member, struct nvidia_policy *out)
{
    char text[4096];
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    (void)snprintf(text, sizeof(text), "{\"nvidia_gpu\": %s}", member);
    TRY(json_parse(bytes_str(text), sizeof(text), &doc));
    struct json_obj o = json_obj_of(json_root(doc), "policy");
    TRY(nvidia_policy_read(&o, "nvidia_gpu", out));
    return json_obj_end(&o);
}

static const struct row {
    const char *name, *member;
    enum status_code code;
} ROWS[] = {
    {"driver floor", "{\"gpus\": 1, \"min_driver\": \"550.90.07\"}", ST_OK},
    {"VBIOS floor", "{\"gpus\": 1, \"min_vbios\": {\"HOPPER\": \"96.00.9F.00.01\"}}", ST_OK},
    {"reference", "{\"gpus\": 8, \"nvswitches\": 4, \"reference_sha256\": [\"" HEX "\"]}", ST_OK},
    {"device", "{\"gpus\": 1, \"device_ids\": [\"48B02D92494BADF4\"]}", ST_OK},
    {"releases",
     "{\"gpus\": 1, \"nvswitches\": 1, \"releases\": [" R("a", "HOPPER", D) "," R("b", "LS10",
                                                                                  "") "]}",
     ST_OK},
    {"switches alone", "{\"gpus\": 0, \"nvswitches\": 1, \"releases\": [" R("b", "LS10", "") "]}",
     ST_OK},
    {"pins nothing", "{\"gpus\": 1}", ST_CONFIG},
    {"pins nothing but modes", "{\"gpus\": 1, \"modes\": [\"single\"]}", ST_CONFIG},
    {"pins only what may be missing",
     "{\"gpus\": 1, \"reference_sha256\": [\"" HEX "\"],"
     "\"may_skip\": [\"gpu.reference\", \"gpu.measurements\"]}",
     ST_CONFIG},
    {"reference values that need not cover all",
     "{\"gpus\": 1, \"reference_sha256\": [\"" HEX "\"], \"may_skip\": [\"gpu.reference\"]}",
     ST_OK},
    {"empty floors", "{\"gpus\": 1, \"min_vbios\": {}}", ST_CONFIG},
    {"no count", "{\"min_driver\": \"550\"}", ST_FORMAT},
    {"no device", "{\"gpus\": 0, \"min_driver\": \"550\"}", ST_CONFIG},
    {"seventeen devices", "{\"gpus\": 16, \"nvswitches\": 1, \"min_driver\": \"550\"}", ST_CONFIG},
    {"count of minus one", "{\"gpus\": -1, \"min_driver\": \"550\"}", ST_FORMAT},
    {"unknown key", "{\"gpus\": 1, \"min_driver\": \"550\", \"max_driver\": \"560\"}", ST_FORMAT},
    {"driver of words", "{\"gpus\": 1, \"min_driver\": \"latest\"}", ST_FORMAT},
    {"VBIOS of four parts", "{\"gpus\": 1, \"min_vbios\": {\"HOPPER\": \"96.00.9F.00\"}}",
     ST_FORMAT},
    {"floor of an unknown architecture", "{\"gpus\": 1, \"min_vbios\": {\"VOLTA\": \"1.1.1.1.1\"}}",
     ST_FORMAT},
    {"unknown architecture",
     "{\"gpus\": 1, \"min_driver\": \"550\", \"architectures\": [\"VOLTA\"]}", ST_FORMAT},
    {"no architecture", "{\"gpus\": 1, \"min_driver\": \"550\", \"architectures\": []}", ST_CONFIG},
    {"unknown mode", "{\"gpus\": 1, \"min_driver\": \"550\", \"modes\": [\"off\"]}", ST_FORMAT},
    {"a mode that is no text", "{\"gpus\": 1, \"min_driver\": \"550\", \"modes\": [1]}", ST_FORMAT},
    {"skips an unknown check",
     "{\"gpus\": 1, \"min_driver\": \"550\", \"may_skip\": [\"gpu.signature\"]}", ST_FORMAT},
    {"skips a check by number", "{\"gpus\": 1, \"min_driver\": \"550\", \"may_skip\": [0]}",
     ST_FORMAT},
    {"no releases", "{\"gpus\": 1, \"releases\": []}", ST_CONFIG},
    {"release without driver", "{\"gpus\": 1, \"releases\": [" R("a", "HOPPER", "") "]}",
     ST_CONFIG},
    {"switch with a driver", "{\"gpus\": 1, \"releases\": [" R("a", "LS10", D) "]}", ST_CONFIG},
    {"release of an unknown architecture", "{\"gpus\": 1, \"releases\": [" R("a", "X", D) "]}",
     ST_FORMAT},
    {"release without name", "{\"gpus\": 1, \"releases\": [" R("", "HOPPER", D) "]}", ST_FORMAT},
    {"two releases of one name",
     "{\"gpus\": 1, \"releases\": [" R("a", "HOPPER", D) "," R("a", "HOPPER", D) "]}", ST_CONFIG},
    {"release without VBIOS",
     "{\"gpus\": 1, \"releases\": [{\"name\": \"a\", \"arch\": \"HOPPER\"" D "}]}", ST_FORMAT},
    {"no references", "{\"gpus\": 1, \"reference_sha256\": []}", ST_CONFIG},
    {"reference of 31 bytes", "{\"gpus\": 1, \"reference_sha256\": [\"00\"]}", ST_FORMAT},
    {"reference that is no text", "{\"gpus\": 1, \"reference_sha256\": [1]}", ST_FORMAT},
    {"no device ids", "{\"gpus\": 1, \"device_ids\": []}", ST_CONFIG},
    {"device id in lower case", "{\"gpus\": 1, \"device_ids\": [\"48b02d92494badf4\"]}", ST_FORMAT},
    {"device id of 15", "{\"gpus\": 1, \"device_ids\": [\"48B02D92494BADF\"]}", ST_FORMAT},
    {"a list", "[]", ST_FORMAT},
};

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct nvidia_policy p;
        status s = read_policy(ROWS[i].member, &p);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code), status_detail());
        assert_int_equal(p.is_present, ROWS[i].code == ST_OK);
        nvidia_policy_done(&p);
    }
}

static void absent_is_not_present(void **state)
{
    (void)state;
    struct nvidia_policy p;
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    assert_ok(json_parse(BYTES_LIT("{}"), 10, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "policy");
    assert_ok(nvidia_policy_read(&o, "nvidia_gpu", &p));
    assert_false(p.is_present);
    struct buf out CLEANUP(buf_done) = BUF_MAX(100);
    nvidia_policy_explain(&p, &out);
    assert_int_equal(out.n, 0);
    nvidia_policy_done(&p);
}

static void names_agree(void **state)
{
    (void)state;
    struct nvidia_policy p;
    char member[256];
    for (unsigned m = 0; m < GPU_FEATURE_UNSTATED; m++) {
        (void)snprintf(member, sizeof(member),
                       "{\"gpus\": 1, \"min_driver\": \"1\", \"modes\": [\"%s\"]}",
                       gpu_opaque_feature_name((enum gpu_feature)m));
        assert_ok(read_policy(member, &p));
        assert_int_equal(p.mode_mask, 1u << m);
        nvidia_policy_done(&p);
    }
    for (unsigned a = 0; a < GPU_ARCHS; a++) {
        (void)snprintf(member, sizeof(member),
                       "{\"gpus\": 1, \"min_driver\": \"1\", \"architectures\": [\"%s\"]}",
                       gpu_leaf_arch_name((enum gpu_arch)a));
        assert_ok(read_policy(member, &p));
        assert_int_equal(p.arch_mask, 1u << a);
        nvidia_policy_done(&p);
    }
}

static void sentences_say_what_is_accepted(void **state)
{
    (void)state;
    static const char *const want[] = {
        "Exactly 1 NVIDIA GPUs and 0 NVSwitches, no two of them the same device.\n",
        "Their architecture is one of: HOPPER.\n",
        "mode of confidential computing is one of: single, multi.\n",
        "Release a of a HOPPER: driver 550.90.07, VBIOS 96.00.9F.00.01.\n",
        "The driver must be 550 or newer.\n",
        "The VBIOS of a HOPPER must be 96.00.00.00.00 or newer.\n",
        ("reference values of SHA-256 " HEX),
        "Only 1 devices are accepted",
        "A current CRL is required",
        "Accepted although their input may be missing: gpu.mode, gpu.bound.\n",
    };
    struct nvidia_policy p;
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    assert_ok(read_policy(
        "{\"gpus\": 1, \"architectures\": [\"HOPPER\"], \"releases\": [" R(
            "a", "HOPPER", D) "], \"min_driver\": \"550\","
                              "\"min_vbios\": {\"HOPPER\": \"96.00.00.00.00\"},"
                              "\"reference_sha256\": [\"" HEX "\"],"
                              "\"device_ids\": [\"48B02D92494BADF4\"], \"crl_required\": true,"
                              "\"may_skip\": [\"gpu.bound\", \"gpu.mode\"]}",
        &p));
    nvidia_policy_explain(&p, &out);
    buf_put_u8(&out, 0);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        if (strstr((const char *)out.p, want[i]) == NULL)
            fail_msg("nowhere: %s in\n%s", want[i], (const char *)out.p);
    }
    nvidia_policy_done(&p);
}

static void put_fact(struct evidence_facts *f, const char *name, const char *value)
{
    f->v[f->n].name = name;
    (void)snprintf(f->v[f->n++].value, EVIDENCE_FACT_MAX, "%s", value);
}

static void pinned_policy_reads_back(void **state)
{
    (void)state;
    struct evidence_facts *f = calloc(1, sizeof(*f));
    struct nvidia_policy p;
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(4096);
    struct json_w w = {.out = &out};
    assert_non_null(f);
    put_fact(f, "gpus", "8");
    put_fact(f, "nvswitches", "4");
    put_fact(f, "releases", "HOPPER/550.90.07/96.00.9F.00.01 LS10/-/96.10.55.00.01");
    put_fact(f, "modes", "protected-pcie");
    put_fact(f, "reference_sha256", HEX);
    json_w_open(&w, NULL, '{');
    nvidia_policy_pin(f, "seen", &w);
    json_w_close(&w, '}');
    assert_ok(json_parse(buf_view(&out), 4096, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "policy");
    assert_ok(nvidia_policy_read(&o, "nvidia_gpu", &p));
    assert_int_equal(p.n_gpus, 8);
    assert_int_equal(p.n_switches, 4);
    assert_int_equal(p.n_releases, 2);
    assert_string_equal(p.releases[0].name, "seen");
    assert_string_equal(p.releases[1].name, "seen-2");
    assert_false(p.releases[1].has_driver);
    assert_int_equal(p.mode_mask, 1u << GPU_FEATURE_PROTECTED_PCIE);
    assert_int_equal(p.n_references, 1);
    nvidia_policy_done(&p);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule),
        cmocka_unit_test(absent_is_not_present),
        cmocka_unit_test(names_agree),
        cmocka_unit_test(sentences_say_what_is_accepted),
        cmocka_unit_test(pinned_policy_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
