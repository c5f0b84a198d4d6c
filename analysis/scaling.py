"""Laws of code length: loss = E + sum over x of A / x^alpha.

With model size N and data size D that is the law of Hoffmann et al. (2022),
Approach 3; with one of them, L(N) or L(D); with N and training steps S, the
law of a training curve.  The sum of Huber losses of log(predicted) -
log(measured) is made small by L-BFGS from a grid of starts.  Nothing is
averaged: a mean of such small numbers lets L-BFGS stop early, which is what
Besiroglu et al. (2024) found in the original fit.

Inside, exponents act on log x minus its mean: the valley in which amplitude
and exponent make up for each other becomes round, and L-BFGS finds its
bottom from almost any start.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

HUBER_DELTA = 1e-3  # in log loss; beyond it errors count by their size only
N_DESCENTS = 24  # starts, best first, from which L-BFGS runs
MOST_STEPS = 200  # of one descent; where few points leave a flat valley, it
# would go on for thousands and gain nothing that the points can tell
N_ROUNDS = 10  # of the two best
LEFT_OUT = 0.2  # share of the points, largest first, in extrapolation
SYMBOLS = {"parameters": ("A", "alpha"), "bytes": ("B", "beta"),
           "steps": ("B", "beta")}


@dataclass
class Fit:
    """A fitted law; value(name) gives E, A, alpha, B, beta, a or huber."""

    columns: list  # names of what the loss depends on
    theta: np.ndarray  # log E, then log A and alpha of each column
    huber: float  # sum over points
    n_points: int
    draws: np.ndarray = None  # theta of bootstrap samples, one a row

    def names(self):
        """Of the numbers that value() knows, in printing order."""
        letters = [SYMBOLS[c] for c in self.columns]
        names = ["E"] + [a for a, _ in letters] + [b for _, b in letters]
        return names + (["a"] if len(letters) == 2 else [])

    def value(self, name, theta=None):
        """One number of the law, of theta or of the fitted one."""
        theta = self.theta if theta is None else theta
        if name == "E":
            return np.exp(theta[0])
        if name == "a":  # N_opt grows as compute^a, D_opt as compute^(1-a)
            return theta[4] / (theta[2] + theta[4])
        for k, column in enumerate(self.columns):
            amplitude, exponent = SYMBOLS[column]
            if name == amplitude:
                return np.exp(theta[1 + 2 * k])
            if name == exponent:
                return theta[2 + 2 * k]
        raise KeyError(name)

    def interval(self, name, level=0.95):
        """Percentiles over the bootstrap samples, or None without them."""
        if self.draws is None:
            return None
        values = [self.value(name, theta) for theta in self.draws]
        tail = 50 * (1 - level)
        return tuple(np.percentile(values, [tail, 100 - tail]))

    def predict(self, table):
        """Loss of each row of a table that has the columns."""
        return predict(self.theta, log_columns(table, self.columns))

    def as_json(self):
        """Plain values for --json: numbers, and [low, high] of each."""
        out = {"huber": self.huber, "points": self.n_points}
        for name in self.names():
            out[name] = self.value(name)
        if self.draws is not None:
            out["bootstraps"] = len(self.draws)
            out["intervals"] = {n: self.interval(n) for n in self.names()}
        return out


def log_columns(table, columns):
    """Log of each column, one a row of the answer."""
    return np.log(np.array([table[c] for c in columns], float))


def terms(theta, x):
    """Log of each term of the law: constant first."""
    power = theta[1::2, None] - theta[2::2, None] * x
    return np.vstack([np.full(x.shape[1], theta[0]), power])


def predict(theta, x):
    """Loss at x (log of the columns)."""
    return np.exp(logsumexp(terms(theta, x), axis=0))


def huber_sum(theta, x, y, weight):
    """Sum of Huber losses in log y, and its gradient."""
    t = terms(theta, x)
    r = logsumexp(t, axis=0) - y
    clipped = np.clip(r, -HUBER_DELTA, HUBER_DELTA)
    loss = weight @ (clipped * (r - clipped / 2))
    slope = softmax(t, axis=0) * (weight * clipped)
    gradient = np.empty_like(theta)
    gradient[0] = slope[0].sum()
    gradient[1::2] = slope[1:].sum(1)
    gradient[2::2] = -(slope[1:] * x).sum(1)
    return loss, gradient


def starts(x, y):
    """Grid of first values, in centred coordinates: theta, one a row.

    The constant takes a share of the smallest loss; what is left over at the
    middle of the points is divided among the powers.
    """
    n = len(x)
    rows = []
    shares = [0.05, 0.3, 0.6, 0.8, 0.9, 0.97]
    exponents = [0.05, 0.2, 0.35, 0.6, 1.0, 1.6]
    parts = [0.1, 0.5, 0.9] if n == 2 else [1.0]
    for share, part in itertools.product(shares, parts):
        e = y.min() + np.log(share)
        rest = max(np.exp(np.median(y)) - np.exp(e), 1e-3 * np.exp(y.min()))
        amplitudes = np.log(rest * np.array([part, 1 - part][:n]))
        for powers in itertools.product(exponents, repeat=n):
            theta = np.empty(1 + 2 * n)
            theta[0], theta[1::2], theta[2::2] = e, amplitudes, powers
            rows.append(theta)
    return np.array(rows)


def descend(theta, x, y, weight, rounds=1):
    """L-BFGS, begun again in so many rounds while it gains something.

    The objective is of the order 1e-3: scaled to 1, so that the tolerances
    of the library mean what they say.
    """
    scale = 1 / max(huber_sum(theta, x, y, weight)[0], 1e-12)
    for _ in range(rounds):
        before = huber_sum(theta, x, y, weight)[0]
        found = minimize(
            lambda t: tuple(scale * v for v in huber_sum(t, x, y, weight)),
            theta, jac=True, method="L-BFGS-B",
            options={"maxiter": MOST_STEPS, "maxcor": 30, "ftol": 1e-15,
                     "gtol": 1e-10})
        theta = found.x
        if before - found.fun / scale <= 1e-9 * before:
            break
    return theta, huber_sum(theta, x, y, weight)[0]


def fit_centred(x, y, weight, first):
    """Best descent from those rows of first that look best."""
    values = [huber_sum(theta, x, y, weight)[0] for theta in first]
    found = [descend(first[i], x, y, weight)
             for i in np.argsort(values)[:N_DESCENTS]]
    found.sort(key=lambda pair: pair[1])
    best = [descend(theta, x, y, weight, N_ROUNDS) for theta, _ in found[:2]]
    return min(best, key=lambda pair: pair[1])


def fit_law(table, columns, loss="loss", n_bootstrap=0, seed=1):
    """Fit the law to a table; with n_bootstrap also resample its rows."""
    raw = log_columns(table, columns)
    y = np.log(np.asarray(table[loss], float))
    n = len(y)
    if n < 2 + 2 * len(columns):
        raise ValueError(f"{n} points are too few for a law in "
                         f"{' and '.join(columns)}")
    if any(len(np.unique(row)) < 3 for row in raw):
        raise ValueError(f"a law in {' and '.join(columns)} needs three "
                         "values of each")
    centre = raw.mean(1)
    x = raw - centre[:, None]

    def uncentred(theta):
        theta = theta.copy()
        theta[1::2] += theta[2::2] * centre
        return theta

    theta, huber = fit_centred(x, y, np.ones(n), starts(x, y))
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(n_bootstrap):
        weight = np.bincount(rng.integers(0, n, n), minlength=n).astype(float)
        draws.append(uncentred(descend(theta, x, y, weight)[0]))
    return Fit(list(columns), uncentred(theta), huber, n,
               np.array(draws) if draws else None)


def size_of_run(table, columns):
    """What 'largest' means for a law: the product of its columns."""
    return np.exp(log_columns(table, columns).sum(0))


def extrapolate(table, columns, loss="loss", share=LEFT_OUT):
    """Fit without the largest runs and predict them.

    Returns the held-out rows with column predicted; its error beside that of
    the fitted rows says what a larger run may be trusted to do.
    """
    order = np.argsort(size_of_run(table, columns), kind="stable")
    n_out = max(1, round(share * len(order)))
    inside, outside = table.iloc[order[:-n_out]], table.iloc[order[-n_out:]]
    fit = fit_law(inside, columns, loss)

    def error(rows):
        return np.log(fit.predict(rows) / np.asarray(rows[loss], float))

    return {"fitted": len(inside), "left_out": n_out,
            "error_fitted": float(np.abs(error(inside)).mean()),
            "error_left_out": float(np.abs(error(outside)).mean()),
            "bias_left_out": float(error(outside).mean()),
            "rows": outside.assign(predicted=fit.predict(outside))}


def allocate(fit, flops):
    """Model size and data for each training budget, C = 6 N D.

    Closed form of the minimum of the law on N D = C / 6.
    """
    alpha, beta = fit.value("alpha"), fit.value("beta")
    ratio = alpha * fit.value("A") / (beta * fit.value("B"))
    g = ratio ** (1 / (alpha + beta))
    nd = np.asarray(flops, float) / 6
    n = g * nd ** fit.value("a")
    d = nd / n
    loss = fit.value("E") + fit.value("A") / n**alpha + fit.value("B") / d**beta
    return {"flops": np.asarray(flops, float), "parameters": n, "bytes": d,
            "loss": loss}
