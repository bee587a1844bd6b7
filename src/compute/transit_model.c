/* The flux of a transit with quadratic limb darkening: see tls.h. The light that the planet hides
 * is the integral over rings of the star of their brightness times the hidden part of the ring,
 *
 *   1 - F = integral of I(r) 2 kappa(r) r dr / (pi (1 - u1/3 - u2/6)),
 *   kappa = acos((r^2 + z^2 - p^2) / (2 r z)),  I = 1 - u1 (1 - mu) - u2 (1 - mu)^2,
 *
 * from |z - p| to min(1, z + p), and whole rings below p - z. With r = c + h sin(theta) the ends
 * are smooth, and 32 nodes of Gauss and Legendre give 2e-8. */
#include "compute/tls.h"

#include <math.h>

enum { NODES = 32 };

/* Positive nodes and weights of the Gauss-Legendre rule of 32 points (Abramowitz and Stegun, 25.4).
 */
static const double nodes[NODES / 2] = {
    0.048307665687738316, 0.144471961582796493, 0.239287362252137075, 0.331868602282127650,
    0.421351276130635345, 0.506899908932229390, 0.587715757240762329, 0.663044266930215201,
    0.732182118740289680, 0.794483795967942407, 0.849367613732569970, 0.896321155766052124,
    0.934906075937739689, 0.964762255587506430, 0.985611511545268335, 0.997263861849481564};
static const double weights[NODES / 2] = {
    0.096540088514727801, 0.095638720079274859, 0.093844399080804566, 0.091173878695763885,
    0.087652093004403811, 0.083311924226946755, 0.078193895787070306, 0.072345794108848506,
    0.065822222776361847, 0.058684093478535547, 0.050998059262376176, 0.042835898022226681,
    0.034273862913021433, 0.025392065309262059, 0.016274394730905671, 0.007018610009470097};

struct geometry {
    double p;
    double z;
    double u1;
    double u2;
};

static double brightness(const struct geometry *g, double mu)
{
    double dark = 1 - mu;
    return 1 - dark * (g->u1 + dark * g->u2);
}

/* Rings that are partly hidden: brightness * 2 kappa * r. */
static double ring(const struct geometry *g, double r)
{
    double cosine = (r * r + g->z * g->z - g->p * g->p) / (2 * r * g->z);
    double kappa = acos(fmax(-1, fmin(1, cosine)));
    double mu = sqrt(fmax(0, 1 - r * r));
    return brightness(g, mu) * 2 * kappa * r;
}

static double hidden_rings(const struct geometry *g, double low, double high)
{
    double centre = 0.5 * (low + high);
    double half = 0.5 * (high - low);
    double sum = 0;
    for (int k = 0; k < NODES; k++) {
        double x = k % 2 ? nodes[k / 2] : -nodes[k / 2];
        double theta = 0.5 * M_PI * x;
        sum += weights[k / 2] * ring(g, centre + half * sin(theta)) * cos(theta);
    }
    return sum * 0.5 * M_PI * half;
}

/* Whole discs of radius r <= 1, from mu(r) to 1: the integral of I 2 pi r dr in closed form. */
static double hidden_disc(const struct geometry *g, double r)
{
    double mu = sqrt(fmax(0, 1 - r * r));
    double a = (1 - mu * mu) / 2;                                   /* of mu dmu */
    double b = a - (1 - mu * mu * mu) / 3;                          /* of (1 - mu) mu dmu */
    double c = b - ((1 - mu * mu * mu) / 3 - (1 - pow(mu, 4)) / 4); /* of (1 - mu)^2 mu dmu */
    return 2 * M_PI * (a - g->u1 * b - g->u2 * c);
}

double qn_transit_flux(double p, double z, double u1, double u2)
{
    struct geometry g = {p, fabs(z), u1, u2};
    double total = M_PI * (1 - u1 / 3 - u2 / 6);
    double hidden = 0;
    if (g.z >= 1 + p || p <= 0)
        return 1;
    if (p > g.z)
        hidden = hidden_disc(&g, fmin(1, p - g.z));
    double low = fabs(g.z - p);
    double high = fmin(1, g.z + p);
    if (g.z > 0 && high > low)
        hidden += hidden_rings(&g, low, high);
    return 1 - hidden / total;
}
