"""Where processes run and how they are reached: hosts, and the runtimes built over them."""
