/* First byte 0: the rest is a tokenizer.json. Otherwise: a text for a small fixed tokenizer, whose
 * ids must not depend on the room for them. */
#include "engine/tokenizer.h"

#include <stdlib.h>
#include <string.h>

static const char SMALL[] =
    "{\"added_tokens\":[{\"id\":3,\"special\":true,\"content\":\"[SEP]\",\"single_word\":false,"
    "\"lstrip\":false,\"rstrip\":false,\"normalized\":false}],\"normalizer\":{\"type\":"
    "\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":null,"
    "\"lowercase\":true},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"post_processor\":{"
    "\"type\":\"BertProcessing\",\"cls\":[\"[CLS]\",2],\"sep\":[\"[SEP]\",3]},\"model\":{\"type\":"
    "\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
    "\"max_input_chars_per_word\":100,\"vocab\":{\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"a\":4,"
    "\"##a\":5,\"b\":6,\"ab\":7,\"##ba\":8,\".\":9,\"\u4e2d\":10,\"e\":11,\"##\U0001d165\":12}}}";

enum { ROOM = 4096, LESS_ROOM = 5 };

static void encode_both(const struct tokenizer *t, struct bytes text)
{
    static uint32_t many[ROOM];
    uint32_t few[LESS_ROOM];
    size_t n_many = 0;
    size_t n_few = 0;
    bool is_cut = false;
    bool is_cut_few = false;
    status s = tokenizer_encode(t, text, ROOM, many, &n_many, &is_cut);
    status s_few = tokenizer_encode(t, text, LESS_ROOM, few, &n_few, &is_cut_few);
    if (s.code != s_few.code)
        abort();
    if (failed(s))
        return;
    if (n_many > ROOM || n_few > LESS_ROOM || is_cut_few != (n_many > LESS_ROOM))
        abort();
    if (memcmp(many, few, (n_few - 1) * sizeof(*few)) != 0 || few[n_few - 1] != many[n_many - 1])
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct tokenizer *small;
    struct tokenizer *t CLEANUP(tokenizer_freep) = NULL;
    if (small == NULL && failed(tokenizer_new(bytes_str(SMALL), &small)))
        abort();
    if (n == 0)
        return 0;
    struct bytes rest = {data + 1, n - 1};
    if (data[0] != 0)
        encode_both(small, rest);
    else if (ok(tokenizer_new(rest, &t)))
        encode_both(t, BYTES_LIT("ab [CLS]\xc3\xa9"));
    return 0;
}
