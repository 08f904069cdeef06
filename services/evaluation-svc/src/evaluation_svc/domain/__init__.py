"""Pure rules of evaluation: follow-ups, ratings, due tickets, scorecards."""
