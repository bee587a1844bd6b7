/* How amplitudes become colours in pictures: where the colours end, and which colour a value has.
 * Pure functions without Cairo, used by every picture with a diverging scale. */
#ifndef QN_RENDER_AMPLITUDE_H
#define QN_RENDER_AMPLITUDE_H

#include <stddef.h>
#include <stdint.h>

enum {
    QN_CLIP_PERCENT = 98,        /* of the finite values lie within the colours */
    QN_COLOUR_STEPS = 255,       /* on either side of white */
    QN_COLOUR_MISSING = 0xa6a6a6 /* NaN: a grey that the scale does not have */
};

/* Amplitude at which the colours end: the smallest |value| that at least 98 % of the finite values
 * do not exceed (nearest rank). If that is zero the largest |value|; if all values are zero, NaN
 * or infinite, 1. Always finite and positive. */
double qn_amplitude_clip(const float *values, size_t count);

/* Colour 0xRRGGBB at `step` of the scale, from -QN_COLOUR_STEPS (blue) over 0 (white) to
 * QN_COLOUR_STEPS (red); steps beyond are taken as the ends.
 *
 * Each side is a straight line in Oklab (Ottosson 2020, "A perceptual color space for image
 * processing") from white to an end colour of the same lightness and chroma: equal steps look
 * equal, hue does not drift, and blue against orange-red is told apart in all common kinds of
 * colour blindness. */
uint32_t qn_colour_at(int step);

/* Colour 0xRRGGBB of an Oklab lightness (0 to 1) and its two chroma coordinates; what lies outside
 * sRGB is cut off. */
uint32_t qn_colour_oklab(double lightness, double a, double b);

/* Step of a value: round(value / clip * QN_COLOUR_STEPS), held within the scale. Not for NaN. */
int qn_colour_step(double value, double clip);

#endif
