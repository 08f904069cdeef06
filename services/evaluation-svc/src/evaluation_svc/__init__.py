"""Follow-ups, ratings, scorecards and rankings."""
