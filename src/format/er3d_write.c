/* Writes sweeps as text: see er3d_write.h. A month has 80 million numbers: fluxes and angles are
 * put into digits here, all else by printf. */
#include "format/er3d_write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FLUX_BYTES = 10, PHI_BYTES = 7, HEAD_BYTES = 160, MOST_POWER = 16 };

static const double powers[2 * MOST_POWER + 1] = {
    1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6,
    1e-5,  1e-4,  1e-3,  1e-2,  1e-1,  1e0,   1e1,   1e2,  1e3,  1e4,  1e5,
    1e6,   1e7,   1e8,   1e9,   1e10,  1e11,  1e12,  1e13, 1e14, 1e15, 1e16};

static void put_digits(char *to, unsigned value, int digits)
{
    while (digits-- > 0) {
        to[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* " 1.234E+05": the value to four digits. */
static void put_flux(char to[FLUX_BYTES], double value)
{
    char text[24];
    if (value == 0) {
        memcpy(to, " 0.000E+00", FLUX_BYTES);
        return;
    }
    int power = (int)floor(log10(fabs(value)));
    if (!(value > 0) || power > 12 || power < -12) {
        snprintf(text, sizeof text, value < 0 ? "%10.2E" : "%10.3E", value);
        memcpy(to, text, FLUX_BYTES);
        return;
    }
    unsigned mantissa = (unsigned)lround(value * powers[MOST_POWER + 3 - power]);
    if (mantissa >= 10000) {
        mantissa /= 10;
        power++;
    }
    to[0] = ' ';
    to[1] = (char)('0' + mantissa / 1000);
    to[2] = '.';
    put_digits(to + 3, mantissa % 1000, 3);
    to[6] = 'E';
    to[7] = power < 0 ? '-' : '+';
    put_digits(to + 8, (unsigned)(power < 0 ? -power : power), 2);
}

/* " 359.99" */
static void put_phi(char to[PHI_BYTES], double value)
{
    unsigned hundredths = (unsigned)lround(fmin(fmax(value, 0), 999.99) * 100);
    put_digits(to + 1, hundredths / 100, 3);
    to[0] = ' ';
    to[4] = '.';
    put_digits(to + 5, hundredths % 100, 2);
    for (int i = 1; i < 3 && to[i] == '0'; i++)
        to[i] = ' ';
}

void qn_er_write_row(struct qn_buf *out, const struct qn_er_row *row)
{
    size_t most = HEAD_BYTES + (size_t)QN_ER_CELLS * (FLUX_BYTES + PHI_BYTES);
    char *to = (char *)qn_buf_reserve(out, most);
    if (!to)
        return;
    int head = snprintf(to, HEAD_BYTES, "%s %12.1f %10.3f %5lld %11.6f %11.6f %11.6f", row->utc,
                        row->time_s, row->energy_ev, (long long)row->spec_no, row->mag_nt[0],
                        row->mag_nt[1], row->mag_nt[2]);
    char *at = to + (head < HEAD_BYTES ? head : HEAD_BYTES - 1);
    for (int i = 0; i < QN_ER_CELLS; i++, at += FLUX_BYTES)
        put_flux(at, row->flux[i]);
    for (int i = 0; i < QN_ER_CELLS; i++, at += PHI_BYTES)
        put_phi(at, row->phi_deg[i]);
    out->len += (size_t)(at - to);
}

void qn_er_theta_write(struct qn_buf *out, const double theta_deg[QN_ER_CELLS])
{
    for (int i = 0; i < QN_ER_CELLS; i++)
        qn_buf_printf(out, "%8.2f%s", theta_deg[i], i % 8 == 7 ? "\n" : "");
}
