/* What the files of a survey hold beside traces: reel headers, a tape label, extended text, what
 * follows the last trace. Glue keeps them byte for byte below raw/, in a numbered folder for each
 * file where there are several, and readable beside the data. */
#ifndef QN_PIPELINES_SEGY_SURVEY_REEL_H
#define QN_PIPELINES_SEGY_SURVEY_REEL_H

#include "pipelines/segy/import.h"

#define QN_TEXT_HEADER "text_header.txt"

/* The folder that holds what file `i` is made of beside its traces: "raw", or "raw/0012". */
#define QN_REEL_FOLDER 24
void qn_reel_folder(const struct qn_survey *survey, size_t i, char folder[QN_REEL_FOLDER]);

/* A piece of a file that is no trace. */
struct qn_reel_piece {
    const char *name; /* of the file that keeps it */
    uint64_t offset;
    uint64_t bytes; /* at least 1 */
};

/* The pieces of a file in order: tape_label.bin, text_header.bin, binary_header.bin,
 * extended_headers.bin, gap.bin (what else precedes the first trace), trailer.bin. Files
 * of Seismic Unix have only the last, if any. Returns how many there are. */
#define QN_REEL_PIECES     6
#define QN_REEL_MOST_BYTES (256u << 20) /* a longer one is no piece: it is not kept */
size_t qn_reel_pieces(const struct qn_survey_file *file,
                      struct qn_reel_piece pieces[QN_REEL_PIECES]);

/* Glue: keeps the pieces of every file, then writes text_header.txt and binary_header.json, which
 * files of Seismic Unix do not have. */
enum qn_status qn_reel_glue(struct qn_glue *glue, const struct qn_import *import,
                            struct qn_error *err);

#endif
