/* The first byte chooses: a message as it is, or what lies behind the wrap: the input is the key
 * that is wrapped, its length in one byte, and the sealed content. Nothing opens but what was
 * sealed. */
#include "crypto/cms.h"

#include <stdlib.h>

#include "base/text.h"

enum { OUT_MAX = 1 << 17 };

static struct rsa_secret *key;
static struct buf spki;

static void must(status s)
{
    if (failed(s))
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    spki = BUF_MAX(RSA_SPKI_MAX_BYTES);
    must(rsa_generate(RSA_BITS_MIN, &key));
    must(rsa_public_spki(key, &spki));
    return 0;
}

static void put_hex(struct buf *out, const char *text)
{
    must(hex_decode_buf(bytes_str(text), out));
}

static void put_item(struct buf *out, uint8_t tag, struct bytes content)
{
    buf_put_u8(out, tag);
    buf_put_u8(out, 0x82);
    buf_put_u16be(out, (uint16_t)content.n);
    buf_put(out, content);
}

static void put_recipient(struct buf *out, struct bytes content_key)
{
    struct buf wrapped CLEANUP(buf_done) = BUF_MAX(1024);
    struct buf body CLEANUP(buf_done) = BUF_MAX(2048);
    struct buf set CLEANUP(buf_done) = BUF_MAX(2048);
    must(rsa_oaep_seal(buf_view(&spki), content_key, &wrapped));
    put_hex(&body, "0201028001aa303c06092a864886f70d010107302fa00f300d06096086480165030402010500"
                   "a11c301a06092a864886f70d010108300d06096086480165030402010500");
    put_item(&body, 0x04, buf_view(&wrapped));
    put_item(&set, 0x30, buf_view(&body));
    put_item(out, 0x31, buf_view(&set));
}

static void open_behind_the_wrap(struct bytes in)
{
    struct rd r = rd_over(in);
    struct bytes content_key = rd_take(&r, rd_u8(&r) % 64), sealed = rd_take(&r, rd_left(&r));
    struct buf m CLEANUP(buf_done) = BUF_MAX(OUT_MAX);
    struct buf plain CLEANUP(buf_done) = BUF_MAX(OUT_MAX);
    if (r.short_read || sealed.n > 0xffff)
        return;
    put_hex(&m, "308006092a864886f70d010703a0803080020102");
    put_recipient(&m, content_key);
    put_hex(&m, "308006092a864886f70d010701301d060960864801650304012a0410");
    put_hex(&m, "000102030405060708090a0b0c0d0e0fa080");
    put_item(&m, 0x04, sealed);
    put_hex(&m, "00000000000000000000");
    must(buf_status(&m));
    status s = cms_decrypt(key, buf_view(&m), &plain);
    bool has_blocks = sealed.n > 0 && sealed.n % 16 == 0 && m.n <= CMS_MAX_BYTES;
    if (ok(s) && (content_key.n != 32 || !has_blocks || plain.n >= sealed.n))
        abort();
    if (failed(s) && has_blocks && s.code != ST_AUTH)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf plain CLEANUP(buf_done) = BUF_MAX(OUT_MAX);
    if (n == 0)
        return 0;
    if (data[0] == 'w')
        open_behind_the_wrap(bytes_of(data + 1, n - 1));
    else if (ok(cms_decrypt(key, bytes_of(data + 1, n - 1), &plain)))
        abort(); /* nobody else has the key */
    return 0;
}
