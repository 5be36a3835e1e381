"""The page in a browser: its bytes, how soon it is usable and answers, and what one who looks costs the service."""
