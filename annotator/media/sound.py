"""Whether anything can be heard: from the samples, not from the presence of an audio stream."""

import numpy as np
import numpy.typing as npt

AUDIBLE_DBFS = -60.0  # root mean square of a window; silence coded by AAC or MP3 lies far below
ENOUGH_SECONDS = 0.1  # shorter than this in total is a click of the encoder, not a sound


class Listener:
    """Takes decoded audio window by window until enough of it was audible."""

    def __init__(self) -> None:
        self.heard_seconds = 0.0
        self.seconds = 0.0

    @property
    def has_heard(self) -> bool:
        """Whether that is settled: more listening would change nothing."""
        return self.heard_seconds >= ENOUGH_SECONDS

    def listen(self, samples: npt.NDArray, *, n_samples: int, rate: int) -> None:
        """Add one window; samples of any shape, in the number format that the decoder gave."""
        if not n_samples or not rate or not samples.size:
            return
        seconds = n_samples / rate
        self.seconds += seconds
        if loudness(samples) > AUDIBLE_DBFS:
            self.heard_seconds += seconds


def loudness(samples: npt.NDArray) -> float:
    """Root mean square over all channels, in dBFS; minus infinity for digital silence.

    Channels are not mixed first: stereo in opposite phase is audible, and would cancel out.
    """
    values = samples.astype(np.float64)
    if np.issubdtype(samples.dtype, np.unsignedinteger):
        half = (np.iinfo(samples.dtype).max + 1) / 2
        values = (values - half) / half
    elif np.issubdtype(samples.dtype, np.integer):
        values = values / -float(np.iinfo(samples.dtype).min)
    mean_square = float(np.mean(np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0) ** 2))
    return 10 * float(np.log10(mean_square)) if mean_square > 0 else -np.inf
