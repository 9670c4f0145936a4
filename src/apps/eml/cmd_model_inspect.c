/* eml model inspect - what a package says that it holds; its signature holds under its own key. */
#include "apps/common/app.h"
#include "apps/eml/commands.h"
#include "apps/eml/model_option.h"
#include "apps/eml/package_text.h"
#include "base/clock.h"

static void tell(const struct manifest *m, bool is_pinned)
{
    if (!is_pinned)
        (void)fprintf(stderr, "eml: the publisher is not pinned: compare the key, or give "
                              "--public-key HEX\n");
    if (m->expires_unix_s <= clock_unix_s())
        (void)fprintf(stderr, "eml: this package has expired and will be refused\n");
}

static status work(const struct cli *args)
{
    struct model_source *src CLEANUP(source_freep) = NULL;
    uint8_t publisher[ED25519_PUBLIC_LEN];
    uint8_t digest[SHA256_LEN];
    struct manifest m = {0};
    bool is_pinned = false;
    TRY(source_open_file(cli_operand(args, 0), &src));
    TRY(model_option_publisher(args, src, publisher, &is_pinned));
    TRY(package_peek(src, publisher, &m, digest));
    tell(&m, is_pinned);
    return package_text_print(&m, digest, src->n_bytes, cli_has(args, "json"));
}

static int run(const struct cli *args)
{
    status s = status_context(work(args), "%s", cli_operand(args, 0));
    return failed(s) ? app_fail(s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"public-key", "HEX", false, false, "accept this publisher only"},
    {"json", NULL, false, false, "print a JSON object"},
};

struct cli_command model_inspect_command(void)
{
    return (struct cli_command){
        .name = "model inspect",
        .operands = "PKG",
        .min_operands = 1,
        .max_operands = 1,
        .summary = "Show the manifest of a package. No key is needed.",
        CLI_OPTIONS(OPTIONS),
        .notes =
            "The manifest's signature is verified; the encrypted files are not looked at. Use eml "
            "model verify\nfor those.",
        .run = run,
    };
}
