"""What the API promises, and GitHub's own description that steps are held against."""
