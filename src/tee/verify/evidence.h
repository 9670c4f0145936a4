/* evidence - one verdict over hardware evidence: is this the code that the policy names, does it
 * hold the keys that we talk to, and is the proof fresh.
 *
 * Every check is listed in docs/ATTESTATION.md with its id and its failure code; the policy's form
 * is docs/POLICY.md. There is no way to switch a check off: an input that is missing is a failure
 * or a SKIP, and a required SKIP does not accept.
 *
 * Untrusted: the evidence and everything beside it. Trusted: the policy, the expectation and the
 * clock in it.
 */
#ifndef TEE_VERIFY_EVIDENCE_H
#define TEE_VERIFY_EVIDENCE_H

#include "base/checks.h"
#include "tee/verify/bundle.h"
#include "tee/verify/evidence_cache.h"
#include "tee/verify/evidence_facts.h"
#include "tee/verify/evidence_memory.h"
#include "tee/verify/evidence_policy.h"
#include "tee/verify/evidence_trace.h"
#include "tee/verify/measurements.h"
#include "tee/verify/statement.h"

enum { EVIDENCE_MAX_BYTES = BUNDLE_MAX_BYTES, EVIDENCE_SHA256_LEN = 32 };

/* Append only: on the wire a type is 1 + its number. */
enum evidence_type {
    EVIDENCE_NITRO,      /* "nitro", platform "aws-nitro", pinned AWS root G1 */
    EVIDENCE_SIMULATED,  /* "simulated": Nitro's form, only under policy's trust_simulated_root */
    EVIDENCE_TDX,        /* "tdx", platform "intel-tdx" */
    EVIDENCE_SGX,        /* "sgx", platform "intel-sgx" */
    EVIDENCE_SNP,        /* "snp", platform "amd-sev-snp" */
    EVIDENCE_NVIDIA_GPU, /* "nvidia-gpu", also the platform */
    EVIDENCE_CS_TOKEN,   /* "cs-token", platform "gcp-confidential-space" */
};

const char *evidence_type_name(enum evidence_type t);     /* "nitro", "simulated" */
const char *evidence_type_platform(enum evidence_type t); /* "aws-nitro", "simulated" */
/* From a type's name or from a platform id; ST_UNSUPPORTED for any other. */
NODISCARD status evidence_type_of(struct bytes name, enum evidence_type *out);
/* The type that bytes look like, nitro when they look like none. A guess decides nothing: evidence
 * that is judged as another type than its own is rejected. */
enum evidence_type evidence_type_guess(struct bytes evidence);
/* Whether evidence of this type can carry an enclave's statement: known, and no device's. */
bool evidence_type_is_enclave(enum evidence_type t);

/* What comes with evidence and is believed as little: each proves itself by a signature or by a
 * digest inside the evidence. .p NULL: absent. */
struct evidence_inputs {
    struct bytes statement;        /* the encoded statement that 64 attested bytes bind */
    struct bytes collateral;       /* DCAP: TCB info, QE identity, CRLs and their chains, JSON */
    struct bytes certs;            /* PEM or DER certificates, one after another */
    struct bytes jwks;             /* JSON Web Key Set of a token's issuer */
    struct bytes event_log;        /* CCEL, for replay */
    struct bytes reference_values; /* of a GPU: what `eml rim import` wrote */
    struct bytes devices;          /* evidence of the enclave's GPUs, which the statement names */
    const struct bytes *crls;      /* DER */
    size_t n_crls;
};

/* What the caller already knows. Initialise with designated initialisers. */
struct evidence_expect {
    int64_t at_unix_s;
    bool is_session; /* a live handshake: statement, nonce (or epoch) and age checks are required */
    const uint8_t *client_nonce;   /* 32 bytes or NULL: what session evidence must hold */
    const uint8_t *epoch_id;       /* 32 bytes or NULL: what epoch evidence must hold, if known */
    const uint8_t *identity_key;   /* 32 bytes or NULL: the key that the peer uses */
    struct bytes nonce;            /* .p NULL, or the exact nonce field: for foreign documents */
    struct bytes report_data;      /* .p NULL, or the exact 64 bytes of REPORTDATA */
    struct evidence_inputs beside; /* what came with the evidence */
    const struct statement *cpu_statement; /* for device evidence: the verified one of the CPU */
    struct evidence_cache *cache;          /* shared by connections, or NULL */
    struct evidence_memory *memory;        /* highest collateral numbers seen, or NULL */
    struct evidence_trace *trace;          /* keeps what each check looked at, or NULL */
};

/* Only evidence_verify() makes one, and only on accept. Views borrow from the evidence and from
 * what came beside it, and the release name from the policy. */
struct evidence_verified {
    enum evidence_type type;
    bool is_simulated;
    bool has_devices;      /* the enclave's GPUs were judged as well */
    struct bytes evidence; /* as it was given: a bundle with everything in it */
    uint8_t evidence_sha256[EVIDENCE_SHA256_LEN];
    bool has_statement;
    struct statement statement; /* when has_statement */
    uint8_t binding[STATEMENT_BINDING_LEN];
    struct measurements measurements;
    uint64_t timestamp_ms; /* 0: this platform's evidence tells no time */
    struct bytes module_id;
    struct bytes nonce, public_key, user_data; /* .p NULL when absent */
    const char *release;                       /* name of the policy's release that matched */
};

/* What the evidence says, for display beside the checks; proves nothing. */
struct evidence_claimed {
    bool is_signed;   /* the signature and the chain held; policy was not asked */
    bool has_devices; /* and so did those of the enclave's GPUs */
    bool has_statement;
    struct statement statement; /* when has_statement: bound by what was signed */
    struct measurements measurements;
    uint64_t timestamp_ms;
    struct bytes module_id;
    struct bytes nonce, public_key, user_data; /* .p NULL when absent */
    struct evidence_facts facts;
};

/* Takes the hardware's own bytes, or a bundle of them. Appends every check of docs/ATTESTATION.md
 * to out_checks, in order and once each, and fills *out only when the verdict is accept; policy may
 * be NULL, the verdict is then incomplete at best. out_claimed may be NULL; it is filled as soon as
 * the document parses. Fails with a code that tells the verdict: ST_FORMAT malformed,
 * ST_UNSUPPORTED incomplete, else ST_POLICY. */
NODISCARD status evidence_verify(struct bytes evidence, enum evidence_type type,
                                 const struct evidence_policy *policy,
                                 const struct evidence_expect *expect, struct checks *out_checks,
                                 struct evidence_claimed *out_claimed,
                                 struct evidence_verified *out);

#endif
