"""So that `python -m tweetoscope` is the command `tweetoscope`."""

from tweetoscope.cli.main import main

main()
