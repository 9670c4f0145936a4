/* selftest_sample - simulated evidence and its policy, for a self-test without a file.
 *
 * Its root has signed one chain and is forgotten. No verification but the self-test's own reads the
 * policy, so that it makes nobody trust anything.
 */
#ifndef APPS_EML_VERIFY_SELFTEST_SAMPLE_H
#define APPS_EML_VERIFY_SELFTEST_SAMPLE_H

#include "base/bytes.h"

struct bytes selftest_sample_evidence(void);
struct bytes selftest_sample_policy(void);
int64_t selftest_sample_time(void); /* inside its certificates' three hours */

#endif
