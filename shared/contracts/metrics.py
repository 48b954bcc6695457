"""What the metrics service tells the others. It mostly listens, and answers questions."""

from shared.contracts.subjects import MetricsPartDone as MetricsPartDone
