/* `quern synth lunar`: an archive of Lunar Prospector with known potentials, in the forms of the
 * real one: electron spectra of some days, latitudes of the cells, attitude, orbit; and truth.csv,
 * the answer key. The same options give the same bytes, however many threads write the days. */
#include "base/fresh.h"
#include "base/io.h"
#include "base/parallel.h"
#include "base/sys.h"
#include "engine/run.h"
#include "format/er3d_write.h"
#include "pipelines/lunar/archive.h"
#include "pipelines/lunar/synth_faults.h"
#include "pipelines/lunar/synth_orbit.h"
#include "pipelines/lunar/synth_sweep.h"
#include "pipelines/lunar/verbs_show.h"
#include "render/terminal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DAY_S = 86400,
    FIRST_S = 24,       /* of the day: when the first sweep begins */
    MOST_SWEEPS = 1080, /* of a day: 80 s each */
    MOST_DAYS = 1000,
    SKIPPED_EVERY = 16, /* numbers of sweeps that the archive does not have */
    FAULTS_BEGIN = 5,   /* first sweep with a planted fault, and how far apart they are */
    FAULTS_APART = 3,
    ROW_BYTES = 1600
};

const struct qn_option qn_lunar_synth_options[] = {
    {"output", QN_OPT_PATH, "DIR", NULL,
     "the folder to fill; files of the same names are replaced"},
    {"start", QN_OPT_STRING, "DATE", "1998-04-05", "first day"},
    {"days", QN_OPT_INT, "N", "1", "files of spectra"},
    {"sweeps-per-day", QN_OPT_INT, "N", "987", "at most 1080; the archive's mean is 987"},
    {"seed", QN_OPT_INT, "N", "1", "of everything random"},
    {"angles", QN_OPT_INT, "N", "3",
     "directions across a cell, each way, that its flux is the mean of; 1: its middle alone"},
    {"noise", QN_OPT_FLAG, NULL, "true", "mean counts instead of Poisson's"},
    {"sunlight", QN_OPT_FLAG, NULL, "true", "no false counts in cells that look at the Sun"},
    {"look-direction", QN_OPT_CHOICE, "flight|look", "flight",
     "what the angles of cells are: where their electrons fly to, or where cells look"},
    {"planets", QN_OPT_FLAG, NULL, NULL, "a kernel of Sun and Moon as well"},
    {"faults", QN_OPT_FLAG, NULL, NULL, "plant every fault once on the first day"},
    {"crlf", QN_OPT_FLAG, NULL, NULL, "lines of spectra end with CR LF"},
    {"jobs", QN_OPT_INT, "N", NULL, "threads; default: the CPUs this process may use"},
    {0}};

/* What a thread works with. */
struct hand {
    struct qn_sky *sky;
    struct qn_buf text;
    struct qn_synth_rows rows;
};

struct synth {
    const struct qn_options *options;
    const char *folder;
    uint64_t seed;
    int64_t sweeps; /* of a day */
    const char *line_end;
    struct qn_synth_orbit orbit;
    struct qn_synth_instrument instrument;
    struct hand *hands;
    unsigned threads;
    struct qn_buf *truths; /* of each day: its lines of truth.csv */
};

/* ---- a day ---------------------------------------------------------------------------------- */

static void fill_rows(const struct synth *y, const struct qn_synth_truth *truth,
                      struct qn_synth_rows *rows)
{
    struct qn_random random = {
        .key = qn_random_mix(~y->seed ^ qn_random_mix((uint64_t)truth->start_s))};
    rows->count = QN_ER_ROWS;
    qn_synth_sweep(&y->instrument, truth, &random, rows->flux, rows->phi_deg);
    for (int row = 0; row < QN_ER_ROWS; row++) {
        char utc[QN_UTC_TEXT];
        int64_t at = truth->start_s + row * QN_SYNTH_ROW_S;
        qn_utc_print((struct qn_utc){(int32_t)(at / DAY_S), (double)(at % DAY_S)}, 0, utc);
        snprintf(rows->utc[row], QN_ER_UTC, "%s", utc);
        rows->time_s[row] = (double)truth->start_s;
        rows->energy_ev[row] = y->instrument.energy_ev[row];
        memcpy(rows->mag_nt[row], truth->field_nt, sizeof truth->field_nt);
    }
}

static void write_rows(const struct synth *y, const struct qn_synth_rows *rows, int64_t spec_no,
                       enum qn_synth_fault fault, struct qn_buf *out)
{
    for (size_t row = 0; row < rows->count; row++) {
        struct qn_er_row text = {.utc = rows->utc[row],
                                 .time_s = rows->time_s[row],
                                 .energy_ev = rows->energy_ev[row],
                                 .spec_no = spec_no,
                                 .flux = rows->flux[row],
                                 .phi_deg = rows->phi_deg[row]};
        size_t line = out->len;
        memcpy(text.mag_nt, rows->mag_nt[row], sizeof text.mag_nt);
        qn_er_write_row(out, &text);
        qn_synth_spoil_line(fault, row, out, line);
        qn_buf_append(out, y->line_end, strlen(y->line_end));
    }
}

static void write_truth(const struct qn_synth_truth *truth, const char *file, int64_t spec_no,
                        enum qn_synth_fault fault, struct qn_buf *out)
{
    bool foot = truth->sky.polarity != 0;
    qn_buf_printf(out, "%s,%lld,%lld,%s,%d,%d,%d,%d,%.6g,%.6g,%.6g,%.6g,%d,", file,
                  (long long)spec_no, (long long)truth->start_s,
                  qn_synth_region_name(truth->region), truth->steady, truth->sky.in_sun,
                  truth->sky.polarity, truth->sky.foot_in_sun, truth->plasma.density * 1e-6,
                  truth->plasma.kappa, truth->temperature_ev, truth->u_spacecraft, truth->balanced);
    if (foot)
        qn_buf_printf(out, "%.5f,%.5f,%.6g,%.6g,%.6g,%s\n", truth->sky.foot_lat_deg,
                      truth->sky.foot_lon_deg, truth->u_surface, truth->bs_over_bm, truth->beam,
                      qn_synth_fault_name(fault));
    else
        qn_buf_printf(out, ",,,,,%s\n", qn_synth_fault_name(fault));
}

#define TRUTH_HEADER                                                                               \
    "file,spec_no,time,region,steady,spacecraft_in_sun,polarity,foot_in_sun,density_cm3,kappa,"    \
    "temperature_ev,u_spacecraft,balanced,foot_latitude,foot_longitude,u_surface,bs_over_bm,"      \
    "beam_amp,fault\n"

static enum qn_synth_fault fault_of(const struct synth *y, uint64_t day, int64_t sweep)
{
    int64_t place = sweep - FAULTS_BEGIN;
    if (day > 0 || place < 0 || place % FAULTS_APART != 0 || !qn_option_flag(y->options, "faults"))
        return QN_FAULT_NONE;
    int64_t fault = 1 + place / FAULTS_APART;
    return fault < QN_SYNTH_FAULTS ? (enum qn_synth_fault)fault : QN_FAULT_NONE;
}

static enum qn_status write_day(void *context, unsigned thread, uint64_t day, struct qn_error *err)
{
    struct synth *y = context;
    struct hand *hand = &y->hands[thread];
    int32_t date = y->orbit.first_day + (int32_t)day;
    char name[QN_ARCHIVE_PATH];
    char path[PATH_MAX];
    enum qn_status status = QN_OK;
    qn_archive_spectra_path(qn_civil_from_days(date), name);
    qn_buf_clear(&hand->text);
    for (int64_t i = 0; i < y->sweeps && !status; i++) {
        struct qn_synth_truth truth;
        enum qn_synth_fault fault = fault_of(y, day, i);
        int64_t spec_no = 1 + i + i / SKIPPED_EVERY;
        int64_t start = (int64_t)date * DAY_S + FIRST_S + i * DAY_S / y->sweeps;
        status = qn_synth_truth(hand->sky, y->seed, start, &truth, err);
        if (status)
            break;
        fill_rows(y, &truth, &hand->rows);
        qn_synth_spoil(fault, &hand->rows);
        write_rows(y, &hand->rows, spec_no, fault, &hand->text);
        write_truth(&truth, strrchr(name, '/') + 1, spec_no, fault, &y->truths[day]);
    }
    snprintf(path, sizeof path, "%s/%s", y->folder, name);
    if (!status && (hand->text.failed || y->truths[day].failed))
        status = qn_fail_memory(err, "a day of spectra", hand->text.len);
    if (!status)
        status = qn_make_parent(path, err);
    return status ? status : qn_fresh_put(path, hand->text.data, hand->text.len, err);
}

/* ---- everything beside the spectra ---------------------------------------------------------- */

static enum qn_status write_theta(const struct synth *y, struct qn_error *err)
{
    struct qn_buf text = {0};
    char path[PATH_MAX];
    qn_er_theta_write(&text, y->instrument.theta_deg);
    snprintf(path, sizeof path, "%s/theta.tab", y->folder);
    enum qn_status status = text.failed ? qn_fail_memory(err, "the theta table", text.len)
                                        : qn_fresh_put(path, text.data, text.len, err);
    qn_buf_release(&text);
    return status;
}

/* Writes what tells of place and attitude, then opens it as any reader does. */
static enum qn_status make_sky(struct synth *y, struct qn_error *err)
{
    char orbit[PATH_MAX];
    char planets[PATH_MAX];
    char attitude[PATH_MAX];
    const char *kernels[] = {orbit, planets};
    bool more = qn_option_flag(y->options, "planets");
    snprintf(orbit, sizeof orbit, "%s/" QN_ARCHIVE_KERNELS "/lp_synthetic.bsp", y->folder);
    snprintf(planets, sizeof planets, "%s/" QN_ARCHIVE_KERNELS "/planets_synthetic.bsp", y->folder);
    snprintf(attitude, sizeof attitude, "%s/attitude.tab", y->folder);
    enum qn_status status = qn_make_parent(orbit, err);
    if (!status)
        status = qn_synth_write_orbit(&y->orbit, orbit, err);
    if (!status && more)
        status = qn_synth_write_planets(&y->orbit, planets, err);
    if (!status)
        status = qn_synth_write_attitude(&y->orbit, attitude, err);
    for (unsigned i = 0; i < y->threads && !status; i++)
        status = qn_sky_open(&y->hands[i].sky, kernels, more ? 2 : 1, attitude, err);
    return status;
}

static enum qn_status join_truth(const struct synth *y, struct qn_error *err)
{
    struct qn_buf text = {0};
    char path[PATH_MAX];
    qn_buf_printf(&text, TRUTH_HEADER);
    for (uint32_t day = 0; day < y->orbit.days; day++)
        qn_buf_append(&text, y->truths[day].data, y->truths[day].len);
    snprintf(path, sizeof path, "%s/truth.csv", y->folder);
    enum qn_status status = text.failed ? qn_fail_memory(err, "the answer key", text.len)
                                        : qn_fresh_put(path, text.data, text.len, err);
    qn_buf_release(&text);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static bool tick(void *context, uint64_t done)
{
    const struct synth *y = context;
    qn_verb_progress("write", "days", done, y->orbit.days);
    return qn_verb_cancelled();
}

static enum qn_status settle(struct synth *y, struct qn_error *err)
{
    const char *start = qn_option_string(y->options, "start");
    int64_t days = qn_option_int(y->options, "days");
    int64_t angles = qn_option_int(y->options, "angles");
    struct qn_utc utc;
    if (!y->folder)
        return qn_fail(err, QN_ERR_USAGE, "where to? Name the folder to fill: -o DIR.");
    if (!qn_utc_parse(start, strlen(start), &utc) || utc.second != 0 ||
        qn_civil_from_days(utc.day).year < 1973 || qn_civil_from_days(utc.day).year > 2049)
        return qn_fail(err, QN_ERR_USAGE,
                       "--start '%s': expected a date from 1973 to 2049, such as 1998-04-05.",
                       start);
    if (days < 1 || days > MOST_DAYS || y->sweeps < 1 || y->sweeps > MOST_SWEEPS || angles < 1 ||
        angles > 9)
        return qn_fail(err, QN_ERR_USAGE,
                       "expected 1 to %d days, 1 to %d sweeps per day and 1 to 9 angles.",
                       MOST_DAYS, MOST_SWEEPS);
    y->orbit = (struct qn_synth_orbit){.first_day = utc.day,
                                       .days = (uint32_t)days,
                                       .node_deg = 40 + (double)(y->seed % 97),
                                       .order = QN_BIG_ENDIAN};
    y->line_end = qn_option_flag(y->options, "crlf") ? "\r\n" : "\n";
    y->instrument.angles = (unsigned)angles;
    y->instrument.noise = qn_option_flag(y->options, "noise");
    y->instrument.sunlight = qn_option_flag(y->options, "sunlight");
    y->instrument.looking = !strcmp(qn_option_string(y->options, "look-direction"), "look");
    qn_synth_instrument_init(&y->instrument);
    return qn_run_threads(y->options, &y->threads, err);
}

static enum qn_status make_all(struct synth *y, struct qn_error *err)
{
    struct qn_parallel days = {
        .count = y->orbit.days, .context = y, .run = write_day, .tick = tick};
    days.threads = y->threads = y->threads < y->orbit.days ? y->threads : y->orbit.days;
    y->hands = qn_sys.calloc(y->threads, sizeof *y->hands);
    y->truths = qn_sys.calloc(y->orbit.days, sizeof *y->truths);
    if (!y->hands || !y->truths)
        return qn_fail_memory(err, "the days", y->orbit.days * sizeof *y->truths);
    enum qn_status status = make_sky(y, err);
    if (!status)
        status = write_theta(y, err);
    if (!status)
        status = qn_parallel_run(&days, err);
    return status ? status : join_truth(y, err);
}

enum qn_status qn_lunar_synth(const struct qn_options *options, struct qn_error *err)
{
    struct synth y = {.options = options,
                      .folder = qn_option_string(options, "output"),
                      .seed = (uint64_t)qn_option_int(options, "seed"),
                      .sweeps = qn_option_int(options, "sweeps-per-day")};
    enum qn_status status = settle(&y, err);
    if (!status)
        status = make_all(&y, err);
    if (!status)
        qn_terminal_print(stderr, "%s: %u days of %lld sweeps; truth.csv.\n", y.folder,
                          y.orbit.days, (long long)y.sweeps);
    for (unsigned i = 0; y.hands && i < y.threads; i++) {
        qn_sky_close(y.hands[i].sky);
        qn_buf_release(&y.hands[i].text);
    }
    for (uint32_t day = 0; y.truths && day < y.orbit.days; day++)
        qn_buf_release(&y.truths[day]);
    free(y.hands);
    free(y.truths);
    return status;
}
