#include "engine/wordpiece.h"

#include <stdlib.h>

/* Where in a word an entry may stand. */
enum place { PLACE_FIRST, PLACE_REST, PLACES };

struct entry {
    uint32_t at; /* of its text, without prefix, in `text` */
    uint32_t n;
    uint32_t id;
};

/* A slot holds the hash's upper half and the entry's number plus one; 0 when free. A probe that
 * misses touches the slot alone. */
struct wordpiece {
    uint64_t *slots;
    uint64_t mask;
    struct entry *entries;
    uint32_t n_entries;
    uint8_t *text;
    uint32_t text_used;
    uint32_t longest[PLACES]; /* bytes */
    uint32_t id_bound;
};

/* FNV-1a, whose value after each byte is the hash of that prefix, with a last mixing step. */
static uint64_t hash_begin(enum place place)
{
    return place == PLACE_FIRST ? 0xcbf29ce484222325u : 0x84222325cbf29ce4u;
}

static uint64_t hash_byte(uint64_t h, uint8_t byte)
{
    return (h ^ byte) * 0x100000001b3u;
}

static uint64_t hash_end(uint64_t h)
{
    h ^= h >> 32;
    return h * 0x9e3779b97f4a7c15u;
}

static uint64_t hash_of(enum place place, struct bytes text)
{
    uint64_t h = hash_begin(place);
    for (size_t i = 0; i < text.n; i++)
        h = hash_byte(h, text.p[i]);
    return hash_end(h);
}

static uint64_t tag_of(uint64_t hash)
{
    return hash & 0xffffffff00000000u;
}

static bool find(const struct wordpiece *w, uint64_t hash, struct bytes text, uint32_t *out_id)
{
    for (uint64_t at = hash & w->mask;; at = (at + 1) & w->mask) {
        uint64_t slot = w->slots[at];
        if (slot == 0)
            return false;
        if (tag_of(slot) != tag_of(hash))
            continue;
        const struct entry *e = &w->entries[(uint32_t)slot - 1];
        if (e->n != text.n || memcmp(w->text + e->at, text.p, text.n) != 0)
            continue;
        *out_id = e->id;
        return true;
    }
}

static void add(struct wordpiece *w, enum place place, struct bytes text, uint32_t id)
{
    uint64_t hash = hash_of(place, text);
    uint64_t at = hash & w->mask;
    while (w->slots[at] != 0)
        at = (at + 1) & w->mask;
    memcpy(w->text + w->text_used, text.p, text.n);
    w->entries[w->n_entries] = (struct entry){w->text_used, (uint32_t)text.n, id};
    w->text_used += (uint32_t)text.n;
    w->slots[at] = tag_of(hash) | ++w->n_entries;
    if (text.n > w->longest[place])
        w->longest[place] = (uint32_t)text.n;
}

static bool begins_with(struct bytes text, struct bytes prefix)
{
    return text.n >= prefix.n && bytes_equal(bytes_of(text.p, prefix.n), prefix);
}

/* Bounds everything before the tables are sized. */
static status measure(const json_t *vocab, size_t *out_n, size_t *out_bytes, uint32_t *out_bound)
{
    void *it = NULL;
    struct bytes text;
    const json_t *value;
    size_t n = 0;
    size_t bytes = 0;
    for (; json_member(vocab, &it, &text, &value); n++) {
        int64_t id = 0;
        REQUIRE(text.n <= WORDPIECE_ENTRY_BYTES_MAX, ST_LIMIT,
                "tokenizer: a vocabulary entry of %zu bytes", text.n);
        REQUIRE(json_is_int(value, &id) && id >= 0 && id <= WORDPIECE_ID_MAX, ST_FORMAT,
                "tokenizer: the id of \"%.64s\" is no id", (const char *)text.p);
        bytes += text.n;
        if ((uint32_t)id >= *out_bound)
            *out_bound = (uint32_t)id + 1;
    }
    REQUIRE(n > 0, ST_FORMAT, "tokenizer: the vocabulary is no object, or empty");
    REQUIRE(n <= WORDPIECE_ENTRIES_MAX, ST_LIMIT, "tokenizer: %zu vocabulary entries", n);
    *out_n = n;
    *out_bytes = bytes;
    return OK;
}

static status make_room(struct wordpiece *w, size_t n, size_t bytes)
{
    uint64_t n_slots = 16;
    while (n_slots < 4 * n)
        n_slots *= 2;
    w->mask = n_slots - 1;
    /* An entry with the prefix is stored twice. */
    w->slots = calloc(n_slots, sizeof(*w->slots));
    w->entries = malloc(2 * n * sizeof(*w->entries));
    w->text = malloc(2 * bytes + 1);
    REQUIRE(w->slots != NULL && w->entries != NULL && w->text != NULL, ST_NOMEM,
            "no memory for %zu vocabulary entries", n);
    return OK;
}

static status mark_id(uint8_t *seen, uint32_t id)
{
    uint8_t bit = (uint8_t)(1u << (id & 7));
    REQUIRE(!(seen[id >> 3] & bit), ST_FORMAT, "tokenizer: two vocabulary entries have id %u", id);
    seen[id >> 3] |= bit;
    return OK;
}

static status fill(struct wordpiece *w, const json_t *vocab, struct bytes prefix, uint8_t *seen)
{
    void *it = NULL;
    struct bytes text;
    const json_t *value;
    while (json_member(vocab, &it, &text, &value)) {
        int64_t id = 0;
        (void)json_is_int(value, &id);
        TRY(mark_id(seen, (uint32_t)id));
        add(w, PLACE_FIRST, text, (uint32_t)id);
        if (begins_with(text, prefix))
            add(w, PLACE_REST, bytes_of(text.p + prefix.n, text.n - prefix.n), (uint32_t)id);
    }
    return OK;
}

status wordpiece_new(const json_t *vocab, struct bytes prefix, struct wordpiece **out)
{
    size_t n = 0;
    size_t bytes = 0;
    uint32_t bound = 0;
    TRY(measure(vocab, &n, &bytes, &bound));
    struct wordpiece *w CLEANUP(wordpiece_freep) = calloc(1, sizeof(*w));
    REQUIRE(w != NULL, ST_NOMEM, "no memory for a vocabulary");
    TRY(make_room(w, n, bytes));
    uint8_t *seen = calloc(bound / 8 + 1, 1);
    REQUIRE(seen != NULL, ST_NOMEM, "no memory for a vocabulary");
    status s = fill(w, vocab, prefix, seen);
    free(seen);
    TRY(s);
    w->id_bound = bound;
    *out = w;
    w = NULL;
    return OK;
}

void wordpiece_freep(struct wordpiece **w)
{
    if (*w == NULL)
        return;
    free((*w)->slots);
    free((*w)->entries);
    free((*w)->text);
    free(*w);
    *w = NULL;
}

uint32_t wordpiece_id_bound(const struct wordpiece *w)
{
    return w->id_bound;
}

bool wordpiece_find(const struct wordpiece *w, struct bytes text, uint32_t *out_id)
{
    return find(w, hash_of(PLACE_FIRST, text), text, out_id);
}

/* The longest entry that the text begins with: one pass forward hashes every prefix that ends with
 * a character, then the probes go from the longest down. Returns its length, or 0. */
static size_t longest_match(const struct wordpiece *w, enum place place, struct bytes text,
                            uint64_t *hashes, uint32_t *out_id)
{
    size_t n = text.n < w->longest[place] ? text.n : w->longest[place];
    uint64_t h = hash_begin(place);
    for (size_t i = 0; i < n; i++)
        hashes[i] = h = hash_byte(h, text.p[i]);
    for (; n > 0; n--) {
        bool ends_inside = n < text.n && (text.p[n] & 0xc0) == 0x80;
        if (!ends_inside && find(w, hash_end(hashes[n - 1]), bytes_of(text.p, n), out_id))
            return n;
    }
    return 0;
}

size_t wordpiece_split(const struct wordpiece *w, struct bytes word,
                       struct wordpiece_scratch *scratch, uint32_t *out_ids)
{
    size_t n_pieces = 0;
    for (size_t at = 0; at < word.n; n_pieces++) {
        enum place place = at == 0 ? PLACE_FIRST : PLACE_REST;
        struct bytes rest = {word.p + at, word.n - at};
        size_t n = longest_match(w, place, rest, scratch->hashes, &out_ids[n_pieces]);
        if (n == 0)
            return 0;
        at += n;
    }
    return n_pieces;
}
