/* forge_gpu - makes evidence of NVIDIA devices with any one thing wrong, under a root of its own.
 *
 * A test edits the plain data, calls forge_gpu_issue() if it touched certificates, then takes
 * forge_gpu_list() or forge_gpu_report() with forge_gpu_chain(). Unedited, they are accepted by a
 * verifier whose root is forge_gpu_root(): the test program defines gpu_root() to be that.
 */
#ifndef SUPPORT_FORGE_GPU_H
#define SUPPORT_FORGE_GPU_H

#include "support/test.h"

#include "crypto/x509_issue.h"
#include "tee/verify/nvidia/gpu_leaf.h"
#include "tee/verify/nvidia/gpu_opaque.h"
#include "tee/verify/nvidia/spdm.h"

#define FORGE_GPU_NOW INT64_C(1750000000)

/* As NVIDIA issues them. The first three are the same for every device. */
enum forge_gpu_cert {
    FORGE_GPU_ROOT,
    FORGE_GPU_FAMILY,
    FORGE_GPU_PROVISIONER,
    FORGE_GPU_BROM,
    FORGE_GPU_LEAF,
    FORGE_GPU_CERTS
};
enum { FORGE_GPU_DEVICES = 4, FORGE_GPU_FIELD_MAX = 272, FORGE_GPU_FIELDS = 24 };

enum forge_gpu_dice { FORGE_GPU_COMPOSITE, FORGE_GPU_TCB_INFO, FORGE_GPU_NO_DICE };

struct forge_gpu_field {
    uint16_t type;
    uint16_t size; /* as written; `n` bytes of the value follow */
    uint16_t n;
    uint8_t value[FORGE_GPU_FIELD_MAX];
};

struct forge_gpu_block {
    uint8_t index, specification, type;
    uint16_t size, value_size;
    uint8_t value[SPDM_VALUE_LEN];
};

struct forge_gpu_device {
    struct x509_request requests[FORGE_GPU_CERTS];
    struct ecdsa_secret *keys[FORGE_GPU_CERTS];
    struct buf ders[FORGE_GPU_CERTS];
    char names[FORGE_GPU_CERTS][48];
    char device_name[64]; /* "NVIDIA:GH100:48B0..." */
    enum forge_gpu_dice dice;
    const struct ecdsa_secret *dice_key; /* NULL: the boot ROM's */
    uint8_t fwid[GPU_FWID_LEN];          /* of the certificate */
    uint32_t flags;                      /* of DiceTcbInfo, bit 0 first */

    uint8_t request[SPDM_REQUEST_LEN];
    uint8_t response[4];
    int n_blocks_said; /* -1: as many as there are */
    int record_said;   /* -1: the length of the record */
    struct forge_gpu_block blocks[SPDM_BLOCKS_MAX];
    size_t n_blocks;
    struct forge_gpu_field fields[FORGE_GPU_FIELDS];
    size_t n_fields;
    size_t n_trailing;                     /* bytes after the signature */
    const struct ecdsa_secret *report_key; /* NULL: the leaf's */
    bool is_signature_flipped;

    const char *arch; /* what the list says */
    uint8_t list_nonce[SPDM_NONCE_LEN];
    unsigned omitted_certs; /* mask of enum forge_gpu_cert that the chain lacks */
};

struct forge_gpu {
    struct forge_gpu_device v[FORGE_GPU_DEVICES];
    size_t n;
};

/* One Hopper GPU, driver 550.90.07, VBIOS 96.00.9F.00.01, mode single. */
void forge_gpu_init(struct forge_gpu *f);
void forge_gpu_done(struct forge_gpu *f);
/* One more device of this chip ("GH100", "GB100", "LS_10"), as its kind writes its report. */
struct forge_gpu_device *forge_gpu_add(struct forge_gpu *f, const char *chip, const char *serial);
void forge_gpu_issue(struct forge_gpu *f);
/* Before forge_gpu_issue(): its chain has no authority between root and boot ROM, which are the
 * ones that name a CRL. */
void forge_gpu_issue_by_root(struct forge_gpu_device *d);

void forge_gpu_set_nonce(struct forge_gpu *f, const uint8_t nonce[static SPDM_NONCE_LEN]);
/* The field of this type, added when it is not there; its value is replaced. */
struct forge_gpu_field *forge_gpu_field(struct forge_gpu_device *d, uint16_t type,
                                        struct bytes value);
void forge_gpu_drop(struct forge_gpu_device *d, uint16_t type);

struct buf forge_gpu_report(const struct forge_gpu_device *d);
struct buf forge_gpu_chain(const struct forge_gpu_device *d); /* PEM, leaf first */
struct buf forge_gpu_list(const struct forge_gpu *f);
/* Reference values that fit: VBIOS indices 0..3 and driver indices 4..7 of each device. */
struct buf forge_gpu_reference(const struct forge_gpu *f);
/* A CRL of one authority that revokes these certificates. */
struct buf forge_gpu_crl(const struct forge_gpu *f, enum forge_gpu_cert issuer,
                         const struct bytes *revoked, size_t n);

struct bytes forge_gpu_root(void); /* DER */

#endif
