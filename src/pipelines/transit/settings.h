/* The options of `quern transit features` and `search`, parsed once per process. */
#ifndef QN_PIPELINES_TRANSIT_SETTINGS_H
#define QN_PIPELINES_TRANSIT_SETTINGS_H

#include "pipelines/transit/candidates.h"
#include "pipelines/transit/mirror.h"

#include <quern/pipeline.h>

enum qn_profile { QN_PROFILE_ROBUST, QN_PROFILE_CLASSIC };
enum qn_tls_mode { QN_TLS_OFF, QN_TLS_FAST, QN_TLS_EXACT };

enum { QN_MOST_DURATIONS = 32 };

struct qn_settings {
    bool blind; /* the verb search */
    enum qn_profile profile;
    enum qn_tls_mode tls;
    struct qn_lc_options curve;
    struct qn_mirror_choice choice;
    struct qn_candidate_units units;
    bool detrend;
    double window;    /* days; 0: by the duration */
    double clip_high; /* sigma; 0: no clipping */
    double clip_low;
    bool exact_grid; /* --bls-grid astropy */
    double durations[QN_MOST_DURATIONS];
    size_t duration_count;
    double min_period; /* blind search */
    double max_period; /* 0: half the span */
    double min_snr;
    unsigned planets; /* per star */
    size_t least_points;
    bool allow_synthetic;
    enum qn_mirror_keep keep_index;
};

enum qn_status qn_settings_parse(struct qn_settings *settings, const struct qn_options *options,
                                 struct qn_error *err);

extern const struct qn_option qn_features_options[];
extern const struct qn_option qn_search_options[];

#endif
