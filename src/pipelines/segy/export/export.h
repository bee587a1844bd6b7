/* `quern segy export`: a dataset, or part of it, as a SEG-Y file.
 *
 * export.c is the verb; select.h says which traces, form.c what the file looks like
 * (its layout, the bytes before and after the traces, what had to be changed in them),
 * write.c writes it. A lossless dataset as a whole and without conversion gives the bytes of
 * the file that was imported; everything else changes only what has to change, and says so.
 */
#ifndef QN_PIPELINES_SEGY_EXPORT_EXPORT_H
#define QN_PIPELINES_SEGY_EXPORT_EXPORT_H

#include "compute/encode.h"
#include "pipelines/segy/dataset/dataset.h"
#include "pipelines/segy/export/select.h"

#define QN_ALL_FILES SIZE_MAX

struct qn_export {
    struct qn_dataset *dataset; /* borrowed */
    size_t file;                /* the only one of its files, or QN_ALL_FILES */
    struct qn_selection selection;
    bool identical;               /* the bytes of a source file */
    struct qn_segy_layout layout; /* of the file to be written */
    struct qn_trace_form form;
    int source; /* descriptor of the original file, whose trace headers are taken; -1: none */
    char source_path[PATH_MAX];
    struct qn_buf head;                  /* bytes before the first trace */
    const struct qn_dataset_piece *tail; /* what follows the last one */
    size_t tail_count;
    struct qn_segy_notes changes; /* to header bytes, and what was left out; for people */
};

/* What came of it. */
struct qn_export_result {
    uint64_t bytes;
    struct qn_encode_counts counts;
};

/* Decides everything of the options. What cannot be exported as asked is refused with the reason
 * and the option that would help. Release with qn_export_release in any case. */
enum qn_status qn_export_form(struct qn_export *export, struct qn_dataset *dataset,
                              const struct qn_options *options, struct qn_error *err);
void qn_export_release(struct qn_export *export);

/* Writes the file by `threads` threads under a temporary name, and gives it its name when it is
 * whole and durable. On failure, and when the user asks to stop, nothing is left. */
enum qn_status qn_export_write(const struct qn_export *export, const char *path, bool overwrite,
                               unsigned threads, struct qn_export_result *result,
                               struct qn_error *err);

/* The verb. */
enum qn_status qn_export_run(const struct qn_options *options, struct qn_error *err);
extern const struct qn_option qn_export_options[];

#endif
