/* Synthetic market archives: prices and SCED tables in the form and with the quirks of the real
 * ones, for benchmarks of any size and, with planted faults, for tests whose truth is known. The
 * same parameters give the same bytes on every machine.
 */
#ifndef QN_PIPELINES_ERCOT_SYNTH_H
#define QN_PIPELINES_ERCOT_SYNTH_H

#include <quern/error.h>
#include <stdbool.h>
#include <stdint.h>

enum er_synth_table {
    ER_SYNTH_RT,  /* NP6-905-CD: a file per 15 minutes */
    ER_SYNTH_DAM, /* NP4-190-CD: a file per day */
    ER_SYNTH_SCED /* 60-day SCED generation: a file per day, 188 quoted columns */
};

enum er_synth_pack { ER_SYNTH_CSV, ER_SYNTH_ZIP, ER_SYNTH_NESTED /* a zip of zips per day */ };

struct er_synth {
    const char *folder; /* made if it is not there */
    enum er_synth_table table;
    enum er_synth_pack pack;
    int32_t first_day; /* since 1970-01-01 */
    uint32_t days;     /* 1 to 3700 */
    uint32_t points;   /* rows of an interval: 40 to 100000 */
    uint64_t seed;
    bool faults; /* RT: plant faults; what has to be found is written to FOLDER.answer.json */
};

/* Writes the archive. Parameters out of range are QN_ERR_USAGE. */
enum qn_status er_synthesize(const struct er_synth *synth, struct qn_error *err);

#endif
