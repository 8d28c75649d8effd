"""Descriptions that others have written, made drafts of application files. Text in, text out."""
