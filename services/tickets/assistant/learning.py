"""Makes a model from questions: `python -m services.tickets.assistant.learning`, which reads JSON and writes what
`knowing` reads. A process of its own, since it needs numpy and scikit-learn, and memory that shall go again.

One logistic regression for each article against all others (L2, C = 10): a question may be about none of them.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from math import log, sqrt
from typing import Any, Final

import numpy as np
import orjson
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from services.tickets.assistant.knowing import Model, features_of, packed

STRENGTH: Final = 10.0
# Rarer than that, in a large collection, and it tells one question and nothing else.
_LEAST_TEXTS: Final = 2
_MANY: Final = 1_000


def fit(rows: Sequence[tuple[str, str]]) -> Model:
    """From texts and the labels they belong to, of which there are two or more."""
    seen = [features_of(text) for text, _ in rows]
    frequency = Counter(bucket for one in seen for counts in one for bucket in counts)
    least = _LEAST_TEXTS if len(rows) >= _MANY else 1
    buckets = sorted(bucket for bucket, count in frequency.items() if count >= least)
    row_of = {bucket: at for at, bucket in enumerate(buckets)}
    idf = [log((1 + len(rows)) / (1 + frequency[bucket])) + 1 for bucket in buckets]
    matrix = _matrix(seen, row_of, idf, len(rows))
    labels = sorted({label for _, label in rows})
    given = np.array([label for _, label in rows])
    bias, columns = [], []
    for label in labels:
        learner: Any = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=42)
        learner.fit(matrix, given == label)
        bias.append(float(learner.intercept_[0]))
        columns.append(learner.coef_[0].astype(np.float32))
    weights = array("f", np.stack(columns, axis=1).ravel().tobytes())
    centred = [value - sum(bias) / len(bias) for value in bias]
    return Model(labels, len(rows), centred, row_of, [float(np.float32(value)) for value in idf], weights)


def _matrix(seen: Sequence[Any], row_of: dict[int, int], idf: list[float], texts: int) -> Any:
    """As `Model._values` does it, for all texts at once."""
    unseen = log(1 + texts) + 1
    data, columns, ends = array("d"), array("l"), array("l", [0])
    for one in seen:
        for counts in one:
            values = {
                bucket: (1 + log(count)) * (idf[row_of[bucket]] if bucket in row_of else unseen)
                for bucket, count in counts.items()
            }
            length = sqrt(sum(value * value for value in values.values())) or 1.0
            for bucket, value in values.items():
                if bucket in row_of:
                    data.append(value / length)
                    columns.append(row_of[bucket])
        ends.append(len(data))
    return csr_matrix((np.array(data), np.array(columns), np.array(ends)), shape=(len(seen), len(row_of)))


if __name__ == "__main__":
    sys.stdout.buffer.write(packed(fit([(text, label) for text, label in orjson.loads(sys.stdin.buffer.read())])))
