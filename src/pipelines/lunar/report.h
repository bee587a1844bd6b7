/* What a map adds to report.html: maps of the surface's potential in shadow and in sunlight,
 * potentials by region of plasma, the spacecraft's track, what became of the sweeps, and some
 * sweeps with their fits. Pictures also become files of the dataset. */
#ifndef QN_PIPELINES_LUNAR_REPORT_H
#define QN_PIPELINES_LUNAR_REPORT_H

#include <quern/pipeline.h>

enum qn_status qn_lunar_report(const struct qn_job *job, const char *manifest, char **html,
                               struct qn_error *err);

#endif
