"""Who somebody is, by the word of a provider of identities."""
