"""Popularity of tweets, predicted while they spread."""
