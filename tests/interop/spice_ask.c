/* Answers questions about SPICE kernels, one a line on standard input, for tests/interop/
 * test_lunar_kernels.py: `spice_ask KERNEL...`. Numbers are printed with all their digits.
 *
 *   state TARGET CENTRE ET   six numbers, or "- " and the message
 *   moon ET                  the rotation from J2000 to IAU_MOON, by rows
 *   frame NUMBER             the rotation from J2000 to an inertial frame
 *   et UTC                   ephemeris time
 *   utc ET                   with six decimals
 */
#include "pipelines/lunar/kernels.h"

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

static void answer(struct qn_kernels *kernels, char *line)
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
    struct qn_error err = {0};
    char line[256];
    enum qn_status status = qn_kernels_new(&kernels, &err);
    for (int i = 1; i < argc && !status; i++)
        status = qn_kernels_load(kernels, argv[i], &err);
    if (!status)
        status = qn_kernels_ready(kernels, &err);
    while (!status && fgets(line, sizeof line, stdin))
        answer(kernels, line);
    if (status)
        fprintf(stderr, "%s\n", err.message);
    qn_kernels_free(kernels);
    return status != QN_OK;
}
