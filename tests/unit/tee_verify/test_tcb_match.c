/* Which level is reached: by each SVN of the certificate, each byte of TEE_TCB_SVN, each module. */
#include "support/test.h"

#include <string.h>

#include "tee/verify/dcap/tcb_match.h"

static struct tcb_info table;
static uint8_t tee_svn[16], zero[48];
static struct pck pck;
static struct quote_td td;

/* Three levels: 5, 3 and 1 in every place; modules TDX_01 and TDX_10. */
static int set_up(void **state)
{
    (void)state;
    table = (struct tcb_info){.tee = QUOTE_TDX, .n_levels = 3, .n_modules = 2};
    for (unsigned i = 0; i < 3; i++) {
        memset(table.levels[i].sgx, (int)(5 - 2 * i), 16);
        memset(table.levels[i].tdx, (int)(5 - 2 * i), 16);
        table.levels[i].pcesvn = (uint16_t)(5 - 2 * i);
    }
    table.modules[0].id = BYTES_LIT("TDX_01");
    table.modules[1].id = BYTES_LIT("TDX_10");
    table.modules[0].n_levels = 2;
    table.modules[0].levels[0].isvsvn = 5;
    table.modules[0].levels[1].isvsvn = 2;
    memset(tee_svn, 5, sizeof(tee_svn));
    tee_svn[1] = 1;
    memset(pck.svn, 5, sizeof(pck.svn));
    pck.pcesvn = 5;
    td = (struct quote_td){
        .tee_tcb_svn = BYTES_OF(tee_svn),
        .mrsignerseam = BYTES_OF(zero),
        .seam_attributes_view = bytes_of(zero, 8),
    };
    return 0;
}

static int level_of(const struct quote_td *with)
{
    const struct tcb_info_level *l = tcb_match_level(&table, &pck, with);
    return l == NULL ? -1 : (int)(l - table.levels);
}

static void by_the_certificate(void **state)
{
    (void)state;
    assert_int_equal(level_of(NULL), 0);
    for (unsigned i = 0; i < 16; i++) {
        const int want[] = {-1, 2, 2, 1, 1, 0};
        for (uint8_t v = 0; v < 6; v++) {
            pck.svn[i] = v;
            assert_int_equal(level_of(NULL), want[v]);
            assert_int_equal(level_of(&td), want[v]);
        }
    }
    pck.pcesvn = 4;
    assert_int_equal(level_of(NULL), 1);
    pck.pcesvn = 0;
    assert_int_equal(level_of(NULL), -1);
}

/* Bytes 0 and 1 are the module's own, when its major version is not 0. */
static void by_the_td(void **state)
{
    (void)state;
    tee_svn[0] = 0;
    assert_int_equal(level_of(&td), 0);
    for (unsigned i = 2; i < 16; i++) {
        tee_svn[i] = 4;
        assert_int_equal(level_of(&td), 1);
        tee_svn[i] = 0;
        assert_int_equal(level_of(&td), -1);
        assert_int_equal(level_of(NULL), 0);
        tee_svn[i] = 5;
    }
    tee_svn[1] = 0;
    assert_int_equal(level_of(&td), -1);
    for (unsigned i = 0; i < 3; i++)
        table.levels[i].tdx[1] = 0;
    assert_int_equal(level_of(&td), -1);
    tee_svn[0] = 3;
    assert_int_equal(level_of(&td), 1);
}

/* The first that is reached, in the table's order. */
static void in_the_tables_order(void **state)
{
    (void)state;
    struct tcb_info_level first = table.levels[0];
    table.levels[0] = table.levels[2];
    table.levels[2] = first;
    assert_int_equal(level_of(&td), 0);
}

static void modules(void **state)
{
    (void)state;
    assert_ptr_equal(tcb_match_module(&table, &td), &table.modules[0]);
    tee_svn[1] = 0x10;
    assert_ptr_equal(tcb_match_module(&table, &td), &table.modules[1]);
    tee_svn[1] = 2;
    assert_null(tcb_match_module(&table, &td));
    tee_svn[1] = 0;
    assert_ptr_equal(tcb_match_module(&table, &td), &table.module);
    assert_false(tcb_match_has_module_levels(&td));
}

static void module_levels(void **state)
{
    (void)state;
    const struct tcb_info_module *m = &table.modules[0];
    for (uint8_t v = 0; v < 8; v++) {
        const struct tcb_info_module_level *l = NULL;
        tee_svn[0] = v;
        l = tcb_match_module_level(m, &td);
        assert_ptr_equal(l, v >= 5 ? &m->levels[0] : v >= 2 ? &m->levels[1] : NULL);
    }
    assert_null(tcb_match_module_level(&table.modules[1], &td));
}

static void module_identity(void **state)
{
    (void)state;
    struct tcb_info_module m = table.modules[0];
    memset(m.mask, 0xff, sizeof(m.mask));
    assert_ok(tcb_match_check_module(&m, &td));
    for (unsigned i = 0; i < 48; i++) {
        m.mrsigner[i] = 1;
        assert_code(tcb_match_check_module(&m, &td), ST_MISMATCH);
        m.mrsigner[i] = 0;
    }
    for (unsigned i = 0; i < 8; i++) {
        zero[i] = 0x80; /* the TD's attribute */
        td.mrsignerseam = bytes_of(table.modules[0].mrsigner, 48);
        assert_code(tcb_match_check_module(&m, &td), ST_MISMATCH);
        m.mask[i] = 0x7f;
        assert_ok(tcb_match_check_module(&m, &td));
        m.mask[i] = 0xff;
        zero[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_the_certificate, set_up),
        cmocka_unit_test_setup(by_the_td, set_up),
        cmocka_unit_test_setup(in_the_tables_order, set_up),
        cmocka_unit_test_setup(modules, set_up),
        cmocka_unit_test_setup(module_levels, set_up),
        cmocka_unit_test_setup(module_identity, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
