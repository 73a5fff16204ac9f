"""Settings: what users write (``settings``, ``building``), what is resolved from it (``resolved``, ``written``)."""
