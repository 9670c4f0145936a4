/* snp_report - AMD SEV-SNP attestation reports, versions 2, 3 and 5: the fixed layout, and the
 * proof that a chip's key signed it. Source: AMD 56860 (SEV-SNP firmware ABI), revisions 1.55
 * to 1.58, section 7.3 (ATTESTATION_REPORT) and chapter 10 (ECDSA P-384). Integers are
 * little-endian.
 *
 *     000  4   VERSION              0e0  48  ID_KEY_DIGEST
 *     004  4   GUEST_SVN            110  48  AUTHOR_KEY_DIGEST
 *     008  8   POLICY               140  32  REPORT_ID
 *     010  16  FAMILY_ID            160  32  REPORT_ID_MA
 *     020  16  IMAGE_ID             180  8   REPORTED_TCB
 *     030  4   VMPL                 188  3   CPUID family, model, stepping (zero before 3)
 *     034  4   SIGNATURE_ALGO = 1   18b  21  zero
 *     038  8   CURRENT_TCB          1a0  64  CHIP_ID
 *     040  8   PLATFORM_INFO        1e0  8   COMMITTED_TCB
 *     048  4   key flags            1e8  4   CURRENT build, minor, major, zero
 *     04c  4   zero                 1ec  4   COMMITTED build, minor, major, zero
 *     050  64  REPORT_DATA          1f0  8   LAUNCH_TCB
 *     090  48  MEASUREMENT          1f8  8   LAUNCH_MIT_VECTOR (zero before 5)
 *     0c0  32  HOST_DATA            200  8   CURRENT_MIT_VECTOR (zero before 5)
 *                                   208  152 zero
 *     2a0  72  r, 72 s, 368 zero: P-384 with SHA-384 over bytes 000 to 29f
 *
 * Untrusted: all of it. A report that only parsed is an snp_unverified; the one way to an
 * snp_report is snp_report_open(), which checks the signature.
 */
#ifndef TEE_VERIFY_SNP_REPORT_H
#define TEE_VERIFY_SNP_REPORT_H

#include "base/bytes.h"

enum {
    SNP_REPORT_LEN = 0x4a0,
    SNP_SIGNED_LEN = 0x2a0,
    SNP_TCB_LEN = 8,
    SNP_DATA_LEN = 64,
    SNP_MEASUREMENT_LEN = 48,
    SNP_HOST_DATA_LEN = 32,
    SNP_KEY_DIGEST_LEN = 48,
    SNP_ID_LEN = 16,
    SNP_REPORT_ID_LEN = 32,
    SNP_CHIP_ID_LEN = 64,
    SNP_SIG_PART_LEN = 72, /* r or s, little-endian, the upper 24 bytes zero */
};

enum { SNP_SIG_ECDSA_P384_SHA384 = 1 };

enum snp_signing_key { SNP_KEY_VCEK = 0, SNP_KEY_VLEK = 1, SNP_KEY_NONE = 7 };

/* POLICY, bits; the minor and major of the lowest ABI stand below them. */
enum {
    SNP_POLICY_SMT = 16,
    SNP_POLICY_ALWAYS_ONE = 17,
    SNP_POLICY_MIGRATE_MA = 18,
    SNP_POLICY_DEBUG = 19,
    SNP_POLICY_SINGLE_SOCKET = 20,
    SNP_POLICY_CXL = 21,
    SNP_POLICY_MEM_AES_256_XTS = 22,
    SNP_POLICY_RAPL_DIS = 23,
    SNP_POLICY_CIPHERTEXT_HIDING = 24,
    SNP_POLICY_PAGE_SWAP_DISABLE = 25,
    SNP_POLICY_FIRST_RESERVED = 26,
};

/* VMPL of a report that the host asked for, whose REPORT_DATA is the host's. */
#define SNP_VMPL_HOST UINT32_MAX
enum { SNP_VMPL_MAX = 3 };

struct snp_firmware {
    uint8_t major, minor, build;
};

struct snp_fields {
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    struct bytes family_id, image_id;
    uint32_t vmpl;
    uint32_t signature_algo;
    uint64_t platform_info;
    bool is_author_key_used;
    bool is_chip_key_masked; /* the firmware was told not to sign */
    uint8_t signing_key;     /* enum snp_signing_key, or a reserved value */
    struct bytes report_data, measurement, host_data;
    struct bytes id_key_digest, author_key_digest;
    struct bytes report_id, report_id_ma;
    bool has_cpuid; /* version 3 and later */
    uint8_t family, model, stepping;
    struct bytes chip_id;
    struct bytes current_tcb, reported_tcb, committed_tcb, launch_tcb; /* as they stand */
    struct snp_firmware current, committed;
    bool has_mitigations; /* version 5 */
    uint64_t launch_mitigations, current_mitigations;
};

struct snp_unverified {
    struct bytes signed_part;
    uint8_t signature[96];     /* r then s, big-endian */
    struct snp_fields fields_; /* not for direct use */
};

/* A report whose signature held. Only snp_report_open() makes one. */
struct snp_report {
    struct snp_fields fields;
};

/* Exactly one report; views borrow from in. ST_TRUNCATED, ST_FORMAT (size, a reserved byte that is
 * not zero), ST_UNSUPPORTED (another version), ST_ALG (another signature algorithm). */
NODISCARD status snp_report_parse(struct bytes in, struct snp_unverified *out);

/* spki is the key of a certificate that was proven. ST_ALG not P-384; ST_AUTH. */
NODISCARD status snp_report_open(const struct snp_unverified *u, struct bytes spki,
                                 struct snp_report *out);

#endif
