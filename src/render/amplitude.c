/* The clip level of a picture and its diverging colour scale: see amplitude.h. */
#include "render/amplitude.h"

#include <math.h>
#include <string.h>

/* ---- clip ----------------------------------------------------------------------------------- */

#define INFINITE 0x7f800000u /* |value| as bits; NaNs are above */

static uint32_t magnitude_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x7fffffffu;
}

static float magnitude_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The value of a rank (from 0) among all finite magnitudes. Non-negative floats are ordered as
 * their bits are, so that four counting passes, one for each byte from the top, find it without
 * sorting or copying. */
static uint32_t select_rank(const float *values, size_t count, size_t rank)
{
    uint64_t found = 0; /* the bytes already known; 64 bits, so that it can be shifted by 32 */
    for (int shift = 24; shift >= 0; shift -= 8) {
        size_t tally[256] = {0};
        unsigned byte = 0;
        for (size_t i = 0; i < count; i++) {
            uint64_t bits = magnitude_bits(values[i]);
            if (bits < INFINITE && bits >> (shift + 8) == found)
                tally[bits >> shift & 0xff]++;
        }
        while (rank >= tally[byte])
            rank -= tally[byte++];
        found = found << 8 | byte;
    }
    return (uint32_t)found;
}

double qn_amplitude_clip(const float *values, size_t count)
{
    size_t finite = 0;
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = magnitude_bits(values[i]);
        if (bits >= INFINITE)
            continue;
        finite++;
        largest = bits > largest ? bits : largest;
    }
    if (largest == 0)
        return 1;
    size_t within = finite - finite / 100 * (100 - QN_CLIP_PERCENT) -
                    finite % 100 * (100 - QN_CLIP_PERCENT) / 100;
    uint32_t clip = select_rank(values, count, within - 1);
    return magnitude_of(clip ? clip : largest);
}

/* ---- colours -------------------------------------------------------------------------------- */

struct lab {
    double lightness, a, b;
};

/* Ends of the scale: lightness 0.42, chroma 0.14, hues 260 and 35 degrees. Both lines from white
 * lie within sRGB all the way, so that nothing is cut off and lightness stays even. */
static const struct lab blue_end = {0.42, -0.024311, -0.137873};
static const struct lab red_end = {0.42, 0.114681, 0.080301};

/* Gamma of sRGB (IEC 61966-2-1), to 8 bits. */
static uint32_t srgb_byte(double linear)
{
    double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    value = value < 0 ? 0 : value > 1 ? 1 : value;
    return (uint32_t)lround(255 * value);
}

/* Oklab to linear sRGB, with the matrices of Ottosson 2020. */
static uint32_t rgb_of(struct lab c)
{
    double l = c.lightness + 0.3963377774 * c.a + 0.2158037573 * c.b;
    double m = c.lightness - 0.1055613458 * c.a - 0.0638541728 * c.b;
    double s = c.lightness - 0.0894841775 * c.a - 1.2914855480 * c.b;
    l = l * l * l;
    m = m * m * m;
    s = s * s * s;
    return srgb_byte(+4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s) << 16 |
           srgb_byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s) << 8 |
           srgb_byte(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}

uint32_t qn_colour_oklab(double lightness, double a, double b)
{
    return rgb_of((struct lab){lightness, a, b});
}

uint32_t qn_colour_at(int step)
{
    struct lab end = step < 0 ? blue_end : red_end;
    double part = (double)(step < 0 ? -step : step) / QN_COLOUR_STEPS;
    part = part > 1 ? 1 : part;
    return rgb_of((struct lab){1 - part * (1 - end.lightness), part * end.a, part * end.b});
}

int qn_colour_step(double value, double clip)
{
    double part = value / clip;
    part = part < -1 ? -1 : part > 1 ? 1 : part;
    return (int)lround(part * QN_COLOUR_STEPS);
}
