/* The archives' files of Lunar Prospector: see archive.h. */
#include "pipelines/lunar/archive.h"

#include <stdio.h>
#include <string.h>

#define NAIF  "https://naif.jpl.nasa.gov/pub/naif/"
#define ORBIT NAIF "LPM/kernels/spk/"

const struct qn_archive_file qn_archive_files[] = {
    {"lp_ask_980111-980531.bsp", QN_ARCHIVE_ORBIT, ORBIT "lp_ask_980111-980531.bsp",
     "9d0f6633d6a6c3eefb7e070a4cafb47bab3ecacb", "1998-01-11", "1998-05-31"},
    {"lp_ask_980601-981031.bsp", QN_ARCHIVE_ORBIT, ORBIT "lp_ask_980601-981031.bsp",
     "7280d34c39c0efd7e2961b3ecf2f067c11382e0f", "1998-06-01", "1998-10-31"},
    {"lp_ask_981101-990331.bsp", QN_ARCHIVE_ORBIT, ORBIT "lp_ask_981101-990331.bsp",
     "b3b3b09738875fd630d2611f174f36cb3b2586df", "1998-11-01", "1999-03-31"},
    {"lp_ask_990401-990730.bsp", QN_ARCHIVE_ORBIT, ORBIT "lp_ask_990401-990730.bsp",
     "d0d1e3d67ab8f2640a288eed8f452e4895503b0d", "1999-04-01", "1999-07-30"},
    {"lpephemu.bsp", QN_ARCHIVE_PLANETS,
     "https://pds-geosciences.wustl.edu/missions/lunarp/spice/lpephemu.bsp",
     "1eece70640f2d1a2e5c7ad318a15af815819077f", NULL, NULL},
    {"naif0012.tls", QN_ARCHIVE_LEAPS, NAIF "generic_kernels/lsk/latest_leapseconds.tls",
     "09d4bd44f3f72e01d02bc6df06b5db1a6a877351", NULL, NULL},
    {"pck00011.tpc", QN_ARCHIVE_FRAMES, NAIF "generic_kernels/pck/pck00011.tpc",
     "5a224831c6b765d15e078cc7d8ceeab03a63d450", NULL, NULL},
    {"attitude.tab", QN_ARCHIVE_ATTITUDE,
     "https://pds-geosciences.wustl.edu/lunar/prospectorcd/lp_0019/geometry/attitude.tab", NULL,
     "1998-01-07", "1999-05-31"},
    {"theta.tab", QN_ARCHIVE_THETA,
     "https://pds-ppi.igpp.ucla.edu/data/lp-er-calibrated/data-3deleflux-anc/theta/theta.tab", NULL,
     NULL, NULL},
    {0}};

const struct qn_archive_file *qn_archive_find(enum qn_archive_kind kind, const char *date)
{
    for (const struct qn_archive_file *file = qn_archive_files; file->name; file++) {
        bool covers = !file->first || (strcmp(file->first, date) <= 0 &&
                                       strncmp(date, file->last, strlen(file->last)) <= 0);
        if (file->kind == kind && covers)
            return file;
    }
    return NULL;
}

bool qn_archive_is_kernel(enum qn_archive_kind kind)
{
    return kind <= QN_ARCHIVE_FRAMES;
}

void qn_archive_spectra_path(struct qn_civil day, char path[QN_ARCHIVE_PATH])
{
    static const char months[][4] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                     "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
    int32_t new_year = qn_days_from_civil(day.year, 1, 1);
    int32_t first = qn_days_from_civil(day.year, day.month, 1) - new_year + 1;
    int32_t last = day.month == 12 ? qn_days_from_civil(day.year, 12, 31) - new_year + 1
                                   : qn_days_from_civil(day.year, day.month + 1, 1) - new_year;
    snprintf(path, QN_ARCHIVE_PATH, "%04d/%03d_%03d%s/3D%02d%02u%02u.TAB", day.year % 10000,
             (int)first % 1000, (int)last % 1000, months[(day.month - 1) % 12], day.year % 100,
             day.month % 100, day.day % 100);
}
