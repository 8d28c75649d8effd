"""For tests and benchmarks of Tweetoscope: real brokers, services as processes that are killed."""
