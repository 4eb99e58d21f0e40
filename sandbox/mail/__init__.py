"""Where all letters end: an SMTP server that keeps what it accepts, and a mailbox to read it in."""
