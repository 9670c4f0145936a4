/* final_sigma - whether a capital sigma ends its word, so that its lower case is U+03C2.
 *
 * The one capital whose lower case depends on its neighbours (The Unicode Standard, table 3-17,
 * Final_Sigma): a cased letter stands before it, none behind it, with any number of case-ignorable
 * characters between. BERT's own tokenizer and Hugging Face's JavaScript one follow the rule, the
 * Rust one lowers code point by code point. This project follows the rule; it is the only known
 * difference from `tokenizers`, and it shows only in words that end in a capital sigma.
 */
#ifndef ENGINE_FINAL_SIGMA_H
#define ENGINE_FINAL_SIGMA_H

#include "base/bytes.h"

enum { CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2 };

/* text is well-formed UTF-8 with a capital sigma at byte `at`. Characters that clean_text removes
 * are passed over when skip_dropped is set. Never looks beyond the nearest other sigma, so that all
 * calls for one text together are linear in its length. */
bool final_sigma_is(struct bytes text, size_t at, bool skip_dropped);

#endif
