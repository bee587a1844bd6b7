/* A set of SPICE kernels: see kernels.h. Here orbits are read (format/spice/spk.h), evaluated
 * (compute/orbit.h), turned into J2000 and chained. */
#include "pipelines/lunar/kernels.h"

#include "base/io.h"
#include "base/sys.h"
#include "compute/orbit.h"
#include "compute/sun_moon.h"
#include "compute/vector.h"
#include "pipelines/lunar/archive.h"
#include "pipelines/lunar/constants.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)QN_SPK_WINDOW_MAX <= (int)QN_WINDOW_MAX,
               "windows that are read can be evaluated");
_Static_assert((int)QN_SPK_TERMS_MAX <= (int)QN_DIFFERENCE_MAX, "and so can difference lines");

enum {
    MOST_CHAIN = 20,     /* bodies between two, as in SPICE */
    MOST_BODIES = 16,    /* whose last segment is remembered */
    HEAD = 65536,        /* bytes that tell what a file is */
    SERIES_STEP_S = 3600 /* between states of a series; interpolation adds 10 m */
};

/* A segment of a file. */
struct entry {
    struct qn_spk_segment segment;
    const struct qn_daf *daf;
    struct qn_spk *spk; /* opened when it is first needed */
    double from_j2000[3][3];
};

/* The segment that a body was last found in, and how long it stays the first choice. */
struct choice {
    int body;
    size_t entry;
    double from;
    double to;
};

/* A body known by a series: states at both ends of a step. */
struct series {
    int body;
    void (*state)(double et, double state[6]);
    bool loaded;
    double epochs[2];
    double states[12];
};

struct qn_kernels {
    struct qn_buf files;   /* struct qn_daf * */
    struct qn_buf entries; /* struct entry, in the order of loading */
    struct qn_kpl *pool;
    struct qn_buf notes;
    struct qn_leaps leaps;
    struct qn_moon_frame moon;
    struct series series[2];
    size_t choice_count;
    struct choice choices[MOST_BODIES];
};

const char *qn_body_name(int body)
{
    static const struct {
        int body;
        const char *name;
    } names[] = {{QN_BODY_CENTRE, "solar system's centre"},
                 {QN_BODY_EARTH_MOON, "Earth-Moon barycentre"},
                 {QN_BODY_SUN, "Sun"},
                 {QN_BODY_LUNAR_PROSPECTOR, "Lunar Prospector"},
                 {QN_BODY_MOON, "Moon"},
                 {QN_BODY_EARTH, "Earth"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].body == body)
            return names[i].name;
    return NULL;
}

static struct entry *entries_of(const struct qn_kernels *kernels, size_t *count)
{
    *count = kernels->entries.len / sizeof(struct entry);
    return (struct entry *)(void *)kernels->entries.data;
}

/* ---- making and freeing --------------------------------------------------------------------- */

enum qn_status qn_kernels_new(struct qn_kernels **out, struct qn_error *err)
{
    struct qn_kernels *kernels = *out = qn_sys.calloc(1, sizeof *kernels);
    if (!kernels)
        return qn_fail_memory(err, "kernels", sizeof *kernels);
    kernels->leaps = qn_leaps_builtin;
    kernels->moon = qn_moon_frame_builtin;
    kernels->series[0] = (struct series){.body = QN_BODY_SUN, .state = qn_sun_from_earth};
    kernels->series[1] = (struct series){.body = QN_BODY_MOON, .state = qn_moon_from_earth};
    enum qn_status status = qn_kpl_new(&kernels->pool, err);
    if (status) {
        qn_kernels_free(kernels);
        *out = NULL;
    }
    return status;
}

void qn_kernels_free(struct qn_kernels *kernels)
{
    if (!kernels)
        return;
    size_t count;
    struct entry *entries = entries_of(kernels, &count);
    for (size_t i = 0; i < count; i++)
        qn_spk_free(entries[i].spk);
    struct qn_daf **files = (struct qn_daf **)(void *)kernels->files.data;
    for (size_t i = 0; i < kernels->files.len / sizeof *files; i++)
        qn_daf_close(files[i]);
    qn_kpl_free(kernels->pool);
    qn_buf_release(&kernels->files);
    qn_buf_release(&kernels->entries);
    qn_buf_release(&kernels->notes);
    free(kernels);
}

/* ---- loading -------------------------------------------------------------------------------- */

static enum qn_status add_segments(struct qn_kernels *kernels, const struct qn_daf *daf,
                                   struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < qn_daf_count(daf) && !status; i++) {
        struct entry entry = {.daf = daf};
        status = qn_spk_segment(daf, i, &entry.segment, err);
        if (!status)
            qn_buf_append(&kernels->entries, &entry, sizeof entry);
    }
    return status;
}

static enum qn_status load_binary(struct qn_kernels *kernels, const char *path,
                                  struct qn_error *err)
{
    struct qn_daf *daf;
    enum qn_status status = qn_daf_open(&daf, path, err);
    if (status)
        return status;
    const char *kind = qn_daf_kind(daf);
    if (strcmp(kind, "SPK") != 0 && strcmp(kind, "DAF") != 0) {
        qn_buf_printf(&kernels->notes, "'%s' is a binary kernel of kind %s and is not used.\n",
                      path, kind);
        qn_daf_close(daf);
        return QN_OK;
    }
    qn_buf_append(&kernels->files, &daf, sizeof daf);
    if (kernels->files.failed) {
        qn_daf_close(daf);
        return qn_fail_memory(err, "kernels", sizeof daf);
    }
    return add_segments(kernels, daf, err);
}

/* Where a file that is missing or spoilt comes from, if it is one of the archive's. */
static void add_source(const char *path, struct qn_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    for (const struct qn_archive_file *file = qn_archive_files; err && file->name; file++)
        if (!strcmp(file->name, name))
            qn_fail_at(err, err->status, err->file, err->offset, "%s It comes from %s .",
                       err->message, file->url);
}

static enum qn_status load_file(struct qn_kernels *kernels, const char *path, const uint8_t *head,
                                size_t len, struct qn_error *err)
{
    if (qn_daf_recognize(head, len))
        return load_binary(kernels, path, err);
    if (qn_kpl_recognize((const char *)head, len))
        return qn_kpl_load(kernels->pool, path, err);
    if (len >= 6 && !memcmp(head, "DAFETF", 6))
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, path, 0,
                          "'%s' is a kernel in transfer format. Convert it with NAIF's program "
                          "tobin, or get it as binary.",
                          path);
    return qn_fail_at(err, QN_ERR_INPUT, path, 0,
                      "'%s' is no SPICE kernel: neither a DAF nor a text with \\begindata. Check "
                      "what it is.",
                      path);
}

static enum qn_status read_head(const char *path, uint8_t *head, size_t *len, struct qn_error *err)
{
    int fd;
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    ssize_t got = 1;
    for (*len = 0; *len < HEAD && got > 0;) {
        got = qn_sys.pread(fd, head + *len, HEAD - *len, (off_t)*len);
        if (got > 0)
            *len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    if (got < 0)
        status = qn_fail_errno(err, errno, "read", path);
    qn_sys.close(fd);
    return status;
}

enum qn_status qn_kernels_load(struct qn_kernels *kernels, const char *path, struct qn_error *err)
{
    size_t len;
    uint8_t *head = qn_sys.malloc(HEAD);
    if (!head)
        return qn_fail_memory(err, "a kernel", HEAD);
    enum qn_status status = read_head(path, head, &len, err);
    if (!status)
        status = load_file(kernels, path, head, len, err);
    free(head);
    if (!status && kernels->entries.failed)
        return qn_fail_memory(err, "kernels", kernels->entries.len);
    if (status)
        add_source(path, err);
    return status;
}

/* ---- constants ------------------------------------------------------------------------------ */

enum qn_status qn_kernels_ready(struct qn_kernels *kernels, struct qn_error *err)
{
    bool leaps;
    bool moon = false;
    enum qn_status status = qn_constants_leaps(kernels->pool, &kernels->leaps, &leaps, err);
    if (!status)
        status = qn_constants_moon(kernels->pool, &kernels->moon, &moon, err);
    if (status)
        return status;
    if (!leaps)
        qn_buf_printf(&kernels->notes,
                      "No kernel tells leap seconds: those known in 2017 are taken.\n");
    if (!moon)
        qn_buf_printf(&kernels->notes, "No kernel tells the Moon's orientation: IAU_MOON is taken "
                                       "as in pck00011.tpc.\n");
    return kernels->notes.failed ? qn_fail_memory(err, "notes", kernels->notes.len) : QN_OK;
}

const struct qn_leaps *qn_kernels_leaps(const struct qn_kernels *kernels)
{
    return &kernels->leaps;
}

const struct qn_moon_frame *qn_kernels_moon(const struct qn_kernels *kernels)
{
    return &kernels->moon;
}

const char *qn_kernels_notes(const struct qn_kernels *kernels)
{
    /* qn_buf_printf keeps a NUL behind its text. */
    return kernels->notes.len > 0 ? (const char *)kernels->notes.data : "";
}

/* ---- segments ------------------------------------------------------------------------------- */

/* Narrows the times for which an entry is the first choice: later entries come before it. */
static void find_choice(const struct qn_kernels *kernels, int body, double et,
                        struct choice *choice)
{
    size_t count;
    const struct entry *entries = entries_of(kernels, &count);
    *choice = (struct choice){body, count, -INFINITY, INFINITY};
    for (size_t i = count; i-- > 0;) {
        const struct qn_spk_segment *s = &entries[i].segment;
        if (s->target != body)
            continue;
        if (s->start <= et && et <= s->stop) {
            choice->entry = i;
            choice->from = fmax(choice->from, s->start);
            choice->to = fmin(choice->to, s->stop);
            return;
        }
        if (s->stop < et) /* an end belongs to the segment that has it */
            choice->from = fmax(choice->from, nextafter(s->stop, INFINITY));
        else
            choice->to = fmin(choice->to, nextafter(s->start, -INFINITY));
    }
}

/* The entry that tells of a body at a time, NULL when none does. */
static struct entry *entry_at(struct qn_kernels *kernels, int body, double et)
{
    size_t count;
    struct entry *entries = entries_of(kernels, &count);
    struct choice *choice = NULL;
    for (size_t i = 0; i < kernels->choice_count && !choice; i++)
        if (kernels->choices[i].body == body)
            choice = &kernels->choices[i];
    if (!choice) {
        bool room = kernels->choice_count < MOST_BODIES;
        choice = &kernels->choices[room ? kernels->choice_count++ : MOST_BODIES - 1];
        *choice = (struct choice){.body = body, .from = INFINITY, .to = -INFINITY};
    }
    if (!(choice->from <= et && et <= choice->to))
        find_choice(kernels, body, et, choice);
    return choice->entry < count ? &entries[choice->entry] : NULL;
}

static enum qn_status open_entry(struct entry *entry, struct qn_error *err)
{
    const struct qn_spk_segment *s = &entry->segment;
    if (!qn_inertial_rotation(s->frame, entry->from_j2000))
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, qn_daf_path(entry->daf), -1,
                          "'%s' tells of body %d in frame %d, which is not supported (the inertial "
                          "frames 1 to 21 are). Get a kernel in J2000, or leave this one out.",
                          qn_daf_path(entry->daf), s->target, s->frame);
    return qn_spk_new(&entry->spk, entry->daf, s, err);
}

static bool evaluate(const struct qn_spk_piece *p, double et, double state[6])
{
    switch (p->type) {
    case 1:
    case 21:
        return qn_orbit_difference_line(p->numbers, p->n, et, state);
    case 2:
        qn_orbit_chebyshev(p->numbers, p->n, p->mid, p->radius, et, state);
        return true;
    case 3:
        qn_orbit_chebyshev_rates(p->numbers, p->n, p->mid, p->radius, et, state);
        return true;
    case 5:
        return qn_orbit_two_body(p->epochs, p->numbers, p->n, p->gm, et, state);
    case 8:
    case 9:
        qn_orbit_lagrange(p->epochs, p->numbers, p->n, et, state);
        return true;
    default: /* 12, 13: qn_spk_new knows no others */
        qn_orbit_hermite(p->epochs, p->numbers, p->n, et, state);
        return true;
    }
}

static enum qn_status entry_state(struct entry *entry, double et, double state[6],
                                  struct qn_error *err)
{
    struct qn_spk_piece piece;
    double raw[6];
    enum qn_status status = entry->spk ? QN_OK : open_entry(entry, err);
    if (!status)
        status = qn_spk_piece(entry->spk, et, &piece, err);
    if (status)
        return status;
    bool sound = evaluate(&piece, et, raw);
    for (int i = 0; i < 6; i++)
        sound = sound && isfinite(raw[i]);
    if (!sound)
        return qn_fail_at(err, QN_ERR_INPUT, qn_daf_path(entry->daf), -1,
                          "'%s' is damaged: what it tells of body %d at ephemeris time %.3f makes "
                          "no sense. Fetch the kernel anew.",
                          qn_daf_path(entry->daf), entry->segment.target, et);
    if (entry->segment.frame == QN_FRAME_J2000) {
        memcpy(state, raw, sizeof raw);
    } else {
        qn_rotate_back((const double(*)[3])entry->from_j2000, raw, state);
        qn_rotate_back((const double(*)[3])entry->from_j2000, raw + 3, state + 3);
    }
    return QN_OK;
}

/* From a series by interpolation between whole steps of time: what was asked before has no part. */
static void series_state(struct series *series, double et, double state[6])
{
    double begin = floor(et / SERIES_STEP_S) * SERIES_STEP_S;
    if (!series->loaded || series->epochs[0] != begin) {
        for (int i = 0; i < 2; i++) {
            series->epochs[i] = begin + i * SERIES_STEP_S;
            series->state(series->epochs[i], series->states + 6 * i);
        }
        series->loaded = true;
    }
    qn_orbit_hermite(series->epochs, series->states, 2, et, state);
}

/* ---- chains --------------------------------------------------------------------------------- */

struct step {
    bool taken;
    int centre;
    double state[6]; /* of the body about `centre` */
};

/* From a body to the one that its segment, or its series, is about. */
static enum qn_status take_step(struct qn_kernels *kernels, int body, double et, struct step *step,
                                struct qn_error *err)
{
    struct entry *entry = entry_at(kernels, body, et);
    step->taken = true;
    if (entry) {
        step->centre = entry->segment.centre;
        return entry_state(entry, et, step->state, err);
    }
    for (size_t i = 0; i < 2; i++) {
        if (kernels->series[i].body == body) {
            step->centre = QN_BODY_EARTH;
            series_state(&kernels->series[i], et, step->state);
            return QN_OK;
        }
    }
    step->taken = false;
    return QN_OK;
}

/* The bodies from a target on, and its state about each. */
struct chain {
    size_t count;
    int bodies[MOST_CHAIN];
    double states[MOST_CHAIN][6];
};

/* The place of a body in a chain; its count when it is not there. */
static size_t place_of(const struct chain *chain, int body)
{
    size_t i = 0;
    while (i < chain->count && chain->bodies[i] != body)
        i++;
    return i;
}

/* From `target` to `centre`, or as far as segments lead. */
static enum qn_status make_chain(struct qn_kernels *kernels, int target, int centre, double et,
                                 struct chain *chain, struct qn_error *err)
{
    memset(chain->states[0], 0, sizeof chain->states[0]);
    chain->bodies[0] = target;
    chain->count = 1;
    while (chain->bodies[chain->count - 1] != centre && chain->count < MOST_CHAIN) {
        struct step step;
        size_t last = chain->count - 1;
        enum qn_status status = take_step(kernels, chain->bodies[last], et, &step, err);
        if (status || !step.taken || place_of(chain, step.centre) < chain->count)
            return status;
        chain->bodies[chain->count] = step.centre;
        for (int i = 0; i < 6; i++)
            chain->states[chain->count][i] = chain->states[last][i] + step.state[i];
        chain->count++;
    }
    return QN_OK;
}

/* *missing is the body of which no kernel tells, at the end of a chain that leads nowhere. */
static enum qn_status find_state(struct qn_kernels *kernels, int target, int centre, double et,
                                 double state[6], bool *known, int *missing, struct qn_error *err)
{
    struct chain chain;
    double back[6] = {0};
    enum qn_status status = make_chain(kernels, target, centre, et, &chain, err);
    if (status)
        return status;
    int body = centre;
    size_t place = place_of(&chain, body);
    for (int round = 0; place == chain.count && round < MOST_CHAIN; round++) {
        struct step step;
        status = take_step(kernels, body, et, &step, err);
        if (status)
            return status;
        if (!step.taken)
            break;
        for (int i = 0; i < 6; i++)
            back[i] += step.state[i];
        body = step.centre;
        place = place_of(&chain, body);
    }
    *known = place < chain.count;
    *missing = chain.count == 1 ? target : body; /* a target without any segment is the reason */
    for (int i = 0; i < 6 && *known; i++)
        state[i] = chain.states[place][i] - back[i];
    return QN_OK;
}

enum qn_status qn_kernels_find(struct qn_kernels *kernels, int target, int centre, double et,
                               double state[6], bool *known, struct qn_error *err)
{
    int missing;
    return find_state(kernels, target, centre, et, state, known, &missing, err);
}

bool qn_kernels_coverage(const struct qn_kernels *kernels, int body, double *start, double *stop)
{
    size_t count;
    const struct entry *entries = entries_of(kernels, &count);
    *start = INFINITY;
    *stop = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].segment.target == body) {
            *start = fmin(*start, entries[i].segment.start);
            *stop = fmax(*stop, entries[i].segment.stop);
        }
    }
    return *start <= *stop;
}

/* ---- what is missing ------------------------------------------------------------------------ */

/* The end of the last segment before a time, and the start of the first one after it. */
static void find_gap(const struct qn_kernels *kernels, int body, double et, double *from,
                     double *to)
{
    size_t count;
    const struct entry *entries = entries_of(kernels, &count);
    *from = -INFINITY;
    *to = INFINITY;
    for (size_t i = 0; i < count; i++) {
        const struct qn_spk_segment *s = &entries[i].segment;
        if (s->target == body && s->stop < et)
            *from = fmax(*from, s->stop);
        if (s->target == body && s->start > et)
            *to = fmin(*to, s->start);
    }
}

static void print_time(const struct qn_kernels *kernels, double et, char text[QN_UTC_TEXT])
{
    qn_utc_print(qn_utc_from_et(&kernels->leaps, et + 5e-4), 0, text);
}

/* What the kernels do tell of the body, as a sentence part. */
static void describe_gap(const struct qn_kernels *kernels, int body, double et, char *text,
                         size_t size)
{
    double from;
    double to;
    char a[QN_UTC_TEXT];
    char b[QN_UTC_TEXT];
    find_gap(kernels, body, et, &from, &to);
    if (isfinite(from))
        print_time(kernels, from, a);
    if (isfinite(to))
        print_time(kernels, to, b);
    if (isfinite(from) && isfinite(to))
        snprintf(text, size, "there is a gap from %s to %s", a, b);
    else if (isfinite(from))
        snprintf(text, size, "they end at %s", a);
    else if (isfinite(to))
        snprintf(text, size, "they begin at %s", b);
    else
        snprintf(text, size, "none of them is about it");
}

static enum qn_status fail_gap(const struct qn_kernels *kernels, int body, double et,
                               struct qn_error *err)
{
    char when[QN_UTC_TEXT];
    char gap[128];
    char who[64];
    char advice[256] = "Add a kernel that does.";
    const char *name = qn_body_name(body);
    print_time(kernels, et, when);
    describe_gap(kernels, body, et, gap, sizeof gap);
    if (name)
        snprintf(who, sizeof who, "%s%s", body < 0 ? "" : "the ", name);
    else
        snprintf(who, sizeof who, "body %d", body);
    enum qn_archive_kind kind =
        body == QN_BODY_LUNAR_PROSPECTOR ? QN_ARCHIVE_ORBIT : QN_ARCHIVE_PLANETS;
    const struct qn_archive_file *file = qn_archive_find(kind, when);
    if (file && name)
        snprintf(advice, sizeof advice, "Add %s from %s .", file->name, file->url);
    return qn_fail(err, QN_ERR_INPUT, "the kernels do not tell where %s was at %s UTC: %s. %s", who,
                   when, gap, advice);
}

enum qn_status qn_kernels_state(struct qn_kernels *kernels, int target, int centre, double et,
                                double state[6], struct qn_error *err)
{
    bool known;
    int missing;
    enum qn_status status = find_state(kernels, target, centre, et, state, &known, &missing, err);
    return status || known ? status : fail_gap(kernels, missing, et, err);
}
