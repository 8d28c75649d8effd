"""The command `tweetoscope`: one subcommand a service, and what prepares them."""
