/* Which header layout a survey has, and what of it becomes columns, key and raw bytes. */
#ifndef QN_PIPELINES_SEGY_IMPORT_DECIDE_HEADERS_H
#define QN_PIPELINES_SEGY_IMPORT_DECIDE_HEADERS_H

#include "pipelines/segy/import.h"

/* Decides all that an import says of headers, from the options and, where they say nothing, from
 * the first file: the layout that it brings along (revision 2.1), that of Seismic Unix or PASSCAL
 * if it is theirs, the standard one. The survey and its layout are there. `mapping` gets what texts
 * point into; release both, also after a failure. */
enum qn_status qn_decide_headers(const struct qn_options *options, struct qn_segy_mapping *mapping,
                                 struct qn_import *import, struct qn_error *err);

#endif
