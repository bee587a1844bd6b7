/* The attitude table of Lunar Prospector (attitude.tab): where the spin axis pointed. Records of a
 * time, the spin rate, and the axis as longitude and latitude in the mean ecliptic of J2000 (its
 * label calls them right ascension and declination), before and after each manoeuvre.
 */
#ifndef QN_PIPELINES_LUNAR_ATTITUDE_H
#define QN_PIPELINES_LUNAR_ATTITUDE_H

#include "compute/ephemeris_time.h"

#include <quern/error.h>

struct qn_attitude;

/* Fields may be parted by commas, semicolons or blanks, lines end with LF or CRLF. Times have to
 * increase strictly; the error names the line. */
enum qn_status qn_attitude_read(struct qn_attitude **attitude, const char *path,
                                const struct qn_leaps *leaps, struct qn_error *err);
void qn_attitude_free(struct qn_attitude *attitude);

double qn_attitude_start(const struct qn_attitude *attitude); /* ephemeris time */
double qn_attitude_stop(const struct qn_attitude *attitude);

/* Linear between neighbours, the longitude along the shorter arc. False outside the table. */
bool qn_attitude_at(const struct qn_attitude *attitude, double et, double *longitude_deg,
                    double *latitude_deg);

#endif
