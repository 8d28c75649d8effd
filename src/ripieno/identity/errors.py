"""Why somebody who comes from a provider of identities is not let in."""

from ripieno.model.errors import RipienoError


class IdentityError(RipienoError):
    """Somebody cannot be let in by the word of a provider."""


class ProviderUnavailable(IdentityError):
    """The provider does not answer, or not as one; it may be better later."""


class IdentityRefused(IdentityError):
    """What came from the provider, or by way of the browser, is not to be trusted."""


class NotInvited(IdentityError):
    """The provider knows who it is, and the settings here do not let them in."""
