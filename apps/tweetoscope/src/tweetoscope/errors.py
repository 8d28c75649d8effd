"""What can be wrong with what Tweetoscope is given."""


class TweetoscopeError(Exception):
    """The root of all errors of this package."""


class BadParameters(TweetoscopeError):
    """Parameters of a model or a service that cannot be used."""


class BadMessage(TweetoscopeError):
    """A message that is not of its topic's format."""


class BadModel(TweetoscopeError):
    """A learnt model that is not of the format, or of a version that is not known here."""
