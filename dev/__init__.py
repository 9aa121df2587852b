"""Development only: servers, sign-in provider and stand-ins. `app` never imports this."""
