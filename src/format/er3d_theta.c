/* THETA.TAB: see er3d.h. */
#include "base/buf.h"
#include "base/io.h"
#include "format/er3d.h"
#include "format/text/number.h"

#include <math.h>
#include <string.h>

enum { LARGEST = 1 << 20 };

static bool is_between(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

/* The cells of the instrument by latitude, from the data set's description. */
static const struct band {
    double latitude_deg;
    unsigned cells;
} bands[] = {{78.75, 4},   {56.25, 8},   {33.75, 16}, {11.25, 16},
             {-11.25, 16}, {-33.75, 16}, {-56.25, 8}, {-78.75, 4}};
enum { BANDS = sizeof bands / sizeof *bands };

/* Rounded to a tenth of a degree, latitudes are still told apart. */
#define TOLERANCE_DEG 0.06

static enum qn_status check_bands(const char *path, const double theta_deg[QN_ER_CELLS],
                                  struct qn_error *err)
{
    unsigned seen[BANDS] = {0};
    for (size_t i = 0; i < QN_ER_CELLS; i++) {
        size_t band = 0;
        while (band < BANDS && !(fabs(bands[band].latitude_deg - theta_deg[i]) < TOLERANCE_DEG))
            band++;
        if (band == BANDS)
            return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                              "'%s': latitude %g of cell %zu is none of the instrument's (+-11.25, "
                              "+-33.75, +-56.25, +-78.75). Take THETA.TAB of the data set.",
                              path, theta_deg[i], i + 1);
        seen[band]++;
    }
    for (size_t band = 0; band < BANDS; band++) {
        if (seen[band] != bands[band].cells)
            return qn_fail_at(
                err, QN_ERR_INPUT, path, -1,
                "'%s': %u cells at latitude %g, the instrument has %u. Take THETA.TAB "
                "of the data set.",
                path, seen[band], bands[band].latitude_deg, bands[band].cells);
    }
    return QN_OK;
}

static enum qn_status parse(const char *path, const struct qn_buf *text,
                            double theta_deg[QN_ER_CELLS], struct qn_error *err)
{
    const char *at = (const char *)text->data, *end = at + text->len;
    size_t count = 0;
    for (;;) {
        while (at < end && is_between(*at))
            at++;
        if (at == end)
            break;
        const char *word = at;
        double value;
        while (at < end && !is_between(*at))
            at++;
        if (!qn_parse_real(word, (size_t)(at - word), &value))
            return qn_fail_at(err, QN_ERR_INPUT, path, word - (const char *)text->data,
                              "'%s': '%.*s' at byte %zu is no latitude. Take THETA.TAB of the data "
                              "set.",
                              path, (int)(at - word < 20 ? at - word : 20), word,
                              (size_t)(word - (const char *)text->data));
        if (count < QN_ER_CELLS)
            theta_deg[count] = value;
        count++;
    }
    if (count != QN_ER_CELLS)
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s' has %zu numbers, not the latitudes of %d cells. Take THETA.TAB of "
                          "the data set.",
                          path, count, QN_ER_CELLS);
    return check_bands(path, theta_deg, err);
}

enum qn_status qn_er_theta_read(const char *path, double theta_deg[QN_ER_CELLS],
                                struct qn_error *err)
{
    struct qn_buf text = {0};
    enum qn_status status = qn_read_file(path, &text, LARGEST, err);
    if (!status)
        status = parse(path, &text, theta_deg, err);
    qn_buf_release(&text);
    return status;
}
