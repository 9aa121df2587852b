"""Who is who: sign-in, sessions, tokens, teams."""
