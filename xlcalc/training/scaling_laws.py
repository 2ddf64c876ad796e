"""Loss and compute-optimal size as published scaling laws have them."""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import power, term

PF_DAY = 8.64e19
_HOFFMANN, _BESIROGLU, _KAPLAN = "Hoffmann et al. 2022", "Besiroglu et al. 2024", "Kaplan et al. 2020"


class Parametric(NamedTuple):
    """L(N, D) = E + A / N^alpha + B / D^beta."""

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    source: str


CHINCHILLA = Parametric(1.69, 406.4, 410.7, 0.34, 0.28, f"{_HOFFMANN}, equation 10")
BESIROGLU = Parametric(1.8172, 482.01, 2085.43, 0.3478, 0.3658, f"{_BESIROGLU}, table 1")
PARAMETRIC = {"chinchilla": CHINCHILLA, "besiroglu": BESIROGLU}

# N_opt = k C^a: Hoffmann et al. 2022 give a in table 2; k is fitted to their tables 3 (approach 1) and A3 (2 and 3),
# from 400M to 10T parameters, with worst errors of 2.0, 1.9 and 2.9 %.
POWER_LAWS = {"chinchilla_1": (0.089479, 0.50), "chinchilla_2": (0.142553, 0.49), "chinchilla_3": (0.491211, 0.46)}
LOSS_LAWS = ("chinchilla", "besiroglu", "kaplan")
OPTIMUM_LAWS = ("chinchilla", "besiroglu", "kaplan", *POWER_LAWS)


def parametric_loss(law: Parametric, params: float, tokens: float) -> float:
    """Loss that a parametric law predicts.

        L(N, D) = E + A / N^alpha + B / D^beta

    Args:
        law: its constants
        params: parameters N [parameters], above 0; the fit has 70 million to 16 billion
        tokens: training tokens D [tokens], above 0

    Gives nats a token. Source: Hoffmann et al. 2022, equation 10; Besiroglu et al. 2024, table 1.

    >>> round(parametric_loss(CHINCHILLA, 70e9, 1.4e12), 4)
    1.9366
    """
    of_data = term("loss of endless text", law.E, "nats/token", law.source)
    of_size = term("loss of finite parameters", law.A / params**law.alpha, "nats/token", law.source)
    of_tokens = term("loss of finite data", law.B / tokens**law.beta, "nats/token", law.source)
    return of_data + of_size + of_tokens


def kaplan_loss(params: float, tokens: float) -> float:
    """Loss that Kaplan's joint law predicts.

        L(N, D) = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D

    Args:
        params: parameters N without embeddings [parameters], above 0
        tokens: training tokens D [tokens], above 0

    Gives nats a token. Source: Kaplan et al. 2020, equation 1.5.

    >>> round(kaplan_loss(1.5e9, 22e9), 2)
    2.31
    """
    alpha_n, alpha_d, n_c, d_c = 0.076, 0.103, 6.4e13, 1.8e13
    of_size = term("term of size", (n_c / params) ** (alpha_n / alpha_d), "ratio", f"{_KAPLAN}, equation 1.5")
    of_tokens = term("term of data", d_c / tokens, "ratio", f"{_KAPLAN}, equation 1.5")
    return (of_size + of_tokens) ** alpha_d


def critical_batch(loss: float) -> float:
    """Tokens of the batch beyond which more parallel data saves little time.

        B_crit(L) = B* / L^(1 / alpha_B), B* = 2e8 tokens, alpha_B = 0.21

    Args:
        loss: loss L reached [nats/token], above 0

    Gives tokens. Source: Kaplan et al. 2020, equation 5.3.

    >>> round(critical_batch(2.5) / 1e6, 2)
    2.55
    """
    return 2e8 / power(loss, 1 / 0.21)


def optimal_params(flops: float, law: str) -> float:
    """Parameters that reach the lowest loss for a compute.

        chinchilla: N = k C^a
        besiroglu: N = (alpha A / (beta B))^(1 / (alpha + beta)) (C / 6)^(beta / (alpha + beta))
        kaplan: N = 1.3e9 (C / PF-day)^0.73

    `chinchilla` is approach 1 of Hoffmann et al., the one behind its table 3 and the twenty tokens a parameter;
    `besiroglu` minimises the parametric law under C = 6 N D.

    Args:
        flops: compute C of the run [FLOP], above 0
        law: chinchilla or chinchilla_1, chinchilla_2, chinchilla_3, besiroglu, kaplan

    Gives parameters. Source: Hoffmann et al. 2022, tables 2, 3, A3 and equation 4; Kaplan et al. 2020, section 6.1.

    >>> f"{optimal_params(5.76e23, 'chinchilla'):.3g}"
    '6.79e+10'
    """
    if law == "kaplan":
        days = term("compute in PF-days", flops / PF_DAY, "PF-days")
        return term("optimal parameters", 1.3e9 * power(days, 0.73), "parameters", f"{_KAPLAN}, section 6.1")
    if law == "besiroglu":
        _, a, b, alpha, beta, _ = BESIROGLU
        ratio = power(alpha * a / (beta * b), 1 / (alpha + beta))
        optimum = ratio * power(flops / 6, beta / (alpha + beta))
        return term("optimal parameters", optimum, "parameters", f"{_HOFFMANN}, equation 4; {_BESIROGLU}, table 1")
    k, exponent = POWER_LAWS["chinchilla_1" if law == "chinchilla" else law]
    return term("optimal parameters", k * power(flops, exponent), "parameters", f"{_HOFFMANN}, tables 2, 3 and A3")


def optimal_tokens(flops: float, law: str) -> float:
    """Tokens that go with the optimal parameters.

        D = C / (6 N)

    Args:
        flops: compute C of the run [FLOP], above 0
        law: as in `optimal_params`

    Gives tokens. Source: Kaplan et al. 2020, section 2.1 (C = 6 N D); the laws as in `optimal_params`.

    >>> f"{optimal_tokens(5.76e23, 'chinchilla'):.3g}"
    '1.41e+12'
    """
    return flops / (6 * optimal_params(flops, law))
