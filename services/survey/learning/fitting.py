"""Fits an account's models with scikit-learn: `python -m services.survey.learning.fitting`, a process of its own.

It reads one `Lesson` as JSON from its input and writes a `Learned` to its output; nothing else imports scikit-learn.
Deterministic: the same rows, in the same order, are the same model.
"""

import sys
from array import array
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from math import log, sqrt
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold

from services.survey.learning.features import Seen, composed, see
from services.survey.learning.lessons import Learned, Lesson, Row
from services.survey.learning.linear import LinearModel, Link, packed

SEED: Final = 42
FOLDS: Final = 5
# In fewer texts than this a feature says more about the text than about the label. It counts for the length alone.
_LEAST_TEXTS: Final = 2
# Inverse of the regularisation.
_STRENGTH: Final = {"softmax": 3.0, "sigmoid": 10.0}


def fit(rows: Sequence[Row], labels: Sequence[str], link: Link) -> LinearModel:
    """`labels` are the columns, in this order. Raises `ValueError` where there is but one to tell."""
    seen = [see(composed(row.text)) for row in rows]
    frequency = Counter(bucket for one in seen for bucket in (*one.words, *one.pieces))
    buckets = sorted(bucket for bucket, count in frequency.items() if count >= _LEAST_TEXTS)
    idf = {bucket: log((1 + len(rows)) / (1 + frequency[bucket])) + 1 for bucket in buckets}
    signals = sorted({name for row in rows for name in row.signals})
    matrix = _matrix(seen, rows, idf, signals)
    if link == "softmax":
        bias, weights = _fit_one_of(matrix, rows, labels)
    else:
        bias, weights = _fit_each(matrix, rows, labels)
    return LinearModel(
        labels=list(labels),
        link=link,
        texts=len(rows),
        bias=[float(value) for value in bias],
        signals=signals,
        buckets=array("I", buckets),
        idf=array("f", [idf[bucket] for bucket in buckets]),
        weights=array("f", weights.astype(np.float32).ravel().tobytes()),
    )


def held_out(rows: Sequence[Row], labels: Sequence[str], link: Link) -> list[dict[str, float]]:
    """Of each row the shares by a model that did not see it (5 folds)."""
    found: list[dict[str, float]] = [{} for _ in rows]
    for training, testing in _folds(rows, link):
        model = fit([rows[at] for at in training], labels, link)
        for at in testing:
            found[at] = model.shares(rows[at].text, rows[at].signals)
    return found


def learn(lesson: Lesson) -> Learned:
    """The model of all rows, and what models of four fifths of them say of the rest."""
    model = fit(lesson.rows, lesson.labels, lesson.link)
    shares = held_out(lesson.rows, lesson.labels, lesson.link)
    return Learned(content=b64encode(packed(model)).decode(), held_out=shares)


def _folds(rows: Sequence[Row], link: Link) -> list[tuple[Any, Any]]:
    if link == "sigmoid":
        return list(KFold(FOLDS, shuffle=True, random_state=SEED).split(rows))
    classes = [row.labels[0] for row in rows]
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(classes, classes))


def _matrix(seen: Sequence[Seen], rows: Sequence[Row], idf: dict[int, float], signals: Sequence[str]) -> Any:
    """As `LinearModel._values` does it, for all texts at once; columns are the buckets in order, then the signals."""
    column = {bucket: at for at, bucket in enumerate(idf)}
    unseen = log(1 + len(rows)) + 1
    data, columns, ends = array("d"), array("l"), array("l", [0])
    for one, row in zip(seen, rows, strict=True):
        for counts in (one.words, one.pieces):
            values = {bucket: (1 + log(count)) * idf.get(bucket, unseen) for bucket, count in counts.items()}
            length = sqrt(sum(value * value for value in values.values())) or 1.0
            for bucket, value in values.items():
                if bucket in idf:
                    data.append(value / length)
                    columns.append(column[bucket])
        for at, name in enumerate(signals):
            if value := row.signals.get(name, 0.0):
                data.append(value)
                columns.append(len(column) + at)
        ends.append(len(data))
    return csr_matrix((data, columns, ends), shape=(len(rows), len(column) + len(signals)))


def _fit_one_of(matrix: Any, rows: Sequence[Row], labels: Sequence[str]) -> tuple[Any, Any]:
    classes = [labels.index(row.labels[0]) for row in rows]
    model = LogisticRegression(C=_STRENGTH["softmax"], max_iter=2_000, tol=1e-3, random_state=SEED)
    model.fit(matrix, classes)
    bias, weights = np.full(len(labels), -30.0), np.zeros((matrix.shape[1], len(labels)))
    if len(model.classes_) == 2:
        # scikit-learn keeps one column for two classes.
        bias[model.classes_] = [0.0, float(model.intercept_[0])]
        weights[:, model.classes_[1]] = model.coef_[0]
        return bias, weights
    bias[model.classes_] = model.intercept_
    weights[:, model.classes_] = model.coef_.T
    return bias, weights


def _fit_each(matrix: Any, rows: Sequence[Row], labels: Sequence[str]) -> tuple[Any, Any]:
    """A label that this part of the rows has always or never is the same everywhere: nothing to weigh."""
    bias, weights = np.zeros(len(labels)), np.zeros((matrix.shape[1], len(labels)))
    for at, label in enumerate(labels):
        holds = np.array([label in row.labels for row in rows])
        if holds.all() or not holds.any():
            bias[at] = 30.0 if holds.all() else -30.0
            continue
        model = LogisticRegression(C=_STRENGTH["sigmoid"], solver="liblinear", random_state=SEED)
        model.fit(matrix, holds)
        bias[at], weights[:, at] = model.intercept_[0], model.coef_[0]
    return bias, weights


def main() -> None:
    lesson = Lesson.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.buffer.write(learn(lesson).model_dump_json().encode())


if __name__ == "__main__":
    main()
