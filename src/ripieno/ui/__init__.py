"""The browser's edge: pages made on the server, and the little that runs in the browser."""
