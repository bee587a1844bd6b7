/* Any bytes as a file of electron spectra, as THETA.TAB and as the attitude table: every line of
 * spectra is a row or a stray line, and a file cut in two gives the same sweeps as a whole one. */
#include "fuzz.h"

#include "format/er3d.h"
#include "pipelines/lunar/attitude.h"

#include <math.h>
#include <string.h>

const char *const fuzz_words[] = {"1998-04-10T00:00:00",
                                  "892166704.0",
                                  " 9.999E-99",
                                  " -9.99E-99",
                                  " 999.99",
                                  "\r\n",
                                  "\n1998",
                                  " 1",
                                  " 78.75",
                                  "rpm",
                                  ",",
                                  NULL};

struct sum { /* of what a reader gave */
    uint64_t rows;
    uint64_t strays;
    uint64_t sweeps;
    uint64_t places; /* offsets, added up */
};

static enum qn_status count_stray(void *context, const struct qn_er_place *place,
                                  struct qn_error *err)
{
    struct sum *sum = context;
    (void)err;
    sum->strays++;
    sum->places += place->offset;
    return QN_OK;
}

static void add_sweep(struct sum *sum, const struct qn_er_sweep *sweep)
{
    FUZZ_REQUIRE(sweep->rows >= 1 && sweep->rows <= QN_ER_ROWS);
    sum->sweeps++;
    sum->rows += sweep->rows;
    for (size_t i = 0; i < sweep->rows; i++) {
        const struct qn_er_place *place = &sweep->place[i];
        sum->places += place->offset;
        FUZZ_REQUIRE(place->fault < QN_ER_FAULTS && strlen(sweep->utc[i]) < QN_ER_UTC);
        FUZZ_REQUIRE((place->fields == QN_ER_FIELDS) == (place->fault != QN_ER_FIELD_COUNT));
        FUZZ_REQUIRE(!isinf(sweep->energy_ev[i]) && !isinf(sweep->time_s[i]));
        for (size_t cell = 0; cell < QN_ER_CELLS; cell++)
            FUZZ_REQUIRE(!isinf(sweep->flux[i][cell]) && !(sweep->phi_deg[i][cell] >= 998));
    }
}

static struct sum read_range(const char *path, uint64_t from, uint64_t to)
{
    static struct qn_er_sweep sweep;
    struct sum sum = {0};
    struct qn_er_stray stray = {&sum, count_stray};
    struct qn_er_reader *reader;
    bool more = true;
    enum qn_status status = qn_er_open(&reader, path, from, to, NULL);
    FUZZ_REQUIRE(status == QN_OK);
    if (status)
        return sum;
    while (more && !status) {
        status = qn_er_read(reader, &sweep, &more, &stray, NULL);
        FUZZ_REQUIRE(status == QN_OK);
        if (more && !status)
            add_sweep(&sum, &sweep);
    }
    qn_er_close(reader);
    return sum;
}

static void check_cut(const char *path, const struct sum *whole, uint64_t at, uint64_t size)
{
    uint64_t cut = 0;
    FUZZ_REQUIRE(qn_er_next_start(path, at, &cut, NULL) == QN_OK);
    FUZZ_REQUIRE(cut >= at && cut <= size);
    struct sum first = read_range(path, 0, cut);
    struct sum second = read_range(path, cut, UINT64_MAX);
    FUZZ_REQUIRE(first.rows + second.rows == whole->rows);
    FUZZ_REQUIRE(first.sweeps + second.sweeps == whole->sweeps);
    FUZZ_REQUIRE(first.strays + second.strays == whole->strays);
    FUZZ_REQUIRE(first.places + second.places == whole->places);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double theta[QN_ER_CELLS];
    struct qn_attitude *attitude = NULL;
    const char *path = fuzz_file(data, size);
    struct sum whole = read_range(path, 0, UINT64_MAX);
    check_cut(path, &whole, size / 2, size);
    check_cut(path, &whole, size, size);
    (void)qn_er_theta_read(path, theta, NULL);
    if (qn_attitude_read(&attitude, path, &qn_leaps_builtin, NULL) == QN_OK) {
        double longitude, latitude;
        if (qn_attitude_at(attitude, qn_attitude_start(attitude), &longitude, &latitude))
            FUZZ_REQUIRE(isfinite(longitude) && isfinite(latitude));
        qn_attitude_free(attitude);
    }
    return 0;
}
