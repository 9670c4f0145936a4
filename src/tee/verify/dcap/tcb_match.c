#include "tee/verify/dcap/tcb_match.h"

#include <stdio.h>

/* TEE_TCB_SVN: byte 0 is the module's minor SVN, byte 1 its major version, 0 before 1.5; the bytes
 * from 2 on belong to the platform. */
enum { SVN_MINOR = 0, SVN_MAJOR = 1, SVN_PLATFORM = 2 };

static bool reaches(const uint8_t *got, const uint8_t *want, size_t from)
{
    for (size_t i = from; i < PCK_COMPONENTS; i++) {
        if (got[i] < want[i])
            return false;
    }
    return true;
}

bool tcb_match_has_module_levels(const struct quote_td *td)
{
    return td->tee_tcb_svn.p[SVN_MAJOR] > 0;
}

/* A module that has levels of its own is judged by those, and its two bytes are left out here. */
static bool td_reaches(const struct quote_td *td, const struct tcb_info_level *level)
{
    return reaches(td->tee_tcb_svn.p, level->tdx,
                   tcb_match_has_module_levels(td) ? SVN_PLATFORM : 0);
}

const struct tcb_info_level *tcb_match_level(const struct tcb_info *t, const struct pck *p,
                                             const struct quote_td *td)
{
    for (size_t i = 0; i < t->n_levels; i++) {
        const struct tcb_info_level *level = &t->levels[i];
        bool is_reached = reaches(p->svn, level->sgx, 0) && p->pcesvn >= level->pcesvn;
        if (is_reached && (td == NULL || td_reaches(td, level)))
            return level;
    }
    return NULL;
}

const struct tcb_info_module *tcb_match_module(const struct tcb_info *t, const struct quote_td *td)
{
    char id[TCB_INFO_MODULE_ID_MAX];
    if (!tcb_match_has_module_levels(td))
        return &t->module;
    (void)snprintf(id, sizeof(id), "TDX_%02X", td->tee_tcb_svn.p[SVN_MAJOR]);
    for (size_t i = 0; i < t->n_modules; i++) {
        if (bytes_equal(t->modules[i].id, bytes_str(id)))
            return &t->modules[i];
    }
    return NULL;
}

status tcb_match_check_module(const struct tcb_info_module *m, const struct quote_td *td)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < sizeof(m->mask); i++)
        difference |= (uint8_t)((td->seam_attributes_view.p[i] & m->mask[i]) ^ m->attributes[i]);
    REQUIRE(bytes_equal(td->mrsignerseam, BYTES_OF(m->mrsigner)), ST_MISMATCH,
            "the TDX module's signer (MRSIGNERSEAM) is another");
    REQUIRE(difference == 0, ST_MISMATCH, "the TDX module's attributes are others");
    return OK;
}

const struct tcb_info_module_level *tcb_match_module_level(const struct tcb_info_module *m,
                                                           const struct quote_td *td)
{
    for (size_t i = 0; i < m->n_levels; i++) {
        if (m->levels[i].isvsvn <= td->tee_tcb_svn.p[SVN_MINOR])
            return &m->levels[i];
    }
    return NULL;
}

static bool has_advisory(const struct tcb_match *m, struct bytes id)
{
    for (size_t i = 0; i < m->n_advisories; i++) {
        if (bytes_equal(m->advisories[i], id))
            return true;
    }
    return false;
}

static void add_advisories(struct tcb_match *m, const struct tcb_status_word *word)
{
    struct bytes id;
    size_t n = word->advisories != NULL ? json_len(word->advisories) : 0;
    for (size_t i = 0; i < n; i++) {
        if (json_is_text(json_at(word->advisories, i), &id) && !has_advisory(m, id))
            m->advisories[m->n_advisories++] = id;
    }
}

void tcb_match_merge(const struct tcb_status_word *platform,
                     const struct tcb_status_word *const *parts, size_t n_parts,
                     struct tcb_match *out)
{
    *out = (struct tcb_match){.status = platform->status};
    add_advisories(out, platform);
    for (size_t i = 0; i < n_parts && i < TCB_MATCH_PARTS_MAX; i++) {
        if (parts[i] == NULL)
            continue;
        out->status = tcb_status_merge(out->status, parts[i]->status);
        add_advisories(out, parts[i]);
    }
}
