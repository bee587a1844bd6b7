/* The input of an import: the files of a survey, in the order in which they were given, and where
 * their traces lie. Part of the plan; made by outline.h, read by all that comes after. */
#ifndef QN_PIPELINES_SEGY_SURVEY_SURVEY_H
#define QN_PIPELINES_SEGY_SURVEY_SURVEY_H

#include "format/gzip_source.h"
#include "format/segy/mark.h"
#include "pipelines/segy/survey/stretches.h"

struct qn_survey_file {
    const char *path; /* absolute; borrowed */
    uint64_t size;    /* bytes; of a packed file, those that it holds */
    uint64_t stored;  /* bytes on disk */
    struct qn_segy_layout layout;
    struct qn_segy_mark mark;  /* of its trace headers */
    struct qn_gzip_index gzip; /* of a packed file; without points for others */
};

/* Why bytes were left out. */
enum qn_left_reason {
    QN_LEFT_CUT,         /* the file ends within a trace */
    QN_LEFT_OVERWRITTEN, /* where headers should be there are none, but after it there are again */
    QN_LEFT_SHIFTED,     /* the trace that begins there is followed by the next too late or early */
    QN_LEFT_REST,        /* no trace begins any more */
    QN_LEFT_PACKED,      /* packed bytes that do not unpack: their own, not of what is in them */
    QN_LEFT_REASONS
};

/* Bytes of a file from which no trace was taken. */
struct qn_left_out {
    uint32_t file;
    uint32_t reason; /* enum qn_left_reason */
    uint64_t start;  /* the first byte */
    uint64_t end;    /* the byte after the last */
    uint64_t traces; /* about how many they held */
    uint64_t next;   /* number of the first trace after them */
};

struct qn_survey {
    struct qn_survey_file *files; /* owned */
    size_t file_count;            /* at least 1 */
    struct qn_stretches stretches;
    struct qn_left_out *left_out; /* owned; in order of files and bytes */
    size_t left_out_count;
};

void qn_survey_release(struct qn_survey *survey);

/* The last component of a path. */
const char *qn_survey_name(const char *path);

/* Where the headers before the traces end: at the first trace as a rule. */
uint64_t qn_survey_headers_end(const struct qn_segy_layout *layout);

/* A reason in words. */
const char *qn_left_reason(uint32_t reason);

/* Appends to the list of what is left out. */
enum qn_status qn_survey_leave_out(struct qn_survey *survey, const struct qn_left_out *range,
                                   struct qn_error *err);

/* What the survey is called in titles: "line.sgy", "a.sgy and 22 more". */
#define QN_SURVEY_TITLE 300
void qn_survey_title(const struct qn_survey *survey, char title[QN_SURVEY_TITLE]);

/* To and from bytes. A decoded survey borrows its texts from them. */
void qn_survey_encode(const struct qn_survey *survey, struct qn_buf *buf);
enum qn_status qn_survey_decode(struct qn_cursor *cursor, struct qn_survey *survey,
                                struct qn_error *err);

/* One layout, as the survey's files have them and the import has one for all. */
void qn_survey_put_layout(struct qn_buf *buf, const struct qn_segy_layout *layout);
void qn_survey_get_layout(struct qn_cursor *cursor, struct qn_segy_layout *layout);

/* Texts that are to be borrowed; they travel with their NUL. */
void qn_put_text(struct qn_buf *buf, const char *text);
const char *qn_get_text(struct qn_cursor *cursor);

#endif
