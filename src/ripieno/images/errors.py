"""What can go wrong when a registry is asked, one type an error.

Temporary failures are apart from permanent ones: asking again helps only with the former.
"""

from ripieno.model.errors import RipienoError


class ImageError(RipienoError):
    """An image cannot be read from its registry."""


class IllegalAllowance(ImageError):
    """What the configuration allows is no registry."""


class IllegalReference(ImageError):
    """A text is no name of an image."""


class ForbiddenAddress(ImageError):
    """A registry, or where it leads to, is at an address that the server does not connect to."""


class ImageNotFound(ImageError):
    """The registry has no such image."""


class RegistryRefused(ImageError):
    """The registry does not let everybody read this image."""


class IllegalAnswer(ImageError):
    """What a registry answered breaks the rules: its form, its size or its digest."""


class RegistryUnavailable(ImageError):
    """No registry answers at the moment, or it fails; asking again may help."""


class RateLimited(RegistryUnavailable):
    """The registry wants to be asked less often; `retry_after_s` if it says when."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)
