/* What the files of a survey hold beside traces: reel headers, a tape label, extended text, what
 * follows the last trace. Glue keeps them byte for byte below raw/, in a numbered folder for each
 * file where there are several, and readable beside the data. */
#ifndef QN_PIPELINES_SEGY_REEL_H
#define QN_PIPELINES_SEGY_REEL_H

#include "pipelines/segy/import.h"

#define QN_TEXT_HEADER "text_header.txt"

/* The folder that holds what file `i` is made of beside its traces: "raw", or "raw/0012". */
#define QN_REEL_FOLDER 24
void qn_reel_folder(const struct qn_survey *survey, size_t i, char folder[QN_REEL_FOLDER]);

/* Glue: writes text_header.bin, binary_header.bin and where there are such tape_label.bin,
 * extended_headers.bin, gap.bin and trailer.bin of every file, then text_header.txt and
 * binary_header.json. Files of Seismic Unix have none of them. */
enum qn_status qn_reel_glue(struct qn_glue *glue, const struct qn_import *import,
                            struct qn_error *err);

#endif
