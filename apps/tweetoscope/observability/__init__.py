"""What Prometheus and Grafana read to watch Tweetoscope, and what those files are written from."""
