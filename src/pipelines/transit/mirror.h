/* An index of the light curves below a folder: which star, mission, sector, author and cadence each
 * file is, told by its name where the name follows an archive's rule (SPOC, TESS-SPOC, QLP,
 * eleanor, Kepler, K2, K2SFF ...), else by its header; text files are named like their star. Any
 * layout of folders will do: flat, MAST's buckets, lightkurve's cache, a folder per sector. */
#ifndef QN_PIPELINES_TRANSIT_MIRROR_H
#define QN_PIPELINES_TRANSIT_MIRROR_H

#include "pipelines/transit/curve.h"

enum qn_author {
    QN_AUTHOR_SPOC, /* also Kepler's and K2's own */
    QN_AUTHOR_TESS_SPOC,
    QN_AUTHOR_QLP,
    QN_AUTHOR_TGLC,
    QN_AUTHOR_ELEANOR,
    QN_AUTHOR_CDIPS,
    QN_AUTHOR_K2SFF,
    QN_AUTHOR_OTHER,
    QN_AUTHORS
};
const char *qn_author_name(enum qn_author author); /* "spoc", "tess-spoc", ... */

enum qn_cadence { QN_CADENCE_SHORT, QN_CADENCE_LONG, QN_CADENCE_FAST, QN_CADENCES };

struct qn_mirror_file {
    struct qn_target target;
    uint32_t mission; /* 'T' TESS, 'K' Kepler, '2' K2, 0 unknown */
    int32_t sector;   /* or quarter's stamp, campaign; -1 unknown */
    uint32_t author;
    uint32_t cadence;
    uint64_t size;
    size_t path;   /* offset in the mirror's texts */
    bool nameless; /* a FITS file that tells no star: it goes by its file's name */
    bool other;    /* no light curve: pixels, a report. Never chosen */
};

struct qn_mirror { /* zero-initialise, then qn_mirror_release */
    struct qn_buf files;
    struct qn_buf texts;
    size_t count;
    size_t unknown; /* nameless files */
    char first_unknown[256];
    size_t others; /* files that are no light curves */
    char first_other[256];
};

void qn_mirror_release(struct qn_mirror *mirror);
const struct qn_mirror_file *qn_mirror_files(const struct qn_mirror *mirror);
const char *qn_mirror_path(const struct qn_mirror *mirror, const struct qn_mirror_file *file);

/* What a file's name tells; false when it tells nothing. */
bool qn_mirror_parse_name(const char *name, struct qn_mirror_file *file);

enum qn_mirror_keep { /* the index of a folder in it, for the next time: see mirror_cache.h */
                      QN_MIRROR_KEEP_LARGE,  /* of thousands of files, if the folder is writable */
                      QN_MIRROR_KEEP,        /* in any case, or fail */
                      QN_MIRROR_KEEP_NOTHING /* and use no index that is there */
};

struct qn_mirror_search {
    enum qn_mirror_keep keep;
    bool (*stop)(void *context); /* may be NULL */
    void *context;
};

/* Indexes all *.fits, *.fit, *.csv, *.txt, *.dat, also *.gz of them, below `folder` (or that one
 * file); sorted by target, mission, sector, path. */
enum qn_status qn_mirror_index(struct qn_mirror *mirror, const char *folder,
                               const struct qn_mirror_search *search, struct qn_error *err);

struct qn_mirror_choice {
    uint8_t author_rank[QN_AUTHORS]; /* lower is better; 255 is never taken */
    enum qn_cadence cadence; /* wanted; others of the same sector only where it is missing */
    bool fast;               /* 20 s data at all */
};

/* One file per sector of the target, by author, then cadence: their places in qn_mirror_files,
 * appended to `chosen` as size_t. Returns how many. */
size_t qn_mirror_choose(const struct qn_mirror *mirror, const struct qn_target *target,
                        const struct qn_mirror_choice *choice, struct qn_buf *chosen);

#endif
