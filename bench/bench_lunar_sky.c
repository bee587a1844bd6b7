/* What the geometry of a row takes on one core, as a line of JSON: microseconds for positions,
 * frames and the foot of the field line, and for ephemeris time from UTC. Rows are those of a day,
 * 5 s apart.
 *
 *     bench_lunar_sky DATE KERNEL... attitude.tab
 */
#include "bench.h"

#include "pipelines/lunar/geometry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 17280, STEP_S = 5, ROUNDS = 10 };

static void fill_times(const struct qn_sky *sky, int32_t day, double *et)
{
    for (int i = 0; i < ROWS; i++)
        et[i] = qn_et_from_utc(qn_sky_leaps(sky), (struct qn_utc){day, i * (double)STEP_S});
}

/* Returns how many rows have a foot: a check that work was done. */
static int look_at_all(struct qn_sky *sky, const double *et)
{
    struct qn_error err;
    struct qn_sky_row row;
    int feet = 0;
    for (int i = 0; i < ROWS; i++) {
        const double field[3] = {3 + i % 7, 2 - i % 5, 4 - i % 9};
        must(qn_sky_look(sky, et[i], field, &row, &err), &err);
        if (row.gap != QN_SKY_OK) {
            fprintf(stderr, "row %d: %s\n", i, qn_sky_gap_name(row.gap));
            exit(1);
        }
        feet += row.polarity != 0;
    }
    return feet;
}

int main(int argc, char **argv)
{
    static double et[ROWS];
    struct qn_sky *sky;
    struct qn_error err;
    struct qn_utc date;
    int feet = 0;
    if (argc < 4 || !qn_utc_parse(argv[1], strlen(argv[1]), &date)) {
        fputs("usage: bench_lunar_sky DATE KERNEL... attitude.tab\n", stderr);
        return 2;
    }
    must(qn_sky_open(&sky, (const char *const *)argv + 2, (size_t)argc - 3, argv[argc - 1], &err),
         &err);
    double begin = seconds();
    for (int i = 0; i < ROUNDS; i++)
        fill_times(sky, date.day, et);
    double filled = seconds();
    for (int i = 0; i < ROUNDS; i++)
        feet = look_at_all(sky, et);
    double looked = seconds();
    printf("{\"rows\": %d, \"feet\": %d, \"time_us\": %.4f, \"geometry_us\": %.4f}\n", ROWS, feet,
           (filled - begin) * 1e6 / (ROWS * ROUNDS), (looked - filled) * 1e6 / (ROWS * ROUNDS));
    qn_sky_close(sky);
    return 0;
}
