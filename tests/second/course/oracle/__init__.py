"""The hidden half of the average-pooling assignment."""
