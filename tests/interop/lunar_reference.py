"""The numerics of `quern lunar` a second time, in NumPy and SciPy, from the published descriptions:
kappa distributions, the fit of a spectrum, currents and potentials of a spacecraft, pitch angles and
the loss cone (Halekas et al. 2008, JGR 113, A09102). Slow and plain."""

import numpy as np
from scipy import integrate, optimize, special

ELECTRON_MASS = 5.685630e-12  # eV s^2 m^-2
CHARGE = 1.602176634e-19
PROTON_MASS = 1.67262192e-27
EPS = 1e-6
RESPONSE = np.arcsinh(0.25) / np.sqrt(2 * np.log(2))

# Latitude: cells, solid angle of a cell.
LATITUDES = {78.75: (4, 0.119570), 56.25: (8, 0.170253), 33.75: (16, 0.127401), 11.25: (16, 0.150279)}


def synthetic_cells():
    """Latitude and azimuth of the 88 cells in the order of the golden files."""
    theta, phi = [], []
    for latitude in (11.25, 33.75, 56.25, 78.75):
        count = LATITUDES[latitude][0]
        for sign in (1, -1):
            theta += [sign * latitude] * count
            phi += [360.0 * j / count for j in range(count)]
    return np.array(theta), np.array(phi)


def solid_angles(theta):
    return np.array([LATITUDES[abs(t)][1] for t in theta])


def sharing(theta):
    return np.array([LATITUDES[abs(t)][0] for t in theta], dtype=float)


def pitch_angles(mag, theta, phi):
    """Degrees between each cell's direction and `mag`."""
    theta, phi = np.radians(theta), np.radians(phi)
    direction = np.stack([np.cos(phi) * np.cos(theta), np.sin(phi) * np.cos(theta),
                          np.sin(theta) * np.ones_like(phi)], axis=-1)
    unit = np.asarray(mag, dtype=float) / np.linalg.norm(mag)
    return np.degrees(np.arccos(np.clip(direction @ unit, -1, 1)))


# ---- kappa distributions


def speed(energy):
    return np.sqrt(2 * energy / ELECTRON_MASS)


def phase_density(v, n, kappa, theta):
    norm = special.gamma(kappa + 1) / ((np.pi * kappa) ** 1.5 * special.gamma(kappa - 0.5))
    return n / theta**3 * norm * (1 + v**2 / (kappa * theta**2)) ** (-kappa - 1)


def omni_flux(energy, n, kappa, theta):
    """cm^-2 s^-1 eV^-1"""
    v = speed(energy)
    return 4 * np.pi * phase_density(v, n, kappa, theta) * v**2 / ELECTRON_MASS * 1e-4


def temperature(kappa, theta):
    return kappa / (kappa - 1.5) * ELECTRON_MASS * theta**2 / 2


def theta_of(kappa, t_ev):
    return np.sqrt(2 * (kappa - 1.5) / kappa * t_ev / ELECTRON_MASS)


def closed_current(n, kappa, theta):
    t = temperature(kappa, theta)
    return (n * CHARGE * np.sqrt(t / (2 * np.pi * ELECTRON_MASS)) * np.sqrt(kappa - 1.5)
            * special.gamma(kappa - 1) / special.gamma(kappa - 0.5))


def simpson_current(n, kappa, theta, low, high, points):
    energy = np.geomspace(low, high, points)
    return CHARGE * 0.25 * integrate.simpson(omni_flux(energy, n, kappa, theta), x=energy) * 1e4


# ---- the published fit of a spectrum


def response(energy):
    ratio = np.log(energy[:, None] / energy[None, :]) / RESPONSE
    w = np.exp(-0.5 * ratio**2)
    return w / w.sum(axis=1, keepdims=True)


def spectrum(energy, flux, mag, theta, phi):
    """Omnidirectional flux and counts of a sweep: cells that move against B, twice."""
    omni, counts = [], []
    for i in range(len(energy)):
        pitch = pitch_angles(-np.asarray(mag[i]), theta, phi[i])
        incident = pitch < 90
        omni.append(2 * np.sum(flux[i][incident] * solid_angles(theta)[incident]))
        seen = np.clip(flux[i], 0, None) * 0.02 * energy[i] * 2.5 / sharing(theta)
        counts.append(np.round(seen).sum())
    return np.array(omni), np.array(counts)


def density(energy, omni):
    return np.sum(omni / (speed(energy) * 100) * 0.5 * energy) * 1e6


def weights(omni, counts):
    sigma = np.sqrt(counts + (0.05 * counts) ** 2 + (0.10 * counts) ** 2)
    sigma_ln = (sigma / (counts + EPS) * omni) / (omni + EPS) + EPS
    return 1 / (sigma_ln + EPS)


def kappa_chi2(parameters, energy, omni, weight, n, fold=True):
    kappa, log_theta = parameters
    model = omni_flux(energy, n, kappa, 10**log_theta)
    if fold:
        model = response(energy) @ model
    return np.sum((weight * (np.log(model + EPS) - np.log(omni + EPS))) ** 2)


def kappa_fit(energy, omni, counts, fold=True, starts=10):
    n = density(energy, omni)
    weight = weights(omni, counts)
    rng = np.random.default_rng(42)
    best = None
    for _ in range(starts):
        start = [rng.uniform(2.5, 6), rng.uniform(6, 8)]
        found = optimize.minimize(kappa_chi2, start, args=(energy, omni, weight, n, fold),
                                  method="L-BFGS-B", bounds=[(2.5, 6), (6, 8)])
        if best is None or found.fun < best.fun:
            best = found
    return n, best.x[0], 10 ** best.x[1], best.fun


# ---- the spacecraft


def photoemission(u):
    return 1.07e-6 * np.exp(-u / 5) + 1.6e-8 * np.exp(-u / 60)


def photoemission_potential(current):
    return optimize.brentq(lambda u: photoemission(u) - current, 0, 150, xtol=1e-12)


def secondary_yield(energy):
    energy = np.maximum(energy, 0)
    return 7.4 * 1.5 * (energy / 500) * np.exp(-2 * np.sqrt(energy / 500))


def night_currents(u, n, kappa, theta):
    """The published currents at a potential u < 0 of the fitted plasma: electrons, secondaries, ions."""
    t = temperature(kappa, theta) + u / (kappa - 1.5)
    if t <= 0:
        return 1e12, 0.0, 0.0
    energy = np.geomspace(1, 20000, 500)
    particle = 0.25 * omni_flux(energy, n, kappa, theta_of(kappa, t)) * 1e4
    inside = energy >= abs(u)
    electrons = CHARGE * np.trapezoid(particle[inside], energy[inside])
    secondaries = CHARGE * np.trapezoid(
        (secondary_yield(energy - abs(u)) * particle)[inside], energy[inside])
    t += EPS
    ions = CHARGE * n * np.sqrt(CHARGE * t / (2 * np.pi * PROTON_MASS)) * np.sqrt(1 - u / t)
    return electrons, secondaries, ions


# ---- the loss cone


def cone_model(energy, pitch, u, b, beam, u_sc):
    """energy (rows, 1), pitch (rows, cells): the normalised flux, halekas' model with a hard edge."""
    inside = np.clip(b * (1 + u / np.maximum(energy - u_sc, 1e-12)), 0, 1)
    edge = 180 - np.degrees(np.arcsin(np.sqrt(inside)))
    value = np.where(pitch <= edge, 1.0, 0.05)
    drop = u_sc - u
    if drop > 0:
        value = value + (beam * np.exp(-0.5 * ((energy - max(drop, 15)) / 15) ** 2)
                         * np.exp(-0.5 * ((pitch - 180) / 7.5) ** 2))
    return value


def cone_norm(flux, pitch):
    """Each row by the mean of its positive incident cells."""
    norm = np.full_like(flux, np.nan)
    for i in range(len(flux)):
        incident = (pitch[i] < 90) & np.isfinite(flux[i]) & (flux[i] > 0)
        if incident.any():
            norm[i] = flux[i] / max(flux[i][incident].mean(), EPS)
    return norm


def cone_band(flux, pitch):
    band = np.zeros(flux.shape, dtype=bool)
    for i in range(len(flux)):
        incident = (pitch[i] < 90) & np.isfinite(flux[i]) & (flux[i] > 0)
        if incident.any():
            relative = flux[i] / flux[i][incident].max()
            band[i] = np.isfinite(flux[i]) & (flux[i] > 0) & (relative > 0.07) & (relative < 0.79)
    return band


def cone_chi2(parameters, energy, pitch, norm, band, u_sc, method):
    u, b, beam = parameters
    model = cone_model(energy[:, None], pitch, u, b, beam, u_sc)
    usable = np.isfinite(norm) & (energy[:, None] >= u_sc)
    if method == "lillis":
        usable &= band
        n = usable.sum()
        return np.sum((norm[usable] - model[usable]) ** 2) / max(n - 3, 1) if n >= 5 else np.nan
    usable &= norm > 0
    return np.sum((np.log(norm[usable] + EPS) - np.log(model[usable] + EPS)) ** 2)


def evolve(energy, pitch, norm, band, u_sc, method, seed=42, generations=500):
    """The published search: 400 points of a Latin hypercube, then differential evolution."""
    rng = np.random.default_rng(seed)
    cells = (np.array([rng.permutation(400) for _ in range(3)]).T + 0.5) / 400
    points = np.array([-1000, 0.3, 0]) + cells * np.array([1000, 0.8, 5])

    def objective(p):
        return cone_chi2(p, energy, pitch, norm, band, u_sc, method)

    first = min(points, key=objective)
    found = optimize.differential_evolution(
        objective, [(-2000, 20), (0.3, 1.1), (0, 5)], strategy="best1bin", popsize=17, mutation=0.5,
        recombination=0.9, tol=1e-3, atol=1e-3, polish=False, updating="deferred", x0=first,
        maxiter=generations, rng=seed)
    if objective(first) < found.fun:
        return first, objective(first)
    return found.x, found.fun


# ---- synthetic sweeps


def seen_flux(energy, n, kappa, theta, u_sc):
    """What a spacecraft at u_sc sees of an isotropic plasma, per steradian, folded with the energy
    response by a fine sum: E f(E - U) by Liouville's theorem."""
    width = np.linspace(-5, 5, 801)
    weight = np.exp(-0.5 * width**2)
    weight /= weight.sum()
    e = energy[:, None] * np.exp(RESPONSE * width)[None, :]
    ambient = e - u_sc
    j = np.where(ambient > 0, omni_flux(np.maximum(ambient, 1e-9), n, kappa, theta)
                 * e / np.maximum(ambient, 1e-9), 0) / (4 * np.pi)
    return (j * weight).sum(axis=1)


def liouville_night_potential(n, kappa, theta):
    """Where the currents to a plane balance, electrons slowed down by |U|; None: nowhere."""
    t = temperature(kappa, theta)

    def excess(u):
        def per_energy(log_energy):
            e = np.exp(log_energy)
            arriving = 0.25e4 * CHARGE * omni_flux(e - u, n, kappa, theta) * e / (e - u)
            return arriving * (1 - secondary_yield(e)) * e
        electrons = integrate.quad(per_energy, -6, 12.5, limit=400, epsabs=0, epsrel=1e-9)[0]
        ions = CHARGE * n * np.sqrt(CHARGE * (t - u) / (2 * np.pi * PROTON_MASS))
        return ions - electrons

    if excess(0) >= 0:
        return None
    return optimize.brentq(excess, -60 * t, 0)


def synthetic_sweep(rng, n, kappa, theta_ms, day, u, b, beam, u_sc, energy=None, angles=1):
    """flux, phi, field of a sweep with Poisson counts; the polarity is +1."""
    energy = np.geomspace(38.641, 16680.334, 15)[::-1] if energy is None else energy
    theta, phi0 = synthetic_cells()
    mag = rng.normal(size=3)
    mag *= rng.uniform(5, 20) / np.linalg.norm(mag)
    field = mag + rng.normal(size=(15, 3)) * 0.02 * np.linalg.norm(mag)
    phi = np.array([phi0 + 1.5 * i for i in range(15)])
    j = seen_flux(energy, n, kappa, theta_ms, u_sc)
    share = sharing(theta)
    model, weights = np.zeros((15, 88)), np.zeros(88)
    offsets = (np.arange(angles) - (angles - 1) / 2) / angles
    for dt in offsets:
        for dp in offsets:
            pitch = np.array([pitch_angles(field[i], theta + 22.5 * dt, phi[i] + 360 / share * dp)
                              for i in range(15)])
            weight = np.cos(np.radians(theta + 22.5 * dt))
            model += weight * cone_model(energy[:, None], pitch, u, b, beam, u_sc)
            weights += weight
    model /= weights
    factor = 0.02 * energy[:, None] * 2.5 / share[None, :]
    counts = rng.poisson(j[:, None] * model * factor)
    return energy, field, phi, theta, counts / factor
