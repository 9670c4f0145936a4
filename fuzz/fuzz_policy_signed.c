/* Signed policies. The first byte says what the rest is: a whole file; JSON that is signed here
 * under the right header, so that fuzzing reaches behind the signature; or a header (its length in
 * one byte before it) and JSON, signed as they are. What is accepted keeps every rule, which are
 * written down here a second time; and no bit of it can change. */
#include <stdlib.h>

#include "formats/cose.h"
#include "tee/verify/evidence_policy_file.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROTECTED              \
    "\xa2\x01\x27\x03\x78\x1b" \
    "application/eml-policy+json"

enum { NOW = 1800000000, SEEN = 3, FILE_ROOM = EVIDENCE_POLICY_FILE_MAX_BYTES + 1024 };

static struct ed25519_secret key;

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t SEED[ED25519_SEED_LEN] = {1};
    (void)argc;
    (void)argv;
    must(ok(ed25519_from_seed(SEED, &key)));
    return 0;
}

static status open_file(struct bytes file, struct evidence_memory *m, struct evidence_policy **out)
{
    const struct evidence_policy_demand demand = {
        .signer = key.public_key, .at_unix_s = NOW, .memory = m};
    return evidence_policy_file_open(file, &demand, out);
}

static void check_accepted(const struct evidence_policy *p, struct bytes file)
{
    struct cose_unverified u = {0};
    struct evidence_policy *again CLEANUP(evidence_policy_freep) = NULL;
    struct buf made CLEANUP(buf_done) = BUF_MAX(FILE_ROOM);
    must(p->is_signed && memcmp(p->signer, key.public_key, sizeof(p->signer)) == 0);
    must(p->serial >= SEEN && (!p->has_end || p->not_after_unix_s >= NOW));
    must(ok(cose_parse(file, COSE_TAG_REQUIRED, CBOR_DETERMINISTIC, &u)));
    must(bytes_equal(u.protected_raw, BYTES_LIT(PROTECTED)));
    /* There is one file for one JSON: signing it again gives these bytes. */
    must(ok(evidence_policy_file_sign(cose_payload_unverified(&u), &key, &made)));
    must(bytes_equal(buf_view(&made), file));
    must(ok(evidence_policy_parse(cose_payload_unverified(&u), &again)));
    must(memcmp(again->sha256, p->sha256, sizeof(p->sha256)) == 0);
}

static void check_flipped(struct bytes file)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf changed CLEANUP(buf_done) = BUF_MAX(FILE_ROOM);
    buf_put(&changed, file);
    must(ok(buf_status(&changed)));
    size_t bit = (file.p[file.n - 1] * 257u + file.p[file.n - 2]) % (8 * file.n);
    changed.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    must(failed(open_file(buf_view(&changed), NULL, &p)));
}

static void look(struct bytes file)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct evidence_policy_verified plain = {0};
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    if (failed(evidence_memory_new(&m)))
        return;
    evidence_memory_raise(m, EVIDENCE_MEMORY_POLICY_SERIAL, SEEN);
    status s = open_file(file, m, &p);
    must(ok(s) == (p != NULL));
    if (failed(s)) {
        must(evidence_memory_get(m, EVIDENCE_MEMORY_POLICY_SERIAL) == SEEN);
        return;
    }
    must(evidence_memory_get(m, EVIDENCE_MEMORY_POLICY_SERIAL) == p->serial);
    must(failed(evidence_policy_file_verify(file, NULL, &plain))); /* never without a key */
    check_accepted(p, file);
    check_flipped(file);
}

static void sign_and_look(struct bytes protected_raw, struct bytes json)
{
    struct buf file CLEANUP(buf_done) = BUF_MAX(FILE_ROOM);
    if (ok(cose_sign_ed25519(&key, protected_raw, json, true, &file)))
        look(buf_view(&file));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct bytes rest = bytes_of(data + 1, size - 1);
    size_t n = rest.p[0] < rest.n ? rest.p[0] : rest.n - 1;
    if (data[0] % 3 == 0)
        look(rest);
    else if (data[0] % 3 == 1)
        sign_and_look(BYTES_LIT(PROTECTED), rest);
    else
        sign_and_look(bytes_of(rest.p + 1, n), bytes_of(rest.p + 1 + n, rest.n - 1 - n));
    return 0;
}
