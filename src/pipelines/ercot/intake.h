/* What a task takes in: members read as CSV, recognized, their rows put into the tables of their
 * datasets, every one of them accounted for.
 */
#ifndef QN_PIPELINES_ERCOT_INTAKE_H
#define QN_PIPELINES_ERCOT_INTAKE_H

#include "pipelines/ercot/header.h"
#include "pipelines/ercot/members.h"
#include "pipelines/ercot/table.h"

struct er_span_of { /* of a member's text: rows that begin there, see reading.h for the edges */
    uint64_t from;
    uint64_t to;                /* UINT64_MAX: to its end */
    bool marked;                /* these are known, and need not be counted: */
    struct qn_csv_marks before; /* quotes and line ends before the byte that is before `from` */
};

struct er_source {                    /* a member, as far as this task read it */
    char *name;                       /* file, and member behind '!'; made with malloc */
    const struct er_dataset *dataset; /* NULL: none */
    uint64_t published;               /* see er_published */
    unsigned supplement;
    struct er_tally tally;
    enum er_reason reason; /* why all of it was refused, or ER_FINE */
    uint64_t bytes;        /* of text read */
    int32_t first_day;     /* operating days, ER_NO_DAY: none */
    int32_t last_day;
    char *columns; /* the header, names joined by commas; made with malloc, NULL: none */
};

/* The header read last and what it means: a thousand files in turn have the same one. */
struct er_seen {
    struct qn_buf text; /* with its line end; empty: not to be taken for that of another member */
    const struct er_dataset *dataset;
    struct er_mapping mapping;
};

struct er_intake {
    const struct er_schema *schema;
    bool decimal;
    double max_bad_ratio;
    struct er_span_of span;
    struct er_table *tables; /* one per dataset; those without columns are not in use */
    struct er_source *sources;
    size_t source_count;
    size_t source_room;
    struct qn_buf rejects; /* see rejects.h */
    uint64_t bytes;        /* of text read in all */
    uint64_t expected;     /* of text to read in all; 0: unknown */
    bool (*cancelled)(void *context);
    void *context;
    struct qn_csv csv;
    struct qn_buf text;
    struct er_names names;
    struct er_seen seen;
};

enum qn_status er_intake_init(struct er_intake *intake, const struct er_schema *schema,
                              struct qn_error *err);
void er_intake_release(struct er_intake *intake);
void er_intake_clear(struct er_intake *intake); /* for the next task */

/* Takes in everything inside of a file (of its extent). Bad input becomes rejects; an error is what
 * keeps the task from going on. */
enum qn_status er_intake_file(struct er_intake *intake, const char *path,
                              const struct er_extent *extent, const struct er_span_of *span,
                              struct qn_error *err);

#endif
