"""How numbers and names are written on the page, and what its words mean."""

# SPDX-License-Identifier: BSD-3-Clause

import html
import math

from trimtab.metrics import find_measure

__all__ = [
    "MEANINGS",
    "count",
    "enumerate_words",
    "improvement",
    "inside_sentence",
    "number",
    "p_value",
    "percent",
    "plot_text",
    "seconds",
    "shorten",
    "signed",
]

NOTHING = "–"
"""What stands where there is no number."""

MEANINGS: dict[str, str] = {
    "average_precision": "Area under the precision-recall curve. A classifier that "
    "guesses scores the share of the class.",
    "roc_auc": "How often a row of the class is ranked above a row of another; 0.5 is "
    "guessing.",
    "precision_at_recall_25": "The share of positives among the rows that a threshold "
    "picks, where it finds 25 % of all positives.",
    "precision_at_recall_50": "The share of positives among the rows that a threshold "
    "picks, where it finds 50 % of all positives.",
    "precision_at_recall_75": "The share of positives among the rows that a threshold "
    "picks, where it finds 75 % of all positives.",
    "macro_f1": "Mean over the classes of F1, the harmonic mean of precision and "
    "recall; every class counts the same.",
    "minority_f1": "F1 of the class of interest alone.",
    "balanced_accuracy": "Mean over the classes of recall.",
    "g_mean": "Geometric mean of the classes' recalls: 0 as soon as one class is never "
    "found.",
    "mcc": "Correlation of true and predicted classes, from −1 to 1; 0 is guessing.",
    "accuracy": "Share of rows that are called right; with a rare class it says "
    "little.",
    "macro_precision": "Mean over the classes of precision.",
    "brier": "Mean squared error of the probabilities; less is better.",
    "calibration_error": "Mean gap between a predicted probability and how often the "
    "class really occurs there; less is better.",
    "log_loss": "Mean surprise at the true class, in nats; less is better.",
    "tuned_macro_f1": "Macro F1 with the decision threshold that was chosen on "
    "training rows.",
    "tuned_minority_f1": "Minority F1 with the tuned threshold.",
    "tuned_balanced_accuracy": "Balanced accuracy with the tuned threshold.",
    "tuned_g_mean": "G-mean with the tuned threshold.",
    "tuned_mcc": "Matthews correlation with the tuned threshold.",
}
"""One sentence for each measure of `trimtab.metrics.MEASURES`."""


def _is_missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with `digits` decimals; a dash where there is none.

    Examples
    --------
    >>> number(0.78125), number(float("nan")), number(-0.5, 1)
    ('0.781', '–', '−0.5')
    """
    if value is None or _is_missing(value):
        return NOTHING
    text = f"{value:,.{digits}f}"
    is_zero = float(text.replace(",", "")) == 0
    return text.lstrip("-") if is_zero else text.replace("-", "−")


def signed(value: float | None, digits: int = 3) -> str:
    """Return a number with its sign.

    Examples
    --------
    >>> signed(0.0123), signed(-0.5), signed(0.0)
    ('+0.012', '−0.500', '0.000')
    """
    text = number(value, digits)
    has_sign = text[0] in "−–" or float(text.replace(",", "")) == 0
    return text if has_sign else f"+{text}"


def difference_in_interval(difference: float, low: float, high: float) -> str:
    """Return a difference with its interval, if it has one; empty where there is none.

    Examples
    --------
    >>> difference_in_interval(0.5, 0.1, 0.9)
    '+0.500 [+0.100, +0.900]'
    """
    if math.isnan(difference):
        return ""
    interval = "" if math.isnan(low) else f" [{signed(low)}, {signed(high)}]"
    return signed(difference) + interval


def p_value(value: float | None) -> str:
    """Return a p-value; below a thousandth it says just that.

    Examples
    --------
    >>> p_value(0.0421), p_value(0.00002), p_value(None)
    ('0.042', '<0.001', '–')
    """
    if value is not None and value < 0.001:
        return "<0.001"
    return number(value)


def count(value: float | None) -> str:
    """Return a whole number with commas between the thousands.

    Examples
    --------
    >>> count(48842.4)
    '48,842'
    """
    return number(value, 0)


def percent(share: float) -> str:
    """Return a share as a percentage; a small one keeps two digits.

    Examples
    --------
    >>> percent(0.2393), percent(0.00123), percent(0), percent(1)
    ('23.9 %', '0.12 %', '0 %', '100 %')
    """
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    digits = 1 if share >= 0.01 else 2
    text = f"{share * 100:.{digits}f}"
    return "<0.01 %" if float(text) == 0 else f"{text} %"


def seconds(value: float | None) -> str:
    """Return a number of seconds, three digits at most where they matter.

    Examples
    --------
    >>> seconds(0.0834), seconds(3.21), seconds(75.4), seconds(1234.5)
    ('0.08', '3.2', '75', '1,234')
    """
    if value is None or _is_missing(value):
        return NOTHING
    return number(value, 2 if value < 1 else 1 if value < 10 else 0)


def shorten(text: str, limit: int) -> str:
    """Return `text`, cut in its middle where it is longer than `limit` characters.

    Examples
    --------
    >>> shorten("balanced-random-forest", 12)
    'balan…forest'
    """
    if len(text) <= limit:
        return text
    tail = limit // 2
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"


def plot_text(text: object) -> str:
    """Return text that plotly shows as it is.

    Plotly reads a few HTML tags and entities in every text it draws.

    Examples
    --------
    >>> plot_text("<b>&")
    '&lt;b&gt;&amp;'
    """
    return html.escape(" ".join(str(text).split()), quote=False)


def enumerate_words(words: list[str]) -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> enumerate_words(["6 numbers", "8 categories", "1 date"])
    '6 numbers, 8 categories and 1 date'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def improvement(metric: str) -> str:
    """Return which way is better: ``"more is better"`` or ``"less is better"``."""
    measure = find_measure(metric)
    more = measure is not None and measure.greater_is_better
    return "more is better" if more else "less is better"


def inside_sentence(metric: str) -> str:
    """Return a measure's title as it stands inside a sentence.

    Examples
    --------
    >>> inside_sentence("average_precision"), inside_sentence("roc_auc")
    ('average precision', 'ROC AUC')
    """
    measure = find_measure(metric)
    title = metric if measure is None else measure.title
    is_name = title[:2].isupper() or title.startswith(("G-", "Matthews", "Brier"))
    return title if is_name else title[0].lower() + title[1:]
