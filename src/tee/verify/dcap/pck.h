/* pck - what a provisioning certification key's certificate says about its platform.
 *
 * The extension 1.2.840.113741.1.13.1 ("Intel SGX PCK Certificate and Certificate Revocation List
 * Profile Specification", section 1.3.5) is a SEQUENCE of SEQUENCE { OID, value }:
 *
 *     .1  PPID       OCTET STRING 16        .4  FMSPC      OCTET STRING 6
 *     .2  TCB        SEQUENCE, below        .5  SGX type   ENUMERATED 0..2
 *     .3  PCEID      OCTET STRING 2         .6  platform instance id, OCTET STRING 16, optional
 *                                           .7  configuration, optional: BOOLEANs .1 .2 .3
 *     .2.1 to .2.16  INTEGER 0..255, SVN of each component
 *     .2.17          INTEGER 0..65535, PCESVN
 *     .2.18          OCTET STRING 16, CPUSVN
 *
 * Each must be there once, whatever the order, and nothing else may be.
 *
 * Untrusted until the chain of the certificate is proven; views borrow from it.
 */
#ifndef TEE_VERIFY_DCAP_PCK_H
#define TEE_VERIFY_DCAP_PCK_H

#include "base/bytes.h"

#define PCK_EXTENSION_OID "1.2.840.113741.1.13.1"

enum { PCK_COMPONENTS = 16, PCK_FMSPC_LEN = 6, PCK_PCEID_LEN = 2, PCK_PPID_LEN = 16 };

struct pck {
    struct bytes ppid, pceid, fmspc, cpusvn;
    uint8_t svn[PCK_COMPONENTS];
    uint16_t pcesvn;
    uint8_t sgx_type;                  /* 0 standard, 1 scalable, 2 scalable with integrity */
    struct bytes platform_instance_id; /* .p NULL when absent */
};

/* ST_FORMAT or ST_TRUNCATED for any other form, a missing or doubled field included. */
NODISCARD status pck_parse(struct bytes extension, struct pck *out);

/* The same from a certificate; ST_NOTFOUND when it has no such extension. */
NODISCARD status pck_read(struct bytes certificate_der, struct pck *out);

#endif
