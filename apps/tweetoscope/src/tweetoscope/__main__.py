"""So that `python -m tweetoscope` is the command `tweetoscope`."""

from tweetoscope.cli import main

main()
