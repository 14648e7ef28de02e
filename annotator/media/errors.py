"""What can be wrong with a media file."""


class MediaError(ValueError):
    """A file that cannot be taken as a video; its text says why, for people."""


class StorageError(MediaError):
    """The file is fine, and could not be stored: the disk is full, or may not be written."""
