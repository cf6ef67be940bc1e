"""Methods that no document lists, sent to the paths of a chart by people who may not see it."""
