/* channel - from a byte stream to an attested session. docs/PROTOCOL.md sections 2 to 4.
 *
 *     client                                     server (enclave)
 *       client hello: nonce, suites, freshness ->
 *                 <- server hello: suite, freshness, HPKE key, limits, evidence, signature
 *       client key: HPKE enc, confirmation     ->
 *                 <- server done: confirmation
 *
 * Untrusted: everything that arrives before the confirmations hold. The client sends nothing but a
 * nonce and its preferences before the evidence has been accepted and the identity key in it has
 * signed this very handshake.
 */
#ifndef CHANNEL_CHANNEL_H
#define CHANNEL_CHANNEL_H

#include "channel/session.h"
#include "crypto/aead.h"
#include "crypto/ed25519.h"

struct checks;
struct evidence_cache;
struct evidence_inputs;
struct evidence_memory;
struct evidence_policy;
struct statement;
struct stream;

enum { CHANNEL_NONCE_LEN = 32 };

struct channel_client_options {
    const struct evidence_policy *policy; /* borrowed; required */
    enum aead_alg alg;            /* the only suite offered; 0: AES-256-GCM, then ChaCha20 */
    int64_t at_unix_s;            /* time at which evidence is judged */
    struct channel_limits limits; /* zeroes: defaults */
    /* What the client has to judge evidence with: CRLs, collateral, keys. Borrowed; NULL: nothing.
     * What is not here may come in the server's bundle. */
    const struct evidence_inputs *beside;
    struct evidence_cache *cache;   /* chains that held before; NULL: none */
    struct evidence_memory *memory; /* newest collateral; NULL: none */
};

/*
 * Takes the stream (also on failure), verifies the server and returns a session. out_checks gets
 * every check of the evidence and of the handshake, also on failure; it may not be NULL.
 *
 * Fails with the code of the first check that failed (ST_POLICY, ST_AUTH, ST_MISMATCH ...), with
 * ST_FORMAT, ST_LIMIT or ST_PROTOCOL for a malformed peer, ST_ALG for a suite or freshness that was
 * not offered, ST_BUSY or ST_CLOSED when the host or the enclave refused in the clear (a hint that
 * nobody signed), ST_TIMEOUT, ST_CUT, ST_IO.
 */
NODISCARD status channel_connect(struct stream *taken, const struct channel_client_options *options,
                                 struct checks *out_checks, struct session **out);

struct channel_epoch;

/* What the server is; plain data, the same for all its sessions. */
struct channel_identity {
    const struct ed25519_secret *key; /* channel identity key; borrowed */
    uint8_t receipt_key[ED25519_PUBLIC_LEN];
    struct bytes platform; /* "aws-nitro", "intel-tdx" ...; borrowed */
    struct bytes service;  /* borrowed */
    uint8_t config_digest[32];
    uint8_t model_digest[32];
    uint8_t device_digest[32];
    uint8_t evidence_type; /* enum evidence_type */
    /* Makes evidence over a statement; called from many threads. */
    status (*attest)(void *ctx, const struct statement *s, struct buf *out);
    void *ctx;
    struct channel_epoch *epoch; /* NULL: freshness `session` only */
};

/* Takes the stream (also on failure). limits may be NULL: defaults. On failure the peer is told no
 * more than status_public() of the code. */
NODISCARD status channel_accept(struct stream *taken, const struct channel_identity *identity,
                                const struct channel_limits *limits, struct session **out);

/* Takes the stream and closes it with a reason, without waiting: for a server that is full. */
void channel_refuse(struct stream *taken, enum status_code reason);

/* Evidence that many sessions share (freshness `epoch`): made on first use and again when it is
 * older than life_s. Thread-safe. */
NODISCARD status channel_epoch_new(uint32_t life_s, struct channel_epoch **out);
void channel_epoch_freep(struct channel_epoch **e);

#endif
