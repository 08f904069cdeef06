"""Official calendars, working days, deadlines and the policy document: pure, knows no service and no driver."""
