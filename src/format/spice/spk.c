/* SPK, the SPICE kernels of orbits: see spk.h. */
#include "format/spice/spk.h"

#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATE = 6,
    TERMS = 15,        /* of a type 1 difference line */
    BLOCK = 128,       /* epochs kept at a time */
    MOST_TRAILER = 4,  /* words that describe an array, at its end */
    MOST_RECORD = 1024 /* words of a record or window that are read at once */
};

struct qn_spk {
    const struct qn_daf *daf;
    struct qn_spk_segment segment;
    uint64_t records;
    size_t record_words; /* of one */
    size_t window;       /* records that decide a state; 1 for types of one record */
    double first_epoch;  /* types 2, 3, 8, 12: evenly spaced */
    double step;
    double gm;
    uint64_t epochs; /* address of the list of epochs, 0 where there is none */
    bool loaded;     /* `numbers` are of the records from `at` */
    uint64_t at;
    double *numbers;
    double *window_epochs;
    uint64_t block_first; /* epochs of the records from there, `block_count` of them */
    size_t block_count;
    double block[BLOCK];
};

static enum qn_status refuse(const struct qn_daf *daf, const struct qn_spk_segment *s,
                             struct qn_error *err, const char *what)
{
    return qn_fail_at(err, QN_ERR_INPUT, qn_daf_path(daf), (int64_t)(s->first - 1) * QN_DAF_WORD,
                      "'%s': the segment of body %d about %d (type %d, byte %llu) is damaged: %s. "
                      "Fetch the kernel anew.",
                      qn_daf_path(daf), s->target, s->centre, s->type,
                      (unsigned long long)(s->first - 1) * QN_DAF_WORD, what);
}

enum qn_status qn_spk_segment(const struct qn_daf *daf, size_t i, struct qn_spk_segment *segment,
                              struct qn_error *err)
{
    if (qn_daf_doubles(daf) != 2 || qn_daf_integers(daf) != 6)
        return qn_fail_at(err, QN_ERR_INPUT, qn_daf_path(daf), 8,
                          "'%s' is no kernel of orbits (SPK): its summaries have %zu and %zu "
                          "numbers, not 2 and 6. Check what it is.",
                          qn_daf_path(daf), qn_daf_doubles(daf), qn_daf_integers(daf));
    const double *real = qn_daf_real(daf, i);
    const int32_t *integer = qn_daf_integer(daf, i);
    *segment = (struct qn_spk_segment){.target = integer[0],
                                       .centre = integer[1],
                                       .frame = integer[2],
                                       .type = integer[3],
                                       .start = real[0],
                                       .stop = real[1],
                                       .first = (uint64_t)integer[4],
                                       .last = (uint64_t)integer[5]};
    /* The year 30000 at most; it keeps what follows from the times within range. */
    if (!(segment->start >= -1e12 && segment->start <= segment->stop && segment->stop <= 1e12))
        return refuse(daf, segment, err, "its times are no times");
    return QN_OK;
}

/* ---- layouts -------------------------------------------------------------------------------- */

/* How an array ends: with words that tell what its records are. */
enum layout {
    LAYOUT_NONE,
    LAYOUT_POLYNOMIALS, /* records; INIT, INTLEN, RSIZE, N */
    LAYOUT_LINES,       /* records, epochs, directory; N */
    LAYOUT_LONG_LINES,  /* records, epochs, directory; terms of a line, N */
    LAYOUT_CONICS,      /* states, epochs, directory; GM, N */
    LAYOUT_EVEN,        /* states; first epoch, step, window - 1, N */
    LAYOUT_UNEVEN       /* states, epochs, directory; window - 1, N */
};

static const struct {
    enum layout layout;
    unsigned components; /* of polynomials */
} types[] = {
    [1] = {LAYOUT_LINES, 0},  [2] = {LAYOUT_POLYNOMIALS, 3}, [3] = {LAYOUT_POLYNOMIALS, 6},
    [5] = {LAYOUT_CONICS, 0}, [8] = {LAYOUT_EVEN, 0},        [9] = {LAYOUT_UNEVEN, 0},
    [12] = {LAYOUT_EVEN, 0},  [13] = {LAYOUT_UNEVEN, 0},     [21] = {LAYOUT_LONG_LINES, 0},
};

static const size_t trailers[] = {
    [LAYOUT_NONE] = 0,   [LAYOUT_POLYNOMIALS] = 4, [LAYOUT_LINES] = 1,  [LAYOUT_LONG_LINES] = 2,
    [LAYOUT_CONICS] = 2, [LAYOUT_EVEN] = 4,        [LAYOUT_UNEVEN] = 2,
};

static enum layout layout_of(int type)
{
    return type >= 0 && (size_t)type < sizeof types / sizeof *types ? types[type].layout
                                                                    : LAYOUT_NONE;
}

bool qn_spk_supported(int type)
{
    return layout_of(type) != LAYOUT_NONE;
}

/* A word that is a whole number from `least` to `most`. */
static bool whole(double word, double least, double most)
{
    return word >= least && word <= most && word == floor(word);
}

static bool describe_polynomials(struct qn_spk *spk, const double *t)
{
    unsigned components = types[spk->segment.type].components;
    if (!whole(t[2], 2 + components, MOST_RECORD) || !(t[1] > 0) || !isfinite(t[1]) ||
        !isfinite(t[0]))
        return false;
    spk->first_epoch = t[0];
    spk->step = t[1];
    spk->record_words = (size_t)t[2];
    spk->window = 1;
    return (spk->record_words - 2) % components == 0;
}

static bool describe_lines(struct qn_spk *spk, const double *t, bool sized)
{
    if (sized && !whole(t[0], 1, QN_SPK_TERMS_MAX))
        return false;
    spk->record_words = 4 * (sized ? (size_t)t[0] : TERMS) + 11;
    spk->window = 1;
    return true;
}

static bool describe_states(struct qn_spk *spk, const double *t, enum layout layout)
{
    double window = 2;
    if (layout == LAYOUT_CONICS) {
        spk->gm = t[0];
    } else if (layout == LAYOUT_UNEVEN) {
        window = t[0] + 1;
    } else {
        window = t[2] + 1;
        spk->first_epoch = t[0];
        spk->step = t[1];
        if (!isfinite(t[0]) || !(t[1] > 0) || !isfinite(t[1]))
            return false;
    }
    if (!whole(window, 1, QN_SPK_WINDOW_MAX))
        return false;
    spk->record_words = STATE;
    spk->window = (size_t)window;
    return true;
}

static bool describe(struct qn_spk *spk, const double *t, enum layout layout)
{
    switch (layout) {
    case LAYOUT_POLYNOMIALS:
        return describe_polynomials(spk, t);
    case LAYOUT_LINES:
    case LAYOUT_LONG_LINES:
        return describe_lines(spk, t, layout == LAYOUT_LONG_LINES);
    case LAYOUT_CONICS:
    case LAYOUT_EVEN:
    case LAYOUT_UNEVEN:
        return describe_states(spk, t, layout);
    case LAYOUT_NONE:
        break;
    }
    return false;
}

/* The words at the end of the array, and whether what they tell fits it. Directories of epochs are
 * not used: what they say, the epochs say too. */
static enum qn_status read_layout(struct qn_spk *spk, struct qn_error *err)
{
    const struct qn_spk_segment *s = &spk->segment;
    enum layout layout = layout_of(s->type);
    size_t trailer = trailers[layout];
    uint64_t words = s->last - s->first + 1;
    double t[MOST_TRAILER];
    if (words <= trailer)
        return refuse(spk->daf, s, err, "it is too short");
    enum qn_status status = qn_daf_read(spk->daf, s->last - trailer + 1, trailer, t, err);
    if (status)
        return status;
    if (!whole(t[trailer - 1], 1, (double)words) || !describe(spk, t, layout))
        return refuse(spk->daf, s, err, "the numbers at its end make no sense");
    spk->records = (uint64_t)t[trailer - 1];
    bool listed = layout != LAYOUT_POLYNOMIALS && layout != LAYOUT_EVEN;
    if (spk->records > (words - trailer) / (spk->record_words + listed))
        return refuse(spk->daf, s, err, "it is shorter than its number of records");
    if (listed)
        spk->epochs = s->first + spk->records * spk->record_words;
    if (layout == LAYOUT_CONICS && spk->records == 1)
        spk->window = 1;
    if (spk->window > spk->records)
        return refuse(spk->daf, s, err, "it has fewer records than one interpolation takes");
    return QN_OK;
}

enum qn_status qn_spk_new(struct qn_spk **out, const struct qn_daf *daf,
                          const struct qn_spk_segment *segment, struct qn_error *err)
{
    *out = NULL;
    if (!qn_spk_supported(segment->type))
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, qn_daf_path(daf),
                          (int64_t)(segment->first - 1) * QN_DAF_WORD,
                          "'%s' tells of body %d in segments of type %d, which are not supported "
                          "(types 1, 2, 3, 5, 8, 9, 12, 13 and 21 are). Convert the kernel to type "
                          "13 with NAIF's program mkspk, or leave it out.",
                          qn_daf_path(daf), segment->target, segment->type);
    struct qn_spk *spk = qn_sys.calloc(1, sizeof *spk);
    if (!spk)
        return qn_fail_memory(err, "a kernel's segment", sizeof *spk);
    spk->daf = daf;
    spk->segment = *segment;
    enum qn_status status = read_layout(spk, err);
    if (!status) {
        size_t words = spk->window * (spk->record_words + 1);
        spk->numbers = qn_sys.malloc(words * sizeof *spk->numbers);
        if (!spk->numbers)
            status = qn_fail_memory(err, "a kernel's segment", words * sizeof *spk->numbers);
        else
            spk->window_epochs = spk->numbers + spk->window * spk->record_words;
    }
    if (status) {
        qn_spk_free(spk);
        return status;
    }
    *out = spk;
    return QN_OK;
}

void qn_spk_free(struct qn_spk *spk)
{
    if (!spk)
        return;
    free(spk->numbers);
    free(spk);
}

/* ---- which records -------------------------------------------------------------------------- */

static double clamp(double value, double most)
{
    return !(value > 0) ? 0 : value > most ? most : value;
}

static enum qn_status load_block(struct qn_spk *spk, uint64_t first, struct qn_error *err)
{
    uint64_t left = spk->records - first;
    size_t count = left < BLOCK ? (size_t)left : BLOCK;
    spk->block_count = 0;
    enum qn_status status = qn_daf_read(spk->daf, spk->epochs + first, count, spk->block, err);
    if (!status) {
        spk->block_first = first;
        spk->block_count = count;
    }
    return status;
}

/* The block whose last epoch is the first not before `et`. */
static enum qn_status find_block(struct qn_spk *spk, double et, struct qn_error *err)
{
    uint64_t low = 0;
    uint64_t high = (spk->records - 1) / BLOCK;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        double last;
        enum qn_status status =
            qn_daf_read(spk->daf, spk->epochs + middle * BLOCK + BLOCK - 1, 1, &last, err);
        if (status)
            return status;
        if (last < et)
            low = middle + 1;
        else
            high = middle;
    }
    return load_block(spk, low * BLOCK, err);
}

/* Whether the first epoch not before `et` is in the block that is loaded. Its first epoch may be
 * that one only if the one before is known to be earlier: at the beginning of the list. */
static bool in_block(const struct qn_spk *spk, double et)
{
    if (spk->block_count == 0)
        return false;
    bool begins = spk->block_first == 0 || spk->block[0] < et;
    bool ends = spk->block_first + spk->block_count == spk->records ||
                spk->block[spk->block_count - 1] >= et;
    return begins && ends;
}

/* The first epoch that is not before a time (the last one when all are), and the one before it. */
struct neighbours {
    uint64_t index;
    double epoch;
    double before; /* -infinity where there is none */
};

static enum qn_status find_epoch(struct qn_spk *spk, double et, struct neighbours *found,
                                 struct qn_error *err)
{
    if (!in_block(spk, et)) {
        enum qn_status status = find_block(spk, et, err);
        if (status)
            return status;
    }
    size_t low = 0;
    size_t high = spk->block_count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (spk->block[middle] < et)
            low = middle + 1;
        else
            high = middle;
    }
    *found = (struct neighbours){spk->block_first + low, spk->block[low], -INFINITY};
    if (low > 0)
        found->before = spk->block[low - 1];
    else if (found->index > 0)
        return qn_daf_read(spk->daf, spk->epochs + found->index - 1, 1, &found->before, err);
    return QN_OK;
}

/* The first record of the window for `et`: with an even number of points in its middle interval,
 * with an odd one nearest to its middle point. */
static double window_begin(const struct qn_spk *spk, double low, double nearest)
{
    double middle = spk->window % 2 == 0 ? low : nearest;
    size_t before = (spk->window - 1) / 2;
    return clamp(middle - (double)before, (double)(spk->records - spk->window));
}

static enum qn_status choose(struct qn_spk *spk, double et, uint64_t *at, struct qn_error *err)
{
    enum layout layout = layout_of(spk->segment.type);
    if (spk->epochs == 0) {
        double steps = (et - spk->first_epoch) / spk->step;
        double low = clamp(floor(steps), (double)spk->records - 1);
        *at = (uint64_t)(layout == LAYOUT_EVEN ? window_begin(spk, low, floor(steps + 0.5)) : low);
        return QN_OK;
    }
    struct neighbours found;
    enum qn_status status = find_epoch(spk, et, &found, err);
    if (status)
        return status;
    *at = found.index;
    if (layout == LAYOUT_LINES || layout == LAYOUT_LONG_LINES)
        return QN_OK;
    double high = (double)found.index;
    double low = found.epoch < et ? high : high - 1;
    double nearest = fabs(found.epoch - et) < fabs(et - found.before) ? high : high - 1;
    *at = (uint64_t)window_begin(spk, low, nearest);
    return QN_OK;
}

/* ---- their numbers -------------------------------------------------------------------------- */

static enum qn_status load_epochs(struct qn_spk *spk, uint64_t at, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (spk->epochs > 0)
        status = qn_daf_read(spk->daf, spk->epochs + at, spk->window, spk->window_epochs, err);
    else
        for (size_t i = 0; i < spk->window; i++)
            spk->window_epochs[i] = spk->first_epoch + (double)(at + i) * spk->step;
    for (size_t i = 1; i < spk->window && !status; i++)
        if (!(spk->window_epochs[i] > spk->window_epochs[i - 1]))
            status = refuse(spk->daf, &spk->segment, err, "its epochs do not increase");
    return status;
}

static enum qn_status load(struct qn_spk *spk, uint64_t at, struct qn_error *err)
{
    spk->loaded = false;
    enum qn_status status = qn_daf_read(spk->daf, spk->segment.first + at * spk->record_words,
                                        spk->window * spk->record_words, spk->numbers, err);
    if (!status && spk->record_words == STATE)
        status = load_epochs(spk, at, err);
    else if (!status && layout_of(spk->segment.type) == LAYOUT_POLYNOMIALS &&
             !(spk->numbers[1] > 0))
        status = refuse(spk->daf, &spk->segment, err, "a polynomial covers no time");
    spk->at = at;
    spk->loaded = !status;
    return status;
}

static void fill(const struct qn_spk *spk, double et, struct qn_spk_piece *piece)
{
    *piece = (struct qn_spk_piece){.type = spk->segment.type,
                                   .gm = spk->gm,
                                   .n = spk->window,
                                   .numbers = spk->numbers,
                                   .epochs = spk->window_epochs};
    size_t last = spk->window - 1;
    switch (layout_of(spk->segment.type)) {
    case LAYOUT_POLYNOMIALS:
        piece->mid = spk->numbers[0];
        piece->radius = spk->numbers[1];
        piece->numbers += 2;
        piece->n = (spk->record_words - 2) / types[spk->segment.type].components;
        break;
    case LAYOUT_LINES:
    case LAYOUT_LONG_LINES:
        piece->n = (spk->record_words - 11) / 4;
        break;
    case LAYOUT_CONICS: /* beyond the ends one state decides alone */
        if (et <= piece->epochs[0] || et >= piece->epochs[last])
            piece->n = 1;
        if (et >= piece->epochs[last]) {
            piece->epochs += last;
            piece->numbers += last * STATE;
        }
        break;
    default:
        break;
    }
}

enum qn_status qn_spk_piece(struct qn_spk *spk, double et, struct qn_spk_piece *piece,
                            struct qn_error *err)
{
    uint64_t at;
    enum qn_status status = choose(spk, et, &at, err);
    if (!status && !(spk->loaded && spk->at == at))
        status = load(spk, at, err);
    if (!status)
        fill(spk, et, piece);
    return status;
}
