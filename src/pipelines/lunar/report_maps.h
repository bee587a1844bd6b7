/* The pictures of a map's report that show all sweeps: see report.h. */
#ifndef QN_PIPELINES_LUNAR_REPORT_MAPS_H
#define QN_PIPELINES_LUNAR_REPORT_MAPS_H

#include "base/buf.h"
#include "pipelines/lunar/spectra.h"

/* Which sweeps have a potential to show: those whose data tell it from any other. Where no sweep is
 * marked so (profile classic knows no such mark), all that have a value. */
enum qn_report_part { QN_REPORT_DARK, QN_REPORT_SUNLIT, QN_REPORT_PARTS };

bool qn_report_shows(const struct qn_lunar_spectra *spectra, size_t i, enum qn_report_part part);

/* Each appends a PNG. */
enum qn_status qn_report_map(const struct qn_lunar_spectra *spectra, enum qn_report_part part,
                             struct qn_buf *png, struct qn_error *err);
enum qn_status qn_report_track(const struct qn_lunar_spectra *spectra, struct qn_buf *png,
                               struct qn_error *err);
enum qn_status qn_report_regions(const struct qn_lunar_spectra *spectra, struct qn_buf *png,
                                 struct qn_error *err);

#endif
