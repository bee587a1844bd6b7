/* Answers questions about SPICE kernels, one a line on standard input, for tests/interop/
 * test_lunar_kernels.py and test_lunar_geometry.py: `spice_ask KERNEL... [ATTITUDE.tab]`. Numbers
 * are printed with all their digits.
 *
 *   state TARGET CENTRE ET   six numbers, or "- " and the message
 *   moon ET                  the rotation from J2000 to IAU_MOON, by rows
 *   frame NUMBER             the rotation from J2000 to an inertial frame
 *   et UTC                   ephemeris time
 *   utc ET                   with six decimals
 *   look ET BX BY BZ         the geometry of a row: gap, polarity, two flags, 20 numbers
 */
#include "pipelines/lunar/geometry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(const double *numbers, int count)
{
    for (int i = 0; i < count; i++)
        printf("%.17g%c", numbers[i], i + 1 < count ? ' ' : '\n');
}

static void tell_state(struct qn_kernels *kernels, char *words)
{
    char *end;
    double state[6];
    struct qn_error err = {0};
    int target = (int)strtol(words, &end, 10);
    int centre = (int)strtol(end, &end, 10);
    if (qn_kernels_state(kernels, target, centre, strtod(end, NULL), state, &err))
        printf("- %s\n", err.message);
    else
        print(state, 6);
}

static void look(struct qn_sky *sky, char *words)
{
    double numbers[4];
    struct qn_sky_row row;
    struct qn_error err = {0};
    for (int i = 0; i < 4; i++)
        numbers[i] = strtod(words, &words);
    if (qn_sky_look(sky, numbers[0], numbers + 1, &row, &err)) {
        printf("- %s\n", err.message);
        return;
    }
    const double found[] = {
        row.gap,
        row.polarity,
        row.in_sun,
        row.foot_in_sun,
        row.lat_deg,
        row.lon_deg,
        row.altitude_km,
        row.position_km[0],
        row.position_km[1],
        row.position_km[2],
        row.sun[0],
        row.sun[1],
        row.sun[2],
        row.field[0],
        row.field[1],
        row.field[2],
        row.sun_zenith_deg,
        row.foot_lat_deg,
        row.foot_lon_deg,
        row.foot_km,
        row.foot_dip_deg,
        row.foot_zenith_deg,
        row.sun_scd[0],
        row.sun_scd[2],
    };
    print(found, sizeof found / sizeof *found);
}

static void answer(struct qn_kernels *kernels, struct qn_sky *sky, char *line)
{
    double rotation[3][3];
    char text[QN_UTC_TEXT];
    struct qn_utc utc;
    char *rest = line + strcspn(line, " ");
    *rest = '\0';
    rest++;
    rest[strcspn(rest, "\n")] = '\0';
    if (!strcmp(line, "state")) {
        tell_state(kernels, rest);
    } else if (!strcmp(line, "look")) {
        look(sky, rest);
    } else if (!strcmp(line, "moon")) {
        qn_moon_rotation(qn_kernels_moon(kernels), strtod(rest, NULL), rotation);
        print(rotation[0], 9);
    } else if (!strcmp(line, "frame")) {
        if (qn_inertial_rotation((int)strtol(rest, NULL, 10), rotation))
            print(rotation[0], 9);
        else
            printf("- no such frame\n");
    } else if (!strcmp(line, "et")) {
        bool valid = qn_utc_parse(rest, strlen(rest), &utc);
        printf("%.17g\n", valid ? qn_et_from_utc(qn_kernels_leaps(kernels), utc) : 0.0 / 0.0);
    } else {
        qn_utc_print(qn_utc_from_et(qn_kernels_leaps(kernels), strtod(rest, NULL)), 6, text);
        printf("%s\n", text);
    }
}

int main(int argc, char **argv)
{
    struct qn_kernels *kernels = NULL;
    struct qn_sky *sky = NULL;
    struct qn_error err = {0};
    char line[256];
    const char *last = argv[argc - 1];
    bool attitude = strlen(last) > 4 && !strcmp(last + strlen(last) - 4, ".tab");
    int count = argc - 1 - attitude;
    enum qn_status status = qn_kernels_new(&kernels, &err);
    for (int i = 1; i <= count && !status; i++)
        status = qn_kernels_load(kernels, argv[i], &err);
    if (!status)
        status = qn_kernels_ready(kernels, &err);
    if (!status && attitude)
        status = qn_sky_open(&sky, (const char *const *)argv + 1, (size_t)count, last, &err);
    while (!status && fgets(line, sizeof line, stdin))
        answer(kernels, sky, line);
    if (status)
        fprintf(stderr, "%s\n", err.message);
    qn_sky_close(sky);
    qn_kernels_free(kernels);
    return status != QN_OK;
}
